//! When a unit is due.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The iterations at which a unit runs: those that match any of its rules.
///
/// ```
/// use research_core::When;
///
/// let when: When = "5".parse()?;
/// assert!(when.is_due(4, None, false));
/// assert!(When::at(3).or(When::last()).is_due(9, Some(10), false));
/// # Ok::<(), research_core::ParseWhenError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct When {
    rules: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rule {
    Every(u64),
    At(u64),
    Last,
}

/// An invalid rule of [`When`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid `when` `{text}`: use a number n (every n-th iteration), `#i` (iteration i, from 0) \
     or `last`"
)]
pub struct ParseWhenError {
    text: String,
}

impl When {
    /// Every iteration.
    #[must_use]
    pub fn always() -> Self {
        Self::every(1)
    }

    /// Every `n`-th iteration: `(iteration + 1) % n == 0`. Zero is never due.
    #[must_use]
    pub fn every(n: u64) -> Self {
        Self {
            rules: vec![Rule::Every(n)],
        }
    }

    /// Exactly this iteration, counted from 0.
    #[must_use]
    pub fn at(iteration: u64) -> Self {
        Self {
            rules: vec![Rule::At(iteration)],
        }
    }

    /// The last iteration: number `n_iters - 1`, or the one in which the experiment stops.
    #[must_use]
    pub fn last() -> Self {
        Self {
            rules: vec![Rule::Last],
        }
    }

    /// Returns the union of both: due when either is.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    /// Whether both are due in the same iterations; order and repetition of rules do not matter.
    ///
    /// ```
    /// use research_core::When;
    ///
    /// let when = When::at(3).or(When::last());
    /// assert!(when.means_the_same(&When::last().or(When::at(3))));
    /// ```
    #[must_use]
    pub fn means_the_same(&self, other: &Self) -> bool {
        let is_always = |when: &Self| when.rules.contains(&Rule::Every(1));
        let has_all =
            |when: &Self, rules: &[Rule]| rules.iter().all(|rule| when.rules.contains(rule));
        is_always(self) && is_always(other)
            || has_all(self, &other.rules) && has_all(other, &self.rules)
    }

    /// Whether a unit is due at `iteration` (from 0) of an experiment with `n_iters` iterations, if
    /// that is known. `stopping` says that the experiment ends with this iteration.
    #[inline]
    #[must_use]
    pub fn is_due(&self, iteration: u64, n_iters: Option<u64>, stopping: bool) -> bool {
        self.rules.iter().any(|rule| match *rule {
            Rule::Every(n) => n != 0 && (iteration + 1).is_multiple_of(n),
            Rule::At(i) => iteration == i,
            Rule::Last => stopping || n_iters.is_some_and(|n| iteration + 1 == n),
        })
    }

    /// Whether it is due in an iteration only because that is the last one.
    pub(crate) fn differs_at_last(&self) -> bool {
        self.rules.contains(&Rule::Last) && !self.rules.contains(&Rule::Every(1))
    }
}

impl Default for When {
    fn default() -> Self {
        Self::always()
    }
}

impl From<u64> for When {
    fn from(n: u64) -> Self {
        Self::every(n)
    }
}

impl FromStr for When {
    type Err = ParseWhenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseWhenError {
            text: text.to_owned(),
        };
        let trimmed = text.trim();
        if trimmed == "last" {
            return Ok(Self::last());
        }
        if let Some(iteration) = trimmed.strip_prefix(['#', '%']) {
            return iteration.parse().map(Self::at).map_err(|_| error());
        }
        match trimmed.parse() {
            Ok(0) | Err(_) => Err(error()),
            Ok(n) => Ok(Self::every(n)),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(n) => write!(f, "{n}"),
            Self::At(i) => write!(f, "#{i}"),
            Self::Last => f.write_str("last"),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, rule) in self.rules.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{rule}")?;
        }
        Ok(())
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rules.iter().map(ToString::to_string))
    }
}

/// The forms in which a file writes `when`: a number, a string, or a list of both.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`when` is a number n (every n-th), \"#i\", \"last\", or a list"
)]
enum WhenForm {
    Number(u64),
    Text(String),
    List(Vec<WhenForm>),
}

impl WhenForm {
    fn into_when(self) -> Result<When, ParseWhenError> {
        match self {
            Self::Number(n) => n.to_string().parse(),
            Self::Text(text) => text.parse(),
            Self::List(forms) => {
                let mut when = When {
                    rules: Vec::with_capacity(forms.len()),
                };
                for form in forms {
                    when = when.or(form.into_when()?);
                }
                Ok(when)
            }
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WhenForm::deserialize(deserializer)?
            .into_when()
            .map_err(serde::de::Error::custom)
    }
}
