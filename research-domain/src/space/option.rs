//! The parts of an option: a parameter and its values.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use crate::distribution::{Distribution, uniform};
use crate::value::Listed;

/// The name of a parameter, with an optional alias.
///
/// ```
/// use research_domain::{Key, option};
///
/// let domain = option(Key::new("learning_rate").alias("lr"), [0.1, 0.2]);
/// let config = domain.configs(&Default::default()).unwrap().get(0).unwrap().unwrap().config;
/// assert_eq!(config.alias_string(), "lr_0.1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Key {
    pub(crate) name: Arc<str>,
    pub(crate) alias: Option<Arc<str>>,
}

impl Key {
    /// Creates a name without an alias.
    pub fn new(name: impl Into<Arc<str>>) -> Key {
        Key {
            name: name.into(),
            alias: None,
        }
    }

    /// Sets the alias.
    pub fn alias(mut self, alias: impl Into<Arc<str>>) -> Key {
        self.alias = Some(alias.into());
        self
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<T: Into<Arc<str>>> From<T> for Key {
    fn from(name: T) -> Key {
        Key::new(name)
    }
}

/// The values of an option: a list, or a distribution that they are drawn from.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// A list.
    List(Vec<Listed>),
    /// A distribution.
    Distribution(Distribution),
}

impl Values {
    fn list<T: Into<Listed>>(values: impl IntoIterator<Item = T>) -> Values {
        Values::List(values.into_iter().map(Into::into).collect())
    }
}

impl From<Distribution> for Values {
    fn from(distribution: Distribution) -> Values {
        Values::Distribution(distribution)
    }
}

impl<T: Into<Listed>> From<Vec<T>> for Values {
    fn from(values: Vec<T>) -> Values {
        Values::list(values)
    }
}

impl<T: Into<Listed>, const N: usize> From<[T; N]> for Values {
    fn from(values: [T; N]) -> Values {
        Values::list(values)
    }
}

impl<T: Into<Listed> + Clone> From<&[T]> for Values {
    fn from(values: &[T]) -> Values {
        Values::list(values.iter().cloned())
    }
}

impl<T: Into<Listed> + Clone> From<&Vec<T>> for Values {
    fn from(values: &Vec<T>) -> Values {
        Values::from(values.as_slice())
    }
}

impl<T: Into<Listed> + Clone, const N: usize> From<&[T; N]> for Values {
    fn from(values: &[T; N]) -> Values {
        Values::from(values.as_slice())
    }
}

/// A list of what an iterator yields.
///
/// ```
/// use research_domain::{Values, option};
///
/// let squares: Values = (1..4).map(|x| x * x).collect();
/// assert_eq!(option("a", squares).to_string(), "a=[1, 4, 9]");
/// ```
impl<T: Into<Listed>> FromIterator<T> for Values {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Values {
        Values::list(values)
    }
}

macro_rules! from_ranges {
    ($($integer:ty)*) => {$(
        /// The integers of the range, as a list.
        impl From<Range<$integer>> for Values {
            fn from(range: Range<$integer>) -> Values {
                Values::list(range)
            }
        }

        /// The integers of the range, as a list.
        impl From<RangeInclusive<$integer>> for Values {
            fn from(range: RangeInclusive<$integer>) -> Values {
                Values::list(range)
            }
        }
    )*};
}

from_ranges!(i32 i64 u32 u64 usize);

/// Drawn uniformly from the range.
impl From<Range<f64>> for Values {
    fn from(range: Range<f64>) -> Values {
        Values::Distribution(uniform(range.start, range.end))
    }
}
