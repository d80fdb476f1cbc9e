//! The syntax tree of a research file: values and their spans.

use research_domain::{Value, ValueError};

use super::error::{Diagnostic, FileErrorKind};

/// A range of one of the texts that a research file is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The index of the text: 0 is the file, the others are settings, in order.
    pub(crate) source: usize,
    /// The first byte.
    pub(crate) start: usize,
    /// The byte after the last one.
    pub(crate) end: usize,
}

/// A value with its span.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    /// Wide enough for the seeds, which have 64 bits without a sign.
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) node: Node,
}

impl Node {
    /// Returns the type, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Null => "null",
            Content::Bool(_) => "a boolean",
            Content::Integer(_) => "an integer",
            Content::Float(_) => "a float",
            Content::Text(_) => "a string",
            Content::List(_) => "a list",
            Content::Table(_) => "a table",
        }
    }

    /// Returns the error of a value of the wrong type.
    pub(crate) fn expected(&self, key: &str, expected: &'static str) -> Diagnostic {
        let problem = FileErrorKind::Type {
            key: key.to_owned(),
            expected,
            found: self.kind(),
        };
        problem.at(self.span)
    }

    pub(crate) fn is_table(&self) -> bool {
        matches!(self.content, Content::Table(_))
    }

    pub(crate) fn text(&self, key: &str) -> Result<&str, Diagnostic> {
        match &self.content {
            Content::Text(text) => Ok(text),
            _ => Err(self.expected(key, "a string")),
        }
    }

    pub(crate) fn bool(&self, key: &str) -> Result<bool, Diagnostic> {
        match self.content {
            Content::Bool(value) => Ok(value),
            _ => Err(self.expected(key, "a boolean")),
        }
    }

    /// Returns an integer of at least `least`.
    pub(crate) fn integer<T>(&self, key: &str, least: T) -> Result<T, Diagnostic>
    where
        T: TryFrom<i128> + PartialOrd + std::fmt::Display,
    {
        let Content::Integer(number) = self.content else {
            return Err(self.expected(key, "an integer"));
        };
        let reason = match T::try_from(number) {
            Ok(number) if number >= least => return Ok(number),
            Err(_) if number > 0 => format!("{number} is too large"),
            _ => format!("must be at least {least}, found {number}"),
        };
        let key = key.to_owned();
        Err(FileErrorKind::Range { key, reason }.at(self.span))
    }

    pub(crate) fn list(&self, key: &str, expected: &'static str) -> Result<&[Node], Diagnostic> {
        match &self.content {
            Content::List(nodes) => Ok(nodes),
            _ => Err(self.expected(key, expected)),
        }
    }

    pub(crate) fn table(&self, key: &str, expected: &'static str) -> Result<&[Entry], Diagnostic> {
        match &self.content {
            Content::Table(entries) => Ok(entries),
            _ => Err(self.expected(key, expected)),
        }
    }

    /// Returns the value of a parameter.
    pub(crate) fn value(&self, key: &str) -> Result<Value, Diagnostic> {
        let value = self.any_value(key)?;
        if value.is_too_deep() {
            let name = key.to_owned();
            let message = ValueError::TooDeep.to_string();
            return Err(FileErrorKind::Values { name, message }.at(self.span));
        }
        Ok(value)
    }

    /// Returns a value of any depth.
    fn any_value(&self, key: &str) -> Result<Value, Diagnostic> {
        Ok(match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Integer(number) => Value::try_from(*number).map_err(|_| {
                let reason = format!(
                    "the integer {number} is outside the range of values, {} to {}",
                    i64::MIN,
                    u64::MAX
                );
                let key = key.to_owned();
                FileErrorKind::Range { key, reason }.at(self.span)
            })?,
            Content::Float(value) => Value::Float(*value),
            Content::Text(text) => Value::Text(text.clone()),
            Content::List(nodes) => {
                let values: Result<_, Diagnostic> =
                    nodes.iter().map(|node| node.any_value(key)).collect();
                Value::List(values?)
            }
            Content::Table(entries) => {
                let pairs: Result<_, Diagnostic> = entries
                    .iter()
                    .map(|entry| Ok((entry.key.clone(), entry.node.any_value(key)?)))
                    .collect();
                Value::Map(pairs?)
            }
        })
    }
}
