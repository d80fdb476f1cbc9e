//! TOML as nodes.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Diagnostic, FileErrorKind};
use super::node::{Content, Entry, Node, Span};

/// Reads a document; the node is its table.
pub(crate) fn read(text: &str, source: usize) -> Result<Node, Diagnostic> {
    let table = DeTable::parse(text).map_err(|error| {
        let problem = FileErrorKind::Syntax {
            language: "TOML",
            message: error.message().trim().replace('\n', ", "),
        };
        problem.at(span(source, error.span().unwrap_or_default()))
    })?;
    let range = table.span();
    Ok(Node {
        span: span(source, range),
        content: Content::Table(entries(table.get_ref(), source)?),
    })
}

fn span(source: usize, range: Range<usize>) -> Span {
    Span {
        source,
        start: range.start,
        end: range.end,
    }
}

fn entries(table: &DeTable, source: usize) -> Result<Vec<Entry>, Diagnostic> {
    table
        .iter()
        .map(|(key, value)| {
            Ok(Entry {
                key: key.get_ref().clone().into_owned(),
                key_span: span(source, key.span()),
                node: node(value, source)?,
            })
        })
        .collect()
}

fn node(value: &Spanned<DeValue>, source: usize) -> Result<Node, Diagnostic> {
    let span = span(source, value.span());
    let too_large = || {
        let problem = FileErrorKind::Syntax {
            language: "TOML",
            message: "the number is too large".to_owned(),
        };
        problem.at(span)
    };
    let content = match value.get_ref() {
        DeValue::String(text) => Content::Text(text.clone().into_owned()),
        DeValue::Integer(digits) => {
            let number = i128::from_str_radix(digits.as_str(), digits.radix());
            Content::Integer(number.map_err(|_| too_large())?)
        }
        DeValue::Float(digits) => {
            let number: Result<f64, _> = digits.as_str().parse();
            let number = number.map_err(|_| too_large())?;
            if number.is_infinite() && !digits.as_str().contains("inf") {
                return Err(too_large());
            }
            Content::Float(number)
        }
        DeValue::Boolean(value) => Content::Bool(*value),
        // Parameters have no date type: programs get dates as strings.
        DeValue::Datetime(date) => Content::Text(date.to_string()),
        DeValue::Array(values) => {
            let nodes: Result<_, Diagnostic> =
                values.iter().map(|value| node(value, source)).collect();
            Content::List(nodes?)
        }
        DeValue::Table(table) => Content::Table(entries(table, source)?),
    };
    Ok(Node { span, content })
}
