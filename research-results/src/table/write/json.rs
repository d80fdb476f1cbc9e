//! JSON: objects in an array, or one per line.

use std::io::{self, Write};

use research_domain::Value;

use crate::cell::Cell;

/// Returns the names of the columns as the beginnings of items of an object: `"a":`.
pub(super) fn keys(columns: &[String]) -> io::Result<Vec<Vec<u8>>> {
    let key = |column: &String| {
        let mut key = Vec::new();
        text(column, &mut key)?;
        key.push(b':');
        Ok(key)
    };
    columns.iter().map(key).collect()
}

pub(super) fn object(keys: &[Vec<u8>], row: &[Cell<'_>], json: &mut Vec<u8>) -> io::Result<()> {
    for (place, (key, value)) in keys.iter().zip(row).enumerate() {
        json.push(if place == 0 { b'{' } else { b',' });
        json.extend_from_slice(key);
        cell(value, json)?;
    }
    json.push(b'}');
    Ok(())
}

/// Writes a cell as JSON.
pub(super) fn cell(cell: &Cell<'_>, json: &mut Vec<u8>) -> io::Result<()> {
    match cell {
        Cell::Missing => json.extend_from_slice(b"null"),
        Cell::Bool(value) => write!(json, "{value}")?,
        Cell::Int(value) => write!(json, "{value}")?,
        Cell::Count(value) => write!(json, "{value}")?,
        Cell::Float(value) => float(*value, json)?,
        Cell::Text(value) => text(value, json)?,
        Cell::Nested(nested) => value(nested, json)?,
    }
    Ok(())
}

/// Writes a value as JSON; see [`Format::Json`](crate::Format::Json) for values that JSON does not
/// support.
pub(super) fn value(value: &Value, json: &mut Vec<u8>) -> io::Result<()> {
    match value {
        Value::List(values) => {
            json.push(b'[');
            for (place, item) in values.iter().enumerate() {
                separate(place, json);
                self::value(item, json)?;
            }
            json.push(b']');
        }
        Value::Map(entries) => {
            json.push(b'{');
            for (place, (key, item)) in entries.iter().enumerate() {
                separate(place, json);
                text(key, json)?;
                json.push(b':');
                self::value(item, json)?;
            }
            json.push(b'}');
        }
        Value::Float(value) => float(*value, json)?,
        Value::Text(value) => text(value, json)?,
        // Null, booleans, integers, and bytes, which serde_json writes as numbers.
        plain => serde_json::to_writer(json, plain)?,
    }
    Ok(())
}

fn separate(place: usize, json: &mut Vec<u8>) {
    if place > 0 {
        json.push(b',');
    }
}

fn float(value: f64, json: &mut Vec<u8>) -> io::Result<()> {
    match value.is_finite() {
        true => write!(json, "{value:?}"),
        false => write!(json, "{}", Value::Float(value).json()),
    }
}

fn text(text: &str, json: &mut Vec<u8>) -> io::Result<()> {
    Ok(serde_json::to_writer(json, text)?)
}
