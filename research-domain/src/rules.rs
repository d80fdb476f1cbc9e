//! Versions of the rules for draws and ids.

use serde::{Deserialize, Serialize};

/// The version of the rules by which a research draws values and assigns ids.
///
/// A research keeps the rules it was created with, so its draws and ids do not change.
///
/// ```
/// use research_domain::{Iteration, Rules, option, uniform};
///
/// let draws = |domain: research_domain::Domain, rules| -> Vec<String> {
///     let configs = domain.configs(&Iteration::default().rules(rules)).unwrap();
///     configs.iter().map(|item| item.unwrap().config.to_string()).collect()
/// };
/// let few = || option("a", [1, 2]) * option("x", uniform(0.0, 1.0)) * option("b", [1]);
/// let more = || option("a", [1, 2]) * option("x", uniform(0.0, 1.0)) * option("b", [1, 2]);
/// let kept = |rules| {
///     let extended = draws(more(), rules);
///     draws(few(), rules).iter().filter(|config| extended.contains(config)).count()
/// };
/// assert_eq!(kept(Rules::V2), 2);
/// assert_eq!(kept(Rules::V1), 1);
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize,
)]
#[serde(try_from = "u32", into = "u32")]
#[non_exhaustive]
pub enum Rules {
    /// A draw depends on the index of the config in the domain. An id may look like a number.
    V1,
    /// A draw depends on the listed values of the config, and on the number of earlier configs with
    /// the same ones. No id looks like a number.
    #[default]
    V2,
}

/// A version of the rules that this program does not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unsupported version {number} of the rules for draws and ids: \
     the research was created by a newer version of this program"
)]
pub struct UnknownRules {
    number: u32,
}

impl Rules {
    /// The version of new researches.
    pub const LATEST: Rules = Rules::V2;

    /// Returns the version number that records store.
    pub fn number(self) -> u32 {
        match self {
            Rules::V1 => 1,
            Rules::V2 => 2,
        }
    }
}

impl TryFrom<u32> for Rules {
    type Error = UnknownRules;

    fn try_from(number: u32) -> Result<Rules, UnknownRules> {
        match number {
            1 => Ok(Rules::V1),
            2 => Ok(Rules::V2),
            number => Err(UnknownRules { number }),
        }
    }
}

impl From<Rules> for u32 {
    fn from(rules: Rules) -> u32 {
        rules.number()
    }
}
