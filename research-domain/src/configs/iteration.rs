//! The settings of an iteration through a domain, and its items.

use crate::config::Config;
use crate::identity::Identity;
use crate::rules::Rules;

/// The settings of an iteration through a domain.
///
/// ```
/// use research_domain::{Iteration, option};
///
/// let iteration = Iteration::default().n_reps(2).repeat_each(1);
/// let configs = option("a", [1, 2]).configs(&iteration).unwrap();
/// let lines: Vec<String> =
///     configs.iter().map(|item| item.unwrap().full_config().to_string()).collect();
/// assert_eq!(lines[1], "a=1, repetition=1, updates=0");
/// assert_eq!(lines[2], "a=2, repetition=0, updates=0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Iteration {
    /// The number of configs without repetitions. The default is all; if the domain has fewer, it
    /// starts over.
    pub n_items: Option<u128>,
    /// The number of times that each config occurs.
    pub n_reps: u64,
    /// The number of configs after which they are repeated. The default is all, or 100 if the
    /// domain is infinite.
    pub repeat_each: Option<u128>,
    /// The seed of all draws.
    pub seed: u64,
    /// The number of earlier updates of the domain.
    pub updates: u64,
    /// The minimum number of digits of numbers in id prefixes; `None` for no prefixes.
    pub id_prefix: Option<u8>,
    /// The rules for draws and ids.
    pub rules: Rules,
}

impl Default for Iteration {
    fn default() -> Iteration {
        Iteration {
            n_items: None,
            n_reps: 1,
            repeat_each: None,
            seed: 0,
            updates: 0,
            id_prefix: None,
            rules: Rules::LATEST,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $rust:ty;)*) => {
        impl Iteration {$(
            $(#[$doc])*
            pub fn $name(mut self, $name: $rust) -> Iteration {
                self.$name = $name.into();
                self
            }
        )*}
    };
}

setters! {
    /// Sets the number of configs, without repetitions.
    n_items: impl Into<Option<u128>>;
    /// Sets the number of times that each config occurs.
    n_reps: u64;
    /// Sets the number of configs after which they are repeated.
    repeat_each: impl Into<Option<u128>>;
    /// Sets the seed of all draws.
    seed: u64;
    /// Sets the number of earlier updates of the domain.
    updates: u64;
    /// Sets the minimum number of digits of numbers in id prefixes.
    id_prefix: impl Into<Option<u8>>;
    /// Sets the rules for draws and ids.
    rules: Rules;
}

/// A config at its index in the iteration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// The index in the iteration.
    pub index: u128,
    /// The config, without auxiliary keys.
    pub config: Config,
    /// The number of the repetition.
    pub repetition: u64,
    /// The number of earlier updates of the domain.
    pub updates: u64,
}

impl Item {
    /// Returns the config with `repetition` and `updates` at its end.
    pub fn full_config(&self) -> Config {
        let config = self.config.clone();
        config
            .with("repetition", self.repetition)
            .with("updates", self.updates)
    }

    /// Returns the identity of the item's first occurrence, for an
    /// [`IdRegistry`](crate::IdRegistry).
    pub fn identity(&self, seed: u64) -> Identity<'_> {
        Identity {
            config: &self.config,
            repetition: self.repetition,
            updates: self.updates,
            seed,
            occurrence: 0,
        }
    }
}
