//! Printed values: plain, as aliases, and as literals of expressions.

use std::fmt::{self, Display, Formatter, Write};

use super::Value;
use crate::syntax::{bracketed, separated, write_quoted};

/// A value printed as a literal of an expression; see [`Value::literal`].
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a>(&'a Value);

impl Value {
    /// Returns the value in the form in which expressions read it: like [`Display`], but strings
    /// have quotes.
    ///
    /// ```
    /// use research_domain::Value;
    ///
    /// assert_eq!(Value::from("x").literal().to_string(), r#""x""#);
    /// assert_eq!(Value::from(0.00001).literal().to_string(), "1e-5");
    /// ```
    pub fn literal(&self) -> Literal<'_> {
        Literal(self)
    }
}

/// The default alias of the value: a string without quotes, a float in the shortest form that
/// reads back. Strings inside lists and maps keep their quotes, so `["a, b"]` and `["a", "b"]`
/// have different aliases.
impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            other => Literal(other).fmt(f),
        }
    }
}

impl Display for Literal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Uint(value) => write!(f, "{value}"),
            // `Debug` is the shortest form that reads back, and always looks like a float.
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Text(text) => write_quoted(f, text),
            Value::Bytes(bytes) => {
                f.write_str("b\"")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_char('"')
            }
            Value::List(values) => bracketed(f, values.iter().map(Literal)),
            Value::Map(entries) => {
                f.write_char('{')?;
                separated(
                    f,
                    ", ",
                    entries.iter().map(|(key, value)| Entry(key, value)),
                )?;
                f.write_char('}')
            }
        }
    }
}

struct Entry<'a>(&'a str, &'a Value);

impl Display for Entry<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_quoted(f, self.0)?;
        write!(f, ": {}", Literal(self.1))
    }
}
