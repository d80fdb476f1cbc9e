//! The approximate memory of events.

use research_core::domain::Value;
use research_core::{Column, Event};

/// Returns the approximate size of an event in memory, in bytes.
pub(super) fn weight(event: &Event) -> usize {
    let parts = match event {
        Event::Values { column, .. } => column_weight(column),
        Event::Profile { values, .. } => column_weight(values),
        Event::Message { text, .. } | Event::Output { text, .. } => text.len(),
        Event::Exception {
            exception, command, ..
        } => {
            let texts = [&exception.backtrace, command];
            let texts = texts.into_iter().flatten().map(String::len);
            exception.message.len() + texts.sum::<usize>()
        }
        // An id and a small config.
        Event::ExperimentStarted { .. } => 512,
        Event::Spans { spans, .. } => 64 * spans.len(),
        _ => 0,
    };
    size_of::<Event>() + parts
}

fn column_weight(column: &Column) -> usize {
    match column {
        Column::Float(values) => size_of_val(values.as_slice()),
        Column::Int(values) => size_of_val(values.as_slice()),
        Column::Bool(values) => size_of_val(values.as_slice()),
        Column::Text(values) => values
            .iter()
            .map(|text| size_of::<String>() + text.len())
            .sum(),
        Column::Value(values) => values.iter().map(value_weight).sum(),
    }
}

fn value_weight(value: &Value) -> usize {
    let parts = match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(values) => values.iter().map(value_weight).sum(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| key.len() + value_weight(value))
            .sum(),
        _ => 0,
    };
    size_of::<Value>() + parts
}
