//! How values are printed: plainly, as aliases, and as literals of the domain grammar.

use std::fmt::{self, Display, Formatter, Write};

use super::Value;

/// A value printed as the grammar of domain expressions reads it; see [`Value::literal`].
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a>(&'a Value);

impl Value {
    /// The value in the form in which a domain expression reads it: like [`Display`], but texts
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

/// The value's own alias: texts plain, floats in their shortest form that reads back, `true` and
/// `false`; texts inside lists and maps keep their quotes, so that `["a, b"]` and `["a", "b"]`
/// stay apart.
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
            // `Debug` is the shortest form that reads back, and always shows that it is a float.
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Text(text) => write_quoted(f, text),
            Value::Bytes(bytes) => {
                f.write_str("b\"")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_char('"')
            }
            Value::List(values) => {
                f.write_char('[')?;
                separated(f, values.iter().map(Literal))?;
                f.write_char(']')
            }
            Value::Map(entries) => {
                f.write_char('{')?;
                separated(f, entries.iter().map(|(key, value)| Entry(key, value)))?;
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

/// Writes items with a comma and a space between them.
pub(crate) fn separated(
    f: &mut Formatter<'_>,
    items: impl IntoIterator<Item = impl Display>,
) -> fmt::Result {
    items.into_iter().enumerate().try_for_each(|(place, item)| {
        if place > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)
    })
}

/// Writes what is inside, in parentheses where they are needed.
pub(crate) fn parenthesised(
    f: &mut Formatter<'_>,
    needed: bool,
    inside: impl FnOnce(&mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if needed {
        f.write_str("(")?;
    }
    inside(f)?;
    if needed {
        f.write_str(")")?;
    }
    Ok(())
}

/// Writes a text in double quotes with the escapes of JSON.
pub(crate) fn write_quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            control if u32::from(control) < 0x20 => write!(f, "\\u{:04x}", u32::from(control))?,
            plain => f.write_char(plain)?,
        }
    }
    f.write_char('"')
}
