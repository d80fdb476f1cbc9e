//! Digests of values and configs, which are the addresses of draws and parts of ids.
//!
//! The hash is SipHash-2-4, whose output is the same on every platform and in every version. A
//! change here changes every id, seed and draw.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

use crate::value::Value;

/// The key of all digests, an arbitrary constant.
const KEY: (u64, u64) = (0x7265_7365_6172_6368, 0x636f_6e74_656e_745f);

pub(crate) fn digest(bytes: &[u8]) -> u128 {
    let mut hasher = SipHasher24::new_with_keys(KEY.0, KEY.1);
    hasher.write(bytes);
    hasher.finish128().as_u128()
}

pub(crate) fn text_digest(text: &str) -> u128 {
    digest(text.as_bytes())
}

/// Returns a digest of numbers in their order.
pub(crate) fn digest_of_numbers(numbers: &[u128]) -> u128 {
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
    digest(&numbers.collect::<Vec<u8>>())
}

/// Returns a digest of values in their order.
pub(crate) fn values_digest<'a>(values: impl IntoIterator<Item = &'a Value>) -> u128 {
    let mut bytes = Vec::with_capacity(32);
    for value in values {
        write_value(&mut bytes, value);
    }
    digest(&bytes)
}

/// Returns a digest of a parameter and its value.
pub(crate) fn parameter_digest(name: &str, value: &Value) -> u128 {
    pairs_digest([(name, value)])
}

/// Returns a digest of parameters and their values, independent of their order.
pub(crate) fn config_digest<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a Value)>) -> u128 {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(name, _)| *name);
    pairs_digest(pairs)
}

fn pairs_digest<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a Value)>) -> u128 {
    let mut bytes = Vec::with_capacity(64);
    for (name, value) in pairs {
        write_text(&mut bytes, name);
        write_value(&mut bytes, value);
    }
    digest(&bytes)
}

pub(crate) fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_len(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn write_len(bytes: &mut Vec<u8>, len: usize) {
    bytes.extend_from_slice(&(len as u64).to_le_bytes());
}

/// Writes a tag that names the type of the value, then the value.
pub(crate) fn write_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.push(0),
        Value::Bool(value) => bytes.extend([1, u8::from(*value)]),
        Value::Int(value) => write_tagged(bytes, 2, value.to_le_bytes()),
        Value::Float(value) => write_tagged(bytes, 3, value.to_bits().to_le_bytes()),
        Value::Uint(value) => write_tagged(bytes, 8, value.to_le_bytes()),
        Value::Text(text) => {
            bytes.push(4);
            write_text(bytes, text);
        }
        Value::Bytes(raw) => {
            bytes.push(5);
            write_len(bytes, raw.len());
            bytes.extend_from_slice(raw);
        }
        Value::List(values) => {
            bytes.push(6);
            write_len(bytes, values.len());
            values.iter().for_each(|value| write_value(bytes, value));
        }
        Value::Map(entries) => {
            bytes.push(7);
            write_len(bytes, entries.len());
            for (key, value) in entries {
                write_text(bytes, key);
                write_value(bytes, value);
            }
        }
    }
}

fn write_tagged(bytes: &mut Vec<u8>, tag: u8, number: [u8; 8]) {
    bytes.push(tag);
    bytes.extend_from_slice(&number);
}
