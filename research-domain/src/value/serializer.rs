//! A serde serializer that builds values directly from Rust types.

use std::fmt::Display;

use serde::ser::{self, Serialize};

use super::{Value, ValueError};

/// Serialises any type into a [`Value`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ValueSerializer {
    /// The number of lists and maps around the value.
    depth: usize,
}

impl ValueSerializer {
    /// Returns the serializer of a value that is nested `levels` deeper.
    #[inline]
    fn inside(self, levels: usize) -> Result<ValueSerializer, ValueError> {
        let depth = self.depth + levels;
        if depth > Value::MAX_DEPTH {
            return Err(ValueError::TooDeep);
        }
        Ok(ValueSerializer { depth })
    }
}

impl ser::Error for ValueError {
    fn custom<T: Display>(message: T) -> ValueError {
        ValueError::Custom {
            at: String::new(),
            message: message.to_string(),
        }
    }
}

macro_rules! serialize_integers {
    ($($method:ident: $integer:ty),*) => {$(
        #[inline]
        fn $method(self, value: $integer) -> Result<Value, ValueError> {
            Ok(Value::Int(value.into()))
        }
    )*};
}

macro_rules! serialize_wide_integers {
    ($($method:ident: $integer:ty),*) => {$(
        #[inline]
        fn $method(self, value: $integer) -> Result<Value, ValueError> {
            match i128::try_from(value) {
                Ok(value) => Value::try_from(value),
                Err(_) => Err(ValueError::OutOfRange { number: value.to_string() }),
            }
        }
    )*};
}

impl ser::Serializer for ValueSerializer {
    type Ok = Value;
    type Error = ValueError;
    type SerializeSeq = ListBuilder;
    type SerializeTuple = ListBuilder;
    type SerializeTupleStruct = ListBuilder;
    type SerializeTupleVariant = ListBuilder;
    type SerializeMap = MapBuilder;
    type SerializeStruct = MapBuilder;
    type SerializeStructVariant = MapBuilder;

    serialize_integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32
    );
    serialize_wide_integers!(
        serialize_u64: u64, serialize_i128: i128, serialize_u128: u128
    );

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<Value, ValueError> {
        Ok(Value::Bool(value))
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<Value, ValueError> {
        Ok(Value::Float(value.into()))
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<Value, ValueError> {
        Ok(Value::Float(value))
    }

    fn serialize_char(self, value: char) -> Result<Value, ValueError> {
        Ok(Value::Text(value.into()))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<Value, ValueError> {
        Ok(Value::Text(value.to_owned()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, ValueError> {
        Ok(Value::Bytes(value.to_vec()))
    }

    #[inline]
    fn serialize_none(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, ValueError> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value, ValueError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value, ValueError> {
        Ok(Value::Text(variant.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Value, ValueError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, ValueError> {
        Ok(Value::Map(vec![(
            variant.to_owned(),
            value.serialize(self.inside(1)?)?,
        )]))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<ListBuilder, ValueError> {
        self.serialize_tuple(len.unwrap_or(0))
    }

    fn serialize_tuple(self, len: usize) -> Result<ListBuilder, ValueError> {
        Ok(ListBuilder::new(self.inside(1)?, None, len))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        len: usize,
    ) -> Result<ListBuilder, ValueError> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<ListBuilder, ValueError> {
        Ok(ListBuilder::new(self.inside(2)?, Some(variant), len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<MapBuilder, ValueError> {
        self.serialize_struct("", len.unwrap_or(0))
    }

    fn serialize_struct(self, _name: &'static str, len: usize) -> Result<MapBuilder, ValueError> {
        Ok(MapBuilder::new(self.inside(1)?, None, len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<MapBuilder, ValueError> {
        Ok(MapBuilder::new(self.inside(2)?, Some(variant), len))
    }
}

/// Wraps the content of an enum variant in a map with one entry.
fn wrap(variant: Option<&'static str>, content: Value) -> Value {
    match variant {
        Some(name) => Value::Map(vec![(name.to_owned(), content)]),
        None => content,
    }
}

#[derive(Debug)]
pub(super) struct ListBuilder {
    items: ValueSerializer,
    variant: Option<&'static str>,
    values: Vec<Value>,
}

impl ListBuilder {
    fn new(items: ValueSerializer, variant: Option<&'static str>, len: usize) -> ListBuilder {
        // The type declares the length: bound the allocation.
        ListBuilder {
            items,
            variant,
            values: Vec::with_capacity(len.min(4096)),
        }
    }
}

macro_rules! serialize_elements {
    ($($builder:ident: $method:ident),*) => {$(
        impl ser::$builder for ListBuilder {
            type Ok = Value;
            type Error = ValueError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
                self.values.push(value.serialize(self.items)?);
                Ok(())
            }

            fn end(self) -> Result<Value, ValueError> {
                Ok(wrap(self.variant, Value::List(self.values)))
            }
        }
    )*};
}

serialize_elements!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);

#[derive(Debug)]
pub(super) struct MapBuilder {
    values: ValueSerializer,
    variant: Option<&'static str>,
    entries: Vec<(String, Value)>,
    key: Option<String>,
}

impl MapBuilder {
    fn new(values: ValueSerializer, variant: Option<&'static str>, len: usize) -> MapBuilder {
        MapBuilder {
            values,
            variant,
            entries: Vec::with_capacity(len.min(4096)),
            key: None,
        }
    }
}

impl ser::SerializeMap for MapBuilder {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        let key = key.serialize(ValueSerializer::default())?;
        match key {
            Value::Text(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Bool(_) => {
                self.key = Some(key.to_string());
                Ok(())
            }
            other => Err(ValueError::Key {
                found: other.kind(),
            }),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        let key = self.key.take().ok_or(ValueError::Key {
            found: "a value without a key",
        })?;
        self.entries.push((key, value.serialize(self.values)?));
        Ok(())
    }

    fn end(self) -> Result<Value, ValueError> {
        Ok(wrap(self.variant, Value::Map(self.entries)))
    }
}

macro_rules! serialize_fields {
    ($($builder:ident),*) => {$(
        impl ser::$builder for MapBuilder {
            type Ok = Value;
            type Error = ValueError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), ValueError> {
                self.entries.push((key.to_owned(), value.serialize(self.values)?));
                Ok(())
            }

            fn end(self) -> Result<Value, ValueError> {
                Ok(wrap(self.variant, Value::Map(self.entries)))
            }
        }
    )*};
}

serialize_fields!(SerializeStruct, SerializeStructVariant);
