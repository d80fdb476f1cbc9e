//! The JSON that programs print, with `NaN` and the infinities.

use std::fmt;

use research_core::domain::{JsonNumber, Value, json_numbers};
use serde::de::IgnoredAny;

/// The beginning of a string that replaces a number for which JSON has no syntax. Programs do not
/// print zero bytes, so it is not a string of the program.
const STAND_IN: &str = "\0number ";

/// The length of the shortest integer that may not fit into 64 bits, in characters.
const LONG_INTEGER: usize = 19;

/// The byte order mark that some editors and Windows programs write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Input that is not JSON, or whose numbers cannot be kept exactly.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JsonError {
    pub(super) message: String,
    /// The line, counted from 1.
    pub(super) line: usize,
    /// The column in bytes, counted from 1; 0 is the end of the previous line.
    pub(super) column: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            line,
            column,
        } = self;
        write!(f, "{message} at line {line} column {column}")
    }
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        Self {
            message: message.to_owned(),
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Reads JSON, including the `NaN`, `Infinity` and `-Infinity` that Python writes: a loss that
/// diverged is a result, not an invalid output.
pub(super) fn parse(text: &[u8]) -> Result<Value, JsonError> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut lacking = Vec::new();
    for number in json_numbers(text) {
        if number.non_finite().is_some() {
            lacking.push(number);
        } else if number.text.len() >= LONG_INTEGER && number.is_integer() && !fits(&number) {
            return Err(too_large(text, &number));
        }
    }
    if lacking.is_empty() {
        return Ok(serde_json::from_slice(text)?);
    }
    // Parse it with ordinary numbers of the same length first, so that errors have the right
    // column.
    serde_json::from_slice::<IgnoredAny>(&with_digits(text, &lacking))?;
    let mut value = serde_json::from_slice(&with_stand_ins(text, &lacking))?;
    put_back(&mut value);
    Ok(value)
}

/// Returns whether it is JSON, even if a number is out of range.
pub(super) fn is_json(text: &[u8]) -> bool {
    let lacking = json_numbers(text).filter(|number| number.non_finite().is_some());
    let lacking: Vec<_> = lacking.collect();
    serde_json::from_slice::<IgnoredAny>(&with_digits(text, &lacking)).is_ok()
}

fn fits(integer: &JsonNumber<'_>) -> bool {
    let text = std::str::from_utf8(integer.text).ok();
    text.is_some_and(|text| text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok())
}

fn too_large(text: &[u8], integer: &JsonNumber<'_>) -> JsonError {
    let before = &text[..integer.start];
    let line_start = before.iter().rposition(|byte| *byte == b'\n');
    let number = String::from_utf8_lossy(integer.text);
    JsonError {
        message: format!(
            "the integer {number} does not fit into 64 bits: write it as a string, or as a float"
        ),
        line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
        column: integer.start - line_start.map_or(0, |start| start + 1) + 1,
    }
}

fn with_digits(text: &[u8], numbers: &[JsonNumber<'_>]) -> Vec<u8> {
    let mut text = text.to_vec();
    for number in numbers {
        text[number.start..number.start + number.text.len()].fill(b'1');
    }
    text
}

fn with_stand_ins(text: &[u8], numbers: &[JsonNumber<'_>]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut copied = 0;
    for number in numbers {
        replaced.extend_from_slice(&text[copied..number.start]);
        replaced.extend_from_slice(br#""\u0000number "#);
        replaced.extend_from_slice(number.text);
        replaced.push(b'"');
        copied = number.start + number.text.len();
    }
    replaced.extend_from_slice(&text[copied..]);
    replaced
}

fn put_back(value: &mut Value) {
    match value {
        Value::Text(text) => {
            if let Some(Ok(number)) = text.strip_prefix(STAND_IN).map(str::parse) {
                *value = Value::Float(number);
            }
        }
        Value::List(values) => values.iter_mut().for_each(put_back),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| put_back(value)),
        _ => {}
    }
}

#[cfg(test)]
#[path = "../../tests/unit/json.rs"]
mod tests;
