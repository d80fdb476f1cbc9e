//! What a research file holds before it means anything: values, and where they stand.

use research_domain::{Value, ValueError};

use super::error::{Fault, Problem};

/// A place in one of the texts that a research file is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Which text: 0 is the file, the others are `--set`s, in order.
    pub(crate) source: usize,
    /// The first byte.
    pub(crate) start: usize,
    /// The byte after the last one.
    pub(crate) end: usize,
}

/// A value with its place.
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
    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Null => "null",
            Content::Bool(_) => "a truth value",
            Content::Integer(_) => "a whole number",
            Content::Float(_) => "a decimal number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Table(_) => "a table",
        }
    }

    /// The error of a value of another type than its key takes.
    pub(crate) fn expected(&self, key: &str, expected: &'static str) -> Fault {
        let problem = Problem::Type {
            key: key.to_owned(),
            expected,
            found: self.kind(),
        };
        problem.at(self.span)
    }

    pub(crate) fn text(&self, key: &str) -> Result<&str, Fault> {
        match &self.content {
            Content::Text(text) => Ok(text),
            _ => Err(self.expected(key, "a text in quotes")),
        }
    }

    pub(crate) fn bool(&self, key: &str) -> Result<bool, Fault> {
        match self.content {
            Content::Bool(value) => Ok(value),
            _ => Err(self.expected(key, "true or false")),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn integer<T>(&self, key: &str, least: T) -> Result<T, Fault>
    where
        T: TryFrom<i128> + PartialOrd + std::fmt::Display,
    {
        let Content::Integer(number) = self.content else {
            return Err(self.expected(key, "a whole number"));
        };
        let reason = match T::try_from(number) {
            Ok(number) if number >= least => return Ok(number),
            Err(_) if number > 0 => format!("{number} is too large"),
            _ => format!("it must be at least {least}, and is {number}"),
        };
        let key = key.to_owned();
        Err(Problem::Range { key, reason }.at(self.span))
    }

    pub(crate) fn list(&self, key: &str, expected: &'static str) -> Result<&[Node], Fault> {
        match &self.content {
            Content::List(nodes) => Ok(nodes),
            _ => Err(self.expected(key, expected)),
        }
    }

    pub(crate) fn table(&self, key: &str, expected: &'static str) -> Result<&[Entry], Fault> {
        match &self.content {
            Content::Table(entries) => Ok(entries),
            _ => Err(self.expected(key, expected)),
        }
    }

    /// It as the value of a parameter.
    pub(crate) fn value(&self, key: &str) -> Result<Value, Fault> {
        let value = self.any_value(key)?;
        if value.is_too_deep() {
            let name = key.to_owned();
            let message = ValueError::TooDeep.to_string();
            return Err(Problem::Values { name, message }.at(self.span));
        }
        Ok(value)
    }

    /// It as a value of any depth that the file's language has.
    fn any_value(&self, key: &str) -> Result<Value, Fault> {
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
                Problem::Range { key, reason }.at(self.span)
            })?,
            Content::Float(value) => Value::Float(*value),
            Content::Text(text) => Value::Text(text.clone()),
            Content::List(nodes) => {
                let values: Result<_, Fault> =
                    nodes.iter().map(|node| node.any_value(key)).collect();
                Value::List(values?)
            }
            Content::Table(entries) => {
                let pairs: Result<_, Fault> = entries
                    .iter()
                    .map(|entry| Ok((entry.key.clone(), entry.node.any_value(key)?)))
                    .collect();
                Value::Map(pairs?)
            }
        })
    }
}
