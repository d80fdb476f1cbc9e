//! Parameter values: whatever serialises, as one type.

mod from_rust;
mod into_rust;
mod json;
mod json_numbers;
mod print;
mod wire;

use std::hash::{Hash, Hasher};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use into_rust::Entries;
pub use into_rust::ValueDeserializer;
pub use json::Json;
pub use json_numbers::{JsonNumber, json_numbers};
pub use print::Literal;
pub(crate) use print::{parenthesised, separated, write_quoted};

/// The value of a parameter, or of anything that a unit saves.
///
/// Any [`Serialize`] type becomes a `Value` with [`Value::from_serialize`], and any
/// [`Deserialize`](serde::Deserialize) type is read back with [`Value::to`].
/// Equality is exact: `Int(1)` is not `Float(1.0)`, and floats are compared by their bits, so
/// that NaN equals itself and a value can be a key of a map.
///
/// ```
/// use research_domain::Value;
///
/// let value = Value::from(vec![1, 2]);
/// assert_eq!(value.to::<Vec<f64>>().unwrap(), [1.0, 2.0]);
/// assert_eq!(value.to_string(), "[1, 2]");
/// assert_eq!(Value::from(1.0).to_string(), "1.0");
/// ```
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing: `None`, `()`, JSON's `null`.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer up to [`i64::MAX`].
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A list of values.
    List(Vec<Value>),
    /// Named values, in the order in which they were given.
    Map(Vec<(String, Value)>),
    /// An integer above [`i64::MAX`], such as a hash or a seed of 64 bits. Smaller integers are
    /// always [`Value::Int`], so that equal integers are equal values: make one with
    /// `Value::from(u64)`.
    Uint(u64),
}

/// Why a value could not be made from a Rust value, or read into one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The value has another type than the one asked for.
    #[error("{}expected {expected}, found {found}", prefix(.at))]
    Type {
        /// Where inside the value: keys and indexes joined by dots; empty for the value itself.
        at: String,
        /// What was asked for.
        expected: String,
        /// What was there.
        found: String,
    },
    /// An integer outside of the range of values.
    #[error(
        "the integer {number} is outside the range of values, {} to {}; use a float or a string",
        i64::MIN,
        u64::MAX
    )]
    OutOfRange {
        /// The number, printed.
        number: String,
    },
    /// Lists and maps that are nested deeper than [`Value::MAX_DEPTH`].
    #[error(
        "the value is nested deeper than {} levels of lists and maps",
        Value::MAX_DEPTH
    )]
    TooDeep,
    /// A map whose key is neither a text nor a number nor a truth value.
    #[error("a key of a map must be a text, a number or a truth value, found {found}")]
    Key {
        /// What was there.
        found: &'static str,
    },
    /// A field of the type asked for that the map does not have.
    #[error("{}there is no `{field}`", prefix(.at))]
    Missing {
        /// Where inside the value; empty for the value itself.
        at: String,
        /// The field's name.
        field: String,
    },
    /// What the type's own `Serialize` or `Deserialize` reported.
    #[error("{}{message}", prefix(.at))]
    Custom {
        /// Where inside the value: keys and indexes joined by dots; empty for the value itself.
        at: String,
        /// The report.
        message: String,
    },
}

fn prefix(at: &str) -> String {
    if at.is_empty() {
        String::new()
    } else {
        format!("`{at}`: ")
    }
}

impl ValueError {
    /// Puts one more step, a key or an index, in front of the place that the error names.
    fn inside(mut self, step: &str) -> ValueError {
        if let ValueError::Type { at, .. }
        | ValueError::Missing { at, .. }
        | ValueError::Custom { at, .. } = &mut self
        {
            *at = if at.is_empty() {
                step.to_owned()
            } else {
                format!("{step}.{at}")
            };
        }
        self
    }
}

impl Value {
    /// How many levels of lists and maps a value can have: `[[1]]` has two.
    ///
    /// All readers of values have this limit (research files, domain expressions, outputs of
    /// programs, values that units save), so what was read once can be written and read again.
    pub const MAX_DEPTH: usize = 64;

    /// Whether the value has more than [`MAX_DEPTH`](Value::MAX_DEPTH) levels of lists and maps.
    pub fn is_too_deep(&self) -> bool {
        self.is_deeper_than(Value::MAX_DEPTH)
    }

