//! JSON as programs write it.

use std::borrow::Cow;

use research_core::domain::Value;

/// What stands in for a number that JSON lacks: a text that begins with it. A zero byte is nothing
/// that programs print.
const STAND_IN: &str = "\0number ";

/// Reads JSON, and with it the `NaN`, `Infinity` and `-Infinity` that Python writes: a loss that
/// diverged is a result, not a fault of the output.
pub(super) fn parse(text: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(text).or_else(|error| match stand_in(text) {
        Cow::Borrowed(_) => Err(error.to_string()),
        Cow::Owned(text) => {
            let value = serde_json::from_slice(&text);
            let mut value = value.map_err(|error| {
                // The place is that in the text with the stand-ins.
                let message = error.to_string();
                message
                    .split(" at line ")
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })?;
            put_back(&mut value)?;
            Ok(value)
        }
    })
}

/// The text with stand-ins for those numbers, wherever they are outside of texts.
fn stand_in(text: &[u8]) -> Cow<'_, [u8]> {
    let mut replaced = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    let mut in_text = false;
    while at < text.len() {
        let word = match text[at] {
            _ if in_text => None,
            b'N' => Some("NaN"),
            b'I' => Some("Infinity"),
            b'-' => Some("-Infinity"),
            _ => None,
        };
        let word = word.filter(|word| text[at..].starts_with(word.as_bytes()));
        match (word, text[at]) {
            (Some(word), _) => {
                replaced.extend_from_slice(&text[copied..at]);
                replaced.extend_from_slice(br#""\u0000number "#);
                replaced.extend_from_slice(word.as_bytes());
                replaced.push(b'"');
                at += word.len();
                copied = at;
            }
            (None, b'\\') if in_text => at += 2,
            (None, byte) => {
                in_text ^= byte == b'"';
                at += 1;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    replaced.extend_from_slice(&text[copied..]);
    Cow::Owned(replaced)
}

fn put_back(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Text(text) => {
            if let Some(Ok(number)) = text.strip_prefix(STAND_IN).map(str::parse) {
                *value = Value::Float(number);
            }
            Ok(())
        }
        Value::List(values) => values.iter_mut().try_for_each(put_back),
        Value::Map(entries) => {
            entries
                .iter_mut()
                .try_for_each(|(key, value)| match key.strip_prefix(STAND_IN) {
                    Some(number) => Err(format!("the key {number} has no quotes")),
                    None => put_back(value),
                })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        parse(text.as_bytes()).map(|value| value.to_string())
    }

    #[test]
    fn numbers_that_json_lacks_are_read() {
        assert_eq!(read("NaN").unwrap(), "NaN");
        assert_eq!(
            read(r#"{"a": -Infinity, "b": [Infinity, NaN, 1], "c": "NaN, \"Infinity"}"#).unwrap(),
            r#"{"a": -inf, "b": [inf, NaN, 1], "c": "NaN, \"Infinity"}"#
        );
    }

    #[test]
    fn an_error_is_not_that_of_numbers_that_json_lacks() {
        let error = read("{\"a\": oops}").unwrap_err();
        assert!(error.contains("column 7"), "{error}");
        assert_eq!(
            read("{\"a\": NaN, \"b\": [1}").unwrap_err(),
            "expected `,` or `]`"
        );
        assert!(read("NaN NaN").is_err());
        assert_eq!(read("[{NaN: 1}]").unwrap_err(), "the key NaN has no quotes");
        assert!(read("").is_err());
    }
}
