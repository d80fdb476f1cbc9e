//! Parameter spaces for experiments.
//!
//! A [`Domain`] describes a space of configs, an [`Iteration`] their order and repetitions, and
//! [`Configs`] returns the config at any index, without computing those before it, at any size.
//!
//! ```
//! use research_domain::{Iteration, log_uniform, option};
//!
//! let domain = option("model", ["small", "big"]) * option("lr", log_uniform(1e-5, 1e-1));
//! let configs = domain.configs(&Iteration::default().n_reps(3).seed(42)).unwrap();
//! assert_eq!(configs.size().unwrap().finite(), Some(6));
//! for item in &configs {
//!     let config = item.unwrap().config;
//!     let lr: f64 = config.read("lr").unwrap();
//!     assert!((1e-5..1e-1).contains(&lr));
//! }
//! ```
//!
//! # Expressions
//! The text form of a domain, for the command line and for files (`"…".parse::<Domain>()`):
//!
//! ```text
//! expr      = sum [ "where" condition ]
//! sum       = product { "+" product }
//! product   = weighted { "*" weighted }
//! weighted  = { NUMBER "*" } zip                       a number is a weight
//! zip       = atom { "@" atom }
//! atom      = NAME [ "as" alias ] "=" values | "(" expr ")" | "()"
//!           | "distinct" "(" expr ")" | "sample" "(" expr "," NUMBER ")"
//!           | "difference" "(" expr "," expr ")" | "none" "(" ")"
//!           | "override" "(" expr "," expr ")"
//! values    = "[" value [ "as" alias ] "," … "]" | series | call | "(" mixture ")"
//! series    = range([start,] end [, step]) | linspace(low, high, count)
//!           | geomspace(low, high, count)                 lists, with at most 100,000 values
//! mixture   = [ NUMBER "&" ] arithmetic { "|" [ NUMBER "&" ] arithmetic }
//! call      = uniform(low, high) | normal(mean, deviation) | log_uniform(low, high)
//!           | log_normal(mean, deviation) | exponential(rate) | gamma(shape, scale)
//!           | beta(alpha, beta) | poisson(mean) | binomial(trials, probability)
//!           | int(low, high) | int_inclusive(low, high) | geometric(probability)
//!           | hist([count, …], [edge, …]) | quantised(mixture, step)
//!           | choice([value, …] [, [weight, …]]) | constant(value) | truncate(mixture, low, high)
//!           | exp(…) | log(…) | sqrt(…) | abs(…) | floor(…) | ceil(…) | round(…)
//! value     = number | string in quotes | true | false | null | inf | NaN | [ … ] | { key: … }
//!           | b"hexadecimal digits"
//! condition = comparisons (== != < <= > >= in, not in), arithmetic (+ - * / % **) and the
//!             functions of calls over parameters, joined by and, or, not
//! ```
//!
//! A parametric call takes a step: `uniform(0, 1, q=0.1)` is `quantised(uniform(0, 1), 0.1)`.
//!
//! `range(start, end)` and `int(low, high)` exclude their ends, like ranges of Rust: `int(1, 3)`
//! never draws 3, and `int_inclusive(1, 3)` does. The other series include both ends; a `geomspace`
//! has the same factor between all neighbours. A name that is a reserved word, or has characters
//! other than letters, digits, `_` and `.`, is written in backquotes.
//!
//! # Properties
//! - Nothing is materialised. A domain is a sum of *grids*; a grid is a product of options, and the
//!   index of a config in it is a number in a mixed radix.
//! - A draw is a function of the seed, the parameter, the listed values of the config, and the
//!   occurrence of these. So a config does not depend on the process that computes it, or on the
//!   order, and an extended domain keeps its configs: see [Draws](#draws). The mathematics is
//!   `libm`'s, the same on every platform.
//! - Ids and seeds are functions of the [`Identity`] of an experiment, so an extended domain keeps
//!   them.
//!
//! # Draws
//! `hidden=[8, 32] * lr=log_uniform(1e-5, 1e-1) * act=["relu", "tanh"]` draws `lr` for `hidden=8,
//! act="relu"` by these two listed values. So values can be inserted anywhere in `hidden` and
//! `act`, and terms anywhere in a sum, and all earlier configs are still in the domain. Details:
//! - The *occurrence* of a config is the number of configs with equal listed values before it, in
//!   the order of the domain, over all passes through it. Grids with lists of the same names and
//!   the same distributions are counted together; those of which a condition on draws or a sample
//!   selects a part are counted after the others. Aliases and the order of factors do not matter.
//! - A grid without lists has no listed values: the occurrence is the index in the grid.
//! - A condition, on lists or draws, changes no draws. In `a=[1, 2] * (x=… where …)` each config
//!   takes the first of its own draws for which the condition holds.
//! - An extension does change the configs that `sample` selects and the grid that a weighted block
//!   takes next; a new term in front of a sum changes the draws beside a `sample`, a `distinct` or
//!   a condition in parentheses; a new parameter or another distribution changes all draws of a
//!   grid.
//!
//! By the first rules ([`Rules::V1`]), which old researches keep, a draw depends on the index of
//! the config instead.
#![deny(missing_docs)]

mod arithmetic;
mod config;
mod configs;
mod count;
mod digest;
mod distribution;
mod experiment_id;
mod grammar;
mod id_registry;
mod identity;
mod random;
mod rules;
mod space;
pub mod suggest;
mod syntax;
mod value;

pub use arithmetic::Operator;
pub use config::{AUXILIARY_KEYS, Config, ConfigError, ConfigPool, Entry, Pairs, is_auxiliary};
pub use configs::{Configs, IdPrefixes, Item, Items, Iteration};
pub use count::Count;
pub use distribution::{
    Distribution, DistributionError, beta, binomial, choice, constant, exponential, gamma,
    geometric, histogram, int, int_inclusive, log_normal, log_uniform, normal, poisson, uniform,
    weighted_choice,
};
pub use experiment_id::{ExperimentId, ParseIdError};
pub use id_registry::{Assigned, IdRegistry, IdRegistryError};
pub use identity::{Identity, experiment_seed};
pub use rules::{Rules, UnknownRules};
pub use space::condition::evaluate::ConditionError;
pub use space::condition::{Comparison, Condition};
pub use space::domain::error::DomainError;
pub use space::domain::{Domain, option};
pub use space::option::{Key, Values};
pub use syntax::error::SyntaxError;
pub use value::{
    Json, JsonNumber, Listed, Literal, Value, ValueDeserializer, ValueError, aliased, json_numbers,
};
