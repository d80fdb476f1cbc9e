//! The arguments of units: the values of expressions, and the types that they may have.

use std::borrow::Cow;

use research_domain::Value;
use serde::de::DeserializeOwned;

use crate::expression::{Expression, ExpressionError};
use crate::output::{Object, Output, Shared};

/// What an expression stands for while a unit runs.
#[derive(Clone)]
pub enum Argument<'a> {
    /// A value.
    Value(Cow<'a, Value>),
    /// An object of the executor's memory.
    Object(Cow<'a, Object>),
}

impl<'a> Argument<'a> {
    /// What a unit has put out.
    #[inline]
    pub(crate) fn of(output: &'a Output) -> Self {
        match output {
            Output::Value(value) => Self::Value(Cow::Borrowed(value)),
            Output::Object(object) => Self::Object(Cow::Borrowed(object)),
        }
    }
}

/// A type that a unit's argument may have: anything that deserialises, or a [`Shared`] object.
pub trait FromArgument: Sized {
    /// Reads what an expression stands for.
    ///
    /// # Errors
    /// It is of another type.
    fn from_argument(
        argument: Argument<'_>,
        expression: &Expression,
    ) -> Result<Self, ExpressionError>;
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
        }
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
        }
    }
}
