//! Conversions from and to the values of `serde_json`.

use serde_json::{Map, Number, Value as Json};

use super::Value;

/// ```
/// use research_domain::Value;
/// use serde_json::json;
///
/// let value = Value::from(json!({"a": [1, 2.5, null], "b": u64::MAX}));
/// assert_eq!(value.to_string(), r#"{"a": [1, 2.5, null], "b": 18446744073709551615}"#);
/// assert_eq!(serde_json::Value::from(value)["a"], json!([1, 2.5, null]));
/// ```
impl From<Json> for Value {
    fn from(json: Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(integer), _) => Value::Int(integer),
                (None, Some(integer)) => Value::from(integer),
                (None, None) => number.as_f64().map_or(Value::Null, Value::Float),
            },
            Json::String(text) => Value::Text(text),
            Json::Array(values) => Value::List(values.into_iter().map(Value::from).collect()),
            Json::Object(entries) => {
                let entries = entries.into_iter();
                Value::Map(entries.map(|(key, value)| (key, value.into())).collect())
            }
        }
    }
}

/// NaN and infinities, which JSON lacks, become `null`, as those of `serde_json` do; bytes are a
/// list of integers. [`Value::json`] prints them all.
impl From<Value> for Json {
    fn from(value: Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Int(integer) => integer.into(),
            Value::Uint(integer) => integer.into(),
            Value::Float(float) => Number::from_f64(float).map_or(Json::Null, Json::Number),
            Value::Text(text) => Json::String(text),
            Value::Bytes(bytes) => bytes.into(),
            Value::List(values) => values.into_iter().map(Json::from).collect(),
            Value::Map(entries) => {
                let entries = entries.into_iter();
                Json::Object(
                    entries
                        .map(|(key, value)| (key, value.into()))
                        .collect::<Map<_, _>>(),
                )
            }
        }
    }
}
