//! The outputs of units.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use research_domain::{Config, Value};
use serde::Serialize;

use crate::unit_error::UnitError;

/// The output of one call of a unit: a value that can be saved, or an object that exists only in
/// the executor and is shared with the units that read it.
#[derive(Clone)]
pub enum Output {
    /// A value: it can be saved, and read by other units.
    Value(Value),
    /// An object in memory (a model, a dataset): other units can use it, but it cannot be saved.
    Object(Object),
}

/// An object of any type in the executor's memory.
pub type Object = Arc<dyn Any + Send + Sync>;

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.debug_tuple("Value").field(value).finish(),
            Self::Object(_) => f.write_str("Object(..)"),
        }
    }
}

/// An object that units share without copying it.
///
/// ```
/// use research_core::{Experiment, Shared, o};
///
/// let experiment = Experiment::builder()
///     .callable("data", || Shared::new(vec![1.0, 2.0]), ())
///     .callable("sum", |data: Shared<Vec<f64>>| data.iter().sum::<f64>(), (o("data"),))
///     .save_to("sum")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Shared<T: ?Sized>(Arc<T>);

impl<T> Shared<T> {
    /// Wraps an object.
    #[must_use]
    pub fn new(object: T) -> Self {
        Self(Arc::new(object))
    }
}

impl<T: ?Sized> Shared<T> {
    /// Returns the reference-counted object itself.
    #[must_use]
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }

    pub(crate) fn from_arc(object: Arc<T>) -> Self {
        Self(object)
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The variables that a unit's output is saved to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Save {
    /// Not saved, for other units only.
    #[default]
    Nothing,
    /// Saved as one variable.
    As(String),
    /// The parts of a list, each saved under its own name; `None` skips a part.
    Parts(Vec<Option<String>>),
    /// A map, each of whose keys is a variable.
    Map,
}

/// Makes an output of any type that serialises: `Serialized(metrics)`.
#[derive(Debug, Clone)]
pub struct Serialized<T>(pub T);

/// A type that a unit may return: plain values, tuples, lists, maps, a [`Shared`] object, a user's
/// own type in [`Serialized`], or a `Result` of any of them.
#[diagnostic::on_unimplemented(
    message = "a unit cannot return `{Self}`",
    note = "return a plain value, a tuple, `Serialized(value)` for a type that implements \
            `Serialize`, \
            `Shared::new(object)` for an object that other units use, or a `Result` of these"
)]
pub trait IntoOutput {
    /// Returns the output, or the error that the unit ends with.
    ///
    /// # Errors
    /// The unit failed, or the value cannot be represented.
    fn into_output(self) -> Result<Output, UnitError>;
}

/// A type that a unit may return and that is not a `Result`.
pub trait PlainOutput {
    /// Converts the value to an output.
    ///
    /// # Errors
    /// The type cannot be represented as a value.
    fn into_output(self) -> Result<Output, UnitError>;
}

impl<T: PlainOutput> IntoOutput for T {
    #[inline]
    fn into_output(self) -> Result<Output, UnitError> {
        PlainOutput::into_output(self)
    }
}

impl PlainOutput for Output {
    fn into_output(self) -> Result<Output, UnitError> {
        Ok(self)
    }
}

impl<T: Send + Sync + 'static> PlainOutput for Shared<T> {
    fn into_output(self) -> Result<Output, UnitError> {
        Ok(Output::Object(self.0))
    }
}

impl<T: Serialize> PlainOutput for Serialized<T> {
    fn into_output(self) -> Result<Output, UnitError> {
        Ok(Output::Value(Value::from_serialize(&self.0)?))
    }
}

impl<T: IntoOutput, E: Into<UnitError>> IntoOutput for Result<T, E> {
    fn into_output(self) -> Result<Output, UnitError> {
        self.map_err(Into::into)?.into_output()
    }
}

macro_rules! serialised_outputs {
    ($( [$($generic:ident)*] $type:ty ),+ $(,)?) => {$(
        impl<$($generic: Serialize),*> PlainOutput for $type {
            #[inline]
            fn into_output(self) -> Result<Output, UnitError> {
                Ok(Output::Value(Value::from_serialize(&self)?))
            }
        }
    )+};
}

serialised_outputs! {
    [] (), [] bool, [] i8, [] i16, [] i32, [] i64, [] isize, [] u8, [] u16, [] u32, [] u64,
    [] usize, [] f32, [] f64, [] String, [] &str, [] Value, [] Config,
    [T] Vec<T>, [T] &[T], [T] Option<T>, [T] BTreeMap<String, T>, [T] HashMap<String, T>,
    [A] (A,), [A B] (A, B), [A B C] (A, B, C), [A B C D] (A, B, C, D),
    [A B C D E] (A, B, C, D, E), [A B C D E F] (A, B, C, D, E, F),
}

impl<T: Serialize, const N: usize> PlainOutput for [T; N] {
    fn into_output(self) -> Result<Output, UnitError> {
        PlainOutput::into_output(self.as_slice())
    }
}