    fn is_deeper_than(&self, levels: usize) -> bool {
        let mut inner: Box<dyn Iterator<Item = &Value> + '_> = match self {
            Value::List(values) => Box::new(values.iter()),
            Value::Map(entries) => Box::new(entries.iter().map(|(_, value)| value)),
            _ => return false,
        };
        levels == 0 || inner.any(|value| value.is_deeper_than(levels - 1))
    }

    /// Makes a value of anything that serialises.
    ///
    /// Enum variants without content become texts, those with content maps of one entry, as in
    /// `serde_json`.
    ///
    /// ```
    /// use research_domain::Value;
    ///
    /// assert_eq!(Value::from_serialize(&(1, "x")).unwrap().to_string(), r#"[1, "x"]"#);
    /// ```
    ///
    /// # Errors
    /// Integers below [`i64::MIN`] or above [`u64::MAX`], values that are nested deeper than
    /// [`Value::MAX_DEPTH`], keys of maps that are neither strings nor numbers, and whatever the
    /// type itself reports.
    #[inline]
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Value, ValueError> {
        value.serialize(from_rust::ValueSerializer::default())
    }

    /// Reads the value into a Rust type.
    ///
    /// An integer is accepted where a float is asked for; a float is never cut to an integer.
    ///
    /// # Errors
    /// [`ValueError::Type`] says what was expected, what was found, and where inside the value.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        T::deserialize(ValueDeserializer::new(self))
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The integer, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        if let Value::Int(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The integer, if it is one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Int(value) => u64::try_from(*value).ok(),
            Value::Uint(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer of either kind, if it is one.
    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Value::Int(value) => Some((*value).into()),
            Value::Uint(value) => Some((*value).into()),
            _ => None,
        }
    }

    /// The number as a float, if it is a float or an integer.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Float(value) => Some(*value),
            Value::Int(value) => Some(*value as f64),
            Value::Uint(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Text(value) = self {
            Some(value)
        } else {
            None
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Value::List(values) = self {
            Some(values)
        } else {
            None
        }
    }

    /// The named values, if it is a map.
    pub fn as_map(&self) -> Option<&[(String, Value)]> {
        if let Value::Map(entries) = self {
            Some(entries)
        } else {
            None
        }
    }

    /// Whether it is [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The name of the value's type, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "truth value",
            Value::Int(_) | Value::Uint(_) => "integer",
            Value::Float(_) => "float",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "map",
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Uint(a), Value::Uint(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::List(a), Value::List(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Bool(value) => value.hash(state),
            Value::Int(value) => value.hash(state),
            Value::Uint(value) => value.hash(state),
            Value::Float(value) => value.to_bits().hash(state),
            Value::Text(value) => value.hash(state),
            Value::Bytes(value) => value.hash(state),
            Value::List(value) => value.hash(state),
            Value::Map(value) => value.hash(state),
        }
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Value {
            #[inline]
            fn from(value: $integer) -> Value {
                Value::Int(value.into())
            }
        }
    )*};
}

from_integers!(i8, i16, i32, i64, u8, u16, u32);

macro_rules! from_as {
    ($($rust:ty => $variant:ident, $into:expr;)*) => {$(
        impl From<$rust> for Value {
            #[inline]
            fn from(value: $rust) -> Value {
                let convert: fn($rust) -> _ = $into;
                Value::$variant(convert(value))
            }
        }
    )*};
}

from_as! {
    bool => Bool, |value| value;
    f64 => Float, |value| value;
    f32 => Float, f64::from;
    &str => Text, str::to_owned;
    &String => Text, String::clone;
    String => Text, |value| value;
    char => Text, String::from;
}

impl From<usize> for Value {
    #[inline]
    fn from(value: usize) -> Value {
        Value::from(value as u64)
    }
}

/// Exact: an integer above [`i64::MAX`] is a [`Value::Uint`].
impl From<u64> for Value {
    #[inline]
    fn from(value: u64) -> Value {
        i64::try_from(value).map_or(Value::Uint(value), Value::Int)
    }
}

/// An integer from [`i64::MIN`] to [`u64::MAX`].
impl TryFrom<i128> for Value {
    type Error = ValueError;

    fn try_from(value: i128) -> Result<Value, ValueError> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => Ok(Value::Int(value)),
            (_, Ok(value)) => Ok(Value::Uint(value)),
            _ => Err(ValueError::OutOfRange {
                number: value.to_string(),
            }),
        }
    }
}

impl From<isize> for Value {
    #[inline]
    fn from(value: isize) -> Value {
        Value::Int(value as i64)
    }
}

impl From<()> for Value {
    fn from((): ()) -> Value {
        Value::Null
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Value {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Value {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value> + Clone> From<&[T]> for Value {
    fn from(values: &[T]) -> Value {
        Value::List(values.iter().cloned().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}
