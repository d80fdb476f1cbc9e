//! The arguments of units: the values of expressions, and the types that they may have.

use std::borrow::Cow;

use research_domain::{Config, Value};
use serde::Deserializer;
use serde::de::{DeserializeOwned, Visitor};

use crate::expression::{Expression, ExpressionError};
use crate::output::{Object, Output, Shared};

/// The value of an expression while a unit runs.
#[non_exhaustive]
pub enum Argument<'a> {
    /// A value.
    Value(Cow<'a, Value>),
    /// An object of the executor's memory.
    Object(Cow<'a, Object>),
    /// A value that does not exist yet, or not in this experiment: an error, unless the argument
    /// may be missing.
    Missing(ExpressionError),
}

impl<'a> Argument<'a> {
    /// Returns the output of a unit as an argument.
    #[inline]
    pub(crate) fn of(output: &'a Output) -> Self {
        match output {
            Output::Value(value) => Self::Value(Cow::Borrowed(value)),
            Output::Object(object) => Self::Object(Cow::Borrowed(object)),
        }
    }

    /// Returns an item of a config as an argument.
    #[inline]
    pub(crate) fn of_item(config: &'a Config, key: &str) -> Self {
        match config.get(key) {
            Some(value) => Self::Value(Cow::Borrowed(value)),
            None => Self::Missing(ExpressionError::no_key(config, key)),
        }
    }
}

impl From<Output> for Argument<'_> {
    fn from(output: Output) -> Self {
        match output {
            Output::Value(value) => Self::Value(Cow::Owned(value)),
            Output::Object(object) => Self::Object(Cow::Owned(object)),
        }
    }
}

/// A type that a unit's argument may have: anything that deserialises, or a [`Shared`] object. An
/// `Option` is `None` if the output of a unit or the config item is missing.
pub trait FromArgument: Sized {
    /// Converts the value of an expression.
    ///
    /// # Errors
    /// The value has another type.
    fn from_argument(
        argument: Argument<'_>,
        expression: &Expression,
    ) -> Result<Self, ExpressionError>;

    /// Whether the argument may be missing, as an `Option` may.
    #[must_use]
    fn is_optional() -> bool {
        false
    }
}

/// Deserialises only into an `Option`, which is `None`.
struct Nothing;

impl<'de> Deserializer<'de> for Nothing {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("nothing is there"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<T: DeserializeOwned> FromArgument for T {
    #[inline]
    fn from_argument(
        argument: Argument<'_>,
        expression: &Expression,
    ) -> Result<Self, ExpressionError> {
        match argument {
            Argument::Value(value) => value
                .to()
                .map_err(|source| ExpressionError::wrong(expression, source)),
            Argument::Object(_) => Err(ExpressionError::WrongObject {
                expression: expression.to_string(),
                expected: std::any::type_name::<T>(),
            }),
            Argument::Missing(error) => T::deserialize(Nothing).map_err(|_| error),
        }
    }

    fn is_optional() -> bool {
        T::deserialize(Nothing).is_ok()
    }
}

impl<T: Send + Sync + 'static> FromArgument for Shared<T> {
    fn from_argument(
        argument: Argument<'_>,
        expression: &Expression,
    ) -> Result<Self, ExpressionError> {
        let wrong = || ExpressionError::WrongObject {
            expression: expression.to_string(),
            expected: std::any::type_name::<T>(),
        };
        match argument {
            Argument::Value(_) => Err(ExpressionError::WrongValue {
                expression: expression.to_string(),
                expected: std::any::type_name::<T>(),
            }),
            Argument::Object(object) => object
                .into_owned()
                .downcast::<T>()
                .map(Self::from_arc)
                .map_err(|_| wrong()),
            Argument::Missing(error) => Err(error),
        }
    }
}
