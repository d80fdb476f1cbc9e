//! Parameter spaces for experiments.
//!
//! A [`Domain`] says which configs there are, an [`Iteration`] how they are run through, and
//! [`Configs`] gives them: each by its number, without the ones before it, at any size.
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
//! The same domain as a text, for the command line and for files (`"…".parse::<Domain>()`):
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
//! values    = "[" value [ "as" alias ] "," … "]" | series | call | "(" mixture ")"
//! series    = range([start,] end [, step]) | linspace(low, high, count)
//!           | geomspace(low, high, count)                 lists, with at most 100,000 values
//! mixture   = [ NUMBER "&" ] arithmetic { "|" [ NUMBER "&" ] arithmetic }
//! call      = uniform(low, high) | normal(mean, deviation) | log_uniform(low, high)
//!           | log_normal(mean, deviation) | exponential(rate) | gamma(shape, scale)
//!           | beta(alpha, beta) | poisson(mean) | binomial(trials, probability)
//!           | int(low, high) | int_inclusive(low, high)
//!           | choice([value, …] [, [weight, …]]) | constant(value) | truncate(mixture, low, high)
//!           | exp(…) | log(…) | sqrt(…) | abs(…) | floor(…) | ceil(…) | round(…)
//! value     = number | text in quotes | true | false | null | inf | NaN | [ … ] | { key: … }
//!           | b"hexadecimal digits"
//! condition = comparisons (== != < <= > >= in, not in), arithmetic (+ - * / % **) and the
//!             functions of samplers over parameters, joined by and, or, not
//! ```
//!
//! `range(start, end)` and `int(low, high)` leave out their ends, like ranges of Rust: `int(1, 3)`
//! never gives 3, and `int_inclusive(1, 3)` does. The other series have both, the factor from one value to the next being the same in a `geomspace`. A name that is a reserved word or has
//! other characters than letters, digits, `_` and `.` stands in backquotes.
//!
//! # Why it is so
//! - Nothing is materialised: a product is a number in a mixed radix.
//! - A draw is a function of the seed, the parameter, the config's values that are not drawn, and
//!   which occurrence of these it is. So a config is the same whoever produces it, in whatever
//!   order, and a domain that is extended keeps the configs that it had: see [Draws](#draws). The
//!   mathematics is `libm`'s, the same on every platform.
//! - Ids and seeds are functions of what an experiment runs with ([`Identity`]), so a domain that
//!   is extended keeps those that it had.
//!
//! # Draws
//! The values that are not drawn are those of lists. `hidden=[8, 32] * lr=log_uniform(1e-5, 1e-1) *
//! act=["relu", "tanh"]` draws `lr` for `hidden=8, act="relu"` by these two values, so values may be
//! added to `hidden` and `act` at any place, and `+` may add cubes at any place, and all configs
//! that were there are still there. Details:
//! - Configs with equal values that are not drawn are told apart by their *occurrence*: how many
//!   such configs come before, in the order of the domain, in all passes through it. Counted
//!   together are cubes with the same lists by name and the same samplers; those of which a
//!   condition over draws or a sample leaves a part count after the others. Aliases, and the order
//!   of factors, play no part.
//! - Cubes of samplers alone have no such values: their occurrence is the number of the config in
//!   the cube.
//! - A condition, over lists or draws, changes no draws. In `a=[1, 2] * (x=… where …)` each config
//!   takes the first draw of its own for which the condition holds.
//! - Not kept are: which configs `sample` takes, and which cube a weighted block takes next, when
//!   they are extended; the draws beside a `sample`, a `distinct` or a condition in parentheses, when a
//!   term is put before it in a sum; and all draws of a cube when one of its samplers is changed
//!   or a parameter is added, which makes other configs in any case.
//!
//! By the first rules ([`Rules::V1`]), which old researches keep, a draw depends on the number of
//! the config instead.
#![deny(missing_docs)]

mod condition;
mod config;
mod configs;
mod count;
mod domain;
mod grammar;
mod id;
mod lock;
mod option;
mod plan;
mod rules;
mod sampler;
mod stream;
pub mod suggest;
mod value;

pub use condition::{Condition, ConditionError};
pub use config::{AUXILIARY_KEYS, Config, ConfigError, ConfigPool, Entry, is_auxiliary};
pub use configs::{Configs, IdPrefixes, IndexVectors, Item, Items, Iteration};
pub use count::Count;
pub use domain::{Domain, DomainError, option};
pub use grammar::SyntaxError;
pub use id::{
    Assigned, ExperimentId, IdRegistry, IdRegistryError, Identity, ParseIdError, experiment_seed,
};
pub use option::{Key, Listed, Values, aliased};
pub use rules::{Rules, UnknownRules};
pub use sampler::{
    Distribution, Sampler, SamplerError, beta, binomial, choice, constant, exponential, gamma, int,
    int_inclusive, log_normal, log_uniform, normal, poisson, uniform, weighted_choice,
};
pub use value::{Json, JsonNumber, Literal, Value, ValueDeserializer, ValueError, json_numbers};
