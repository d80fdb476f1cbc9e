//! Parameter values: one type for all types that serialise.

mod deserializer;
mod display;
mod encoding;
mod json_numbers;
mod json_values;
mod listed;
mod serializer;

use std::hash::{Hash, Hasher};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use deserializer::Entries;
pub use deserializer::ValueDeserializer;
pub use display::{Json, Literal};
pub use json_numbers::{JsonNumber, json_numbers};
pub use listed::{Listed, aliased};

/// The value of a parameter, or a value that a unit saves.
///
/// Any [`Serialize`] type becomes a `Value` with [`Value::from_serialize`], and any
/// [`Deserialize`](serde::Deserialize) type is read back with [`Value::to`].
/// Equality is exact: `Int(1)` is not `Float(1.0)`. Floats are compared by their bits, so NaN
/// equals itself and a value can be a key of a map.
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
    /// No value: `None`, `()`, JSON's `null`.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer up to [`i64::MAX`].
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A string.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// A list of values.
    List(Vec<Value>),
    /// Named values, in insertion order.
    Map(Vec<(String, Value)>),
    /// An integer above [`i64::MAX`], such as a hash or a 64-bit seed. Smaller integers are always
    /// [`Value::Int`], so equal integers are equal values. Create one with `Value::from(u64)`.
    Uint(u64),
}

/// The reason why a Rust value cannot become a [`Value`], or a [`Value`] a Rust value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum ValueError {
    /// The value has a different type than the requested one.
    #[error("{}expected {expected}, found {found}", prefix(.at))]
    Type {
        at: String,
        expected: String,
        found: String,
    },
    /// An integer that no value holds.
    #[error(
        "the integer {number} is out of range ({} to {}); use a float or a string",
        i64::MIN,
        u64::MAX
    )]
    OutOfRange { number: String },
    /// Lists and maps nested deeper than [`Value::MAX_DEPTH`].
    #[error(
        "the value is nested deeper than {} levels of lists and maps",
        Value::MAX_DEPTH
    )]
    TooDeep,
    /// A map key that is not a string, number or boolean.
    #[error("a map key must be a string, a number or a boolean, found {found}")]
    Key { found: &'static str },
    /// A missing field of the requested type.
    #[error("{}missing field `{field}`", prefix(.at))]
    Missing { at: String, field: String },
    /// An error of the type's own `Serialize` or `Deserialize`.
    #[error("{}{message}", prefix(.at))]
    Custom { at: String, message: String },
}

fn prefix(at: &str) -> String {
    if at.is_empty() {
        String::new()
    } else {
        format!("`{at}`: ")
    }
}

impl ValueError {
    /// Returns the error of a value of the wrong type.
    pub(crate) fn mismatch(expected: &str, found: &str) -> ValueError {
        ValueError::Type {
            at: String::new(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }

    /// Prepends a key or an index to the location of the error.
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
    /// The maximum number of nested lists and maps: `[[1]]` has two levels.
    ///
    /// All readers of values share this limit (research files, domain expressions, outputs of
    /// programs, values that units save), so a value that was read can be written and read again.
    pub const MAX_DEPTH: usize = 64;

    /// Returns whether the value has more than [`MAX_DEPTH`](Value::MAX_DEPTH) levels of lists and
    /// maps.
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

    /// Creates a value from any type that serialises.
    ///
    /// Enum variants without content become strings, those with content maps with one entry, as in
    /// `serde_json`.
    ///
    /// ```
    /// use research_domain::Value;
    ///
    /// assert_eq!(Value::from_serialize(&(1, "x")).unwrap().to_string(), r#"[1, "x"]"#);
    /// ```
    ///
    /// # Errors
    /// Integers below [`i64::MIN`] or above [`u64::MAX`], values nested deeper than
    /// [`Value::MAX_DEPTH`], map keys that are not strings, numbers or booleans, and errors of the
    /// type itself.
    #[inline]
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Value, ValueError> {
        value.serialize(serializer::ValueSerializer::default())
    }

    /// Reads the value into a Rust type.
    ///
    /// A float type accepts an integer; an integer type never accepts a float.
    ///
    /// # Errors
    /// A value of a different type, with its location inside the value.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        T::deserialize(ValueDeserializer::new(self))
    }

    /// Returns the integer, if the value is one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_i128()?).ok()
    }

    /// Returns the integer, if the value is one.
    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Value::Int(value) => Some((*value).into()),
            Value::Uint(value) => Some((*value).into()),
            _ => None,
        }
    }

    /// Returns the number as a float, if the value is a float or an integer.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Float(value) => Some(*value),
            Value::Int(value) => Some(*value as f64),
            Value::Uint(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// Returns whether the value is [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Returns the name of the value's type, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) | Value::Uint(_) => "integer",
            Value::Float(_) => "float",
            Value::Text(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "map",
        }
    }
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident: $variant:ident => $rust:ty, $read:expr;)*) => {
        impl Value {$(
            $(#[$doc])*
            pub fn $name(&self) -> Option<$rust> {
                match self {
                    Value::$variant(value) => Some($read(value)),
                    _ => None,
                }
            }
        )*}
    };
}

accessors! {
    /// Returns the boolean, if the value is one.
    as_bool: Bool => bool, bool::clone;
    /// Returns the integer, if the value is one up to [`i64::MAX`].
    as_i64: Int => i64, i64::clone;
    /// Returns the string, if the value is one.
    as_str: Text => &str, String::as_str;
    /// Returns the list, if the value is one.
    as_list: List => &[Value], Vec::as_slice;
    /// Returns the named values, if the value is a map.
    as_map: Map => &[(String, Value)], Vec::as_slice;
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

macro_rules! from_rust {
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

from_rust! {
    i8 => Int, i64::from;
    i16 => Int, i64::from;
    i32 => Int, i64::from;
    i64 => Int, |value| value;
    isize => Int, |value| value as i64;
    u8 => Int, i64::from;
    u16 => Int, i64::from;
    u32 => Int, i64::from;
    bool => Bool, |value| value;
    f64 => Float, |value| value;
    f32 => Float, f64::from;
    &str => Text, str::to_owned;
    &String => Text, String::clone;
    String => Text, |value| value;
    char => Text, String::from;
}

/// Converts exactly: an integer above [`i64::MAX`] becomes [`Value::Uint`].
impl From<u64> for Value {
    #[inline]
    fn from(value: u64) -> Value {
        i64::try_from(value).map_or(Value::Uint(value), Value::Int)
    }
}

impl From<usize> for Value {
    #[inline]
    fn from(value: usize) -> Value {
        Value::from(value as u64)
    }
}

/// Accepts integers from [`i64::MIN`] to [`u64::MAX`].
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
