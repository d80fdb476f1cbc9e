//! The serde encoding of values: plain in human-readable formats, tagged in binary ones.
//!
//! Formats such as bincode are not self-describing, so a tag in front of each value names its type.

use std::fmt::{self, Formatter};

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Value;

/// Encodes bytes as bytes; by default serde encodes a `Vec<u8>` as a list of numbers.
mod bytes {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct BytesVisitor;

        impl Visitor<'_> for BytesVisitor {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }

            fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }

        from.deserialize_byte_buf(BytesVisitor)
    }
}

impl Serialize for Value {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            plain(self, serializer)
        } else {
            Tagged::serialize(self, serializer)
        }
    }
}

fn plain<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Value::Null => serializer.serialize_unit(),
        Value::Bool(value) => serializer.serialize_bool(*value),
        Value::Int(value) => serializer.serialize_i64(*value),
        Value::Uint(value) => serializer.serialize_u64(*value),
        Value::Float(value) => serializer.serialize_f64(*value),
        Value::Text(text) => serializer.serialize_str(text),
        Value::Bytes(bytes) => serializer.serialize_bytes(bytes),
        Value::List(values) => values.serialize(serializer),
        Value::Map(entries) => {
            serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
        }
    }
}

/// The tags of binary formats, in the order of their numbers.
#[derive(serde::Deserialize, serde::Serialize)]
#[serde(remote = "Value", rename = "Value")]
enum Tagged {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(#[serde(with = "bytes")] Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    Uint(u64),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(PlainVisitor)
        } else {
            let _level = depth::Level::enter(depth::MAX_STORED)?;
            Ok(match Tagged::deserialize(deserializer)? {
                Value::Uint(number) => Value::from(number),
                value => value,
            })
        }
    }
}

/// The limit of nested lists and maps while reading.
mod depth {
    use std::cell::Cell;

    use serde::de;

    use super::Value;

    /// The limit for human-readable formats.
    pub(super) const MAX: u32 = Value::MAX_DEPTH as u32;

    /// The limit for binary formats, which may contain values from before [`MAX`] existed.
    pub(super) const MAX_STORED: u32 = 128;

    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
    }

    /// The guard of one level of nesting.
    pub(super) struct Level;

    impl Level {
        pub(super) fn enter<E: de::Error>(max: u32) -> Result<Level, E> {
            let depth = DEPTH.get();
            if depth >= max {
                return Err(E::custom(format_args!(
                    "the value is nested deeper than {max} levels of lists and maps"
                )));
            }
            DEPTH.set(depth + 1);
            Ok(Level)
        }
    }

    impl Drop for Level {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }
}

struct PlainVisitor;

macro_rules! visits {
    ($($method:ident: $rust:ty;)*) => {$(
        fn $method<E: de::Error>(self, value: $rust) -> Result<Value, E> {
            Ok(value.into())
        }
    )*};
}

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a value: null, a boolean, a number, a string, a list or a map")
    }

    visits! {
        visit_bool: bool;
        visit_i64: i64;
        visit_u64: u64;
        visit_f64: f64;
        visit_str: &str;
        visit_string: String;
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        Value::try_from(value).map_err(E::custom)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        let value = i128::try_from(value).unwrap_or(i128::MAX);
        self.visit_i128(value)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let _level = depth::Level::enter(depth::MAX)?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let _level = depth::Level::enter(depth::MAX)?;
        let mut entries = Vec::new();
        while let Some(entry) = items.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }
}
