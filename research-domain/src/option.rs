//! Options: a parameter's name with the values that it takes.

use std::fmt::{self, Display, Formatter};
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::sync::Arc;

use crate::grammar::{SyntaxError, parse_values};
use crate::sampler::{Sampler, uniform};
use crate::value::{Value, write_quoted};

/// The name of a parameter, with an alias if it has one.
///
/// ```
/// use research_domain::{Key, option};
///
/// let domain = option(Key::new("learning_rate").alias("lr"), [0.1, 0.2]);
/// let config = domain.configs(&Default::default()).unwrap().get(0).unwrap().unwrap().config;
/// assert_eq!(config.alias_string(), "lr_0.1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub(crate) name: Arc<str>,
    pub(crate) alias: Option<Arc<str>>,
}

impl Key {
    /// A name whose alias is itself.
    pub fn new(name: impl Into<Arc<str>>) -> Key {
        Key {
            name: name.into(),
            alias: None,
        }
    }

    /// Gives the name an alias.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<Arc<str>>) -> Key {
        self.alias = Some(alias.into());
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Key {
        Key::new(name)
    }
}

impl From<String> for Key {
    fn from(name: String) -> Key {
        Key::new(name)
    }
}

/// A value in an option's list, with an alias if it was given one; see [`aliased`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    value: Value,
    alias: Option<Box<str>>,
}

/// A value under a short name of its own.
///
/// ```
/// use research_domain::{aliased, option};
///
/// let sizes = option("layers", [aliased(vec![64, 64], "small"), aliased(vec![512, 512], "big")]);
/// assert_eq!(sizes.to_string(), r#"layers=[[64, 64] as "small", [512, 512] as "big"]"#);
/// ```
pub fn aliased(value: impl Into<Value>, alias: impl Into<Box<str>>) -> Listed {
    Listed {
        value: value.into(),
        alias: Some(alias.into()),
    }
}

impl Listed {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The alias that it was given.
    pub fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    /// The same under the same alias with another value, if there is one.
    pub(crate) fn with_value(&self, value: Option<Value>) -> Listed {
        Listed {
            value: value.unwrap_or_else(|| self.value.clone()),
            alias: self.alias.clone(),
        }
    }

    pub(crate) fn into_parts(self) -> (Value, Option<Box<str>>) {
        (self.value, self.alias)
    }
}

impl<T: Into<Value>> From<T> for Listed {
    fn from(value: T) -> Listed {
        Listed {
            value: value.into(),
            alias: None,
        }
    }
}

/// `value`, or `value as "alias"`.
impl Display for Listed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.value.literal().fmt(f)?;
        if let Some(alias) = &self.alias {
            f.write_str(" as ")?;
            write_quoted(f, alias)?;
        }
        Ok(())
    }
}

/// The values of an option: a list, or a sampler that draws them.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// A list.
    List(Vec<Listed>),
    /// A sampler.
    Sampler(Sampler),
}

/// Reads what stands to the right of `=` in a domain expression: a list or a sampler.
///
/// ```
/// use research_domain::{Values, uniform};
///
/// assert_eq!("uniform(0, 1)".parse::<Values>(), Ok(uniform(0.0, 1.0).into()));
/// assert!("uniform(0, 1) * b=[1]".parse::<Values>().is_err());
/// ```
impl FromStr for Values {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Values, SyntaxError> {
        parse_values(text)
    }
}

impl From<Sampler> for Values {
    fn from(sampler: Sampler) -> Values {
        Values::Sampler(sampler)
    }
}

impl<T: Into<Listed>> From<Vec<T>> for Values {
    fn from(values: Vec<T>) -> Values {
        Values::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Listed>, const N: usize> From<[T; N]> for Values {
    fn from(values: [T; N]) -> Values {
        Values::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Listed> + Clone> From<&[T]> for Values {
    fn from(values: &[T]) -> Values {
        Values::List(values.iter().cloned().map(Into::into).collect())
    }
}

/// The integers of the range, as a list.
impl From<Range<i64>> for Values {
    fn from(range: Range<i64>) -> Values {
        Values::List(range.map(Listed::from).collect())
    }
}

/// The integers of the range, as a list.
impl From<RangeInclusive<i64>> for Values {
    fn from(range: RangeInclusive<i64>) -> Values {
        Values::List(range.map(Listed::from).collect())
    }
}

/// Drawn uniformly from the range.
impl From<Range<f64>> for Values {
    fn from(range: Range<f64>) -> Values {
        Values::Sampler(uniform(range.start, range.end))
    }
}
