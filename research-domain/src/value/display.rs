//! The printed forms of values: plain, as aliases, as literals of expressions, and as JSON.

use std::fmt::{self, Display, Formatter, Write};

use super::Value;
use crate::syntax::write_quoted;

/// A value printed as a literal of an expression; see [`Value::literal`].
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a>(&'a Value);

/// A value or an object, printed as JSON; see [`Value::json`].
///
/// `{:#}` prints it on several lines, indented by two spaces.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(Content<'a>);

#[derive(Clone, Copy, Debug)]
enum Content<'a> {
    Value(&'a Value),
    Entries(&'a [(&'a str, &'a Value)]),
}

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

    /// Returns the value as JSON. NaN and the infinities become `NaN`, `Infinity` and `-Infinity`,
    /// as Python's `json` writes and reads them; bytes become a list of numbers.
    ///
    /// ```
    /// use research_domain::Value;
    ///
    /// let value = Value::from(vec![1.0, f64::NAN, f64::NEG_INFINITY]);
    /// assert_eq!(value.json().to_string(), "[1.0,NaN,-Infinity]");
    /// ```
    pub fn json(&self) -> Json<'_> {
        Json(Content::Value(self))
    }
}

impl<'a> Json<'a> {
    /// Returns a JSON object with these entries, in order.
    pub fn object(entries: &'a [(&'a str, &'a Value)]) -> Self {
        Self(Content::Entries(entries))
    }
}

/// Prints the default alias of the value: a string without quotes, a float in the shortest form
/// that reads back. Strings inside lists and maps keep their quotes, so `["a, b"]` and
/// `["a", "b"]` have different aliases.
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
        Form::Literal.write(f, self.0)
    }
}

impl Display for Json<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let form = match f.alternate() {
            true => Form::Indented(0),
            false => Form::Compact,
        };
        match self.0 {
            Content::Value(value) => form.write(f, value),
            Content::Entries(entries) => form.write_map(f, entries.iter().copied()),
        }
    }
}

/// The form of a printed value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A literal of an expression.
    Literal,
    /// JSON on one line.
    Compact,
    /// JSON on several lines, below this many lists and maps.
    Indented(usize),
}

impl Form {
    fn write(self, f: &mut Formatter<'_>, value: &Value) -> fmt::Result {
        match value {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Uint(value) => write!(f, "{value}"),
            Value::Float(value) if value.is_infinite() && self != Form::Literal => {
                f.write_str(if *value > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                })
            }
            // `Debug` is the shortest form that reads back, and always looks like a float.
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Text(text) => write_quoted(f, text),
            Value::Bytes(bytes) if self == Form::Literal => {
                f.write_str("b\"")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_char('"')
            }
            Value::Bytes(bytes) => {
                self.write_items(f, ['[', ']'], bytes, |f, _, byte| write!(f, "{byte}"))
            }
            Value::List(values) => {
                self.write_items(f, ['[', ']'], values, |f, form, value| form.write(f, value))
            }
            Value::Map(entries) => {
                self.write_map(f, entries.iter().map(|(key, value)| (key.as_str(), value)))
            }
        }
    }

    fn write_map<'v>(
        self,
        f: &mut Formatter<'_>,
        entries: impl IntoIterator<Item = (&'v str, &'v Value)>,
    ) -> fmt::Result {
        self.write_items(f, ['{', '}'], entries, |f, form, (key, value)| {
            write_quoted(f, key)?;
            f.write_str(if form == Form::Compact { ":" } else { ": " })?;
            form.write(f, value)
        })
    }

    fn write_items<I: IntoIterator>(
        self,
        f: &mut Formatter<'_>,
        [open, close]: [char; 2],
        items: I,
        write: impl Fn(&mut Formatter<'_>, Form, I::Item) -> fmt::Result,
    ) -> fmt::Result {
        let inside = match self {
            Form::Indented(level) => Form::Indented(level + 1),
            form => form,
        };
        f.write_char(open)?;
        let mut is_empty = true;
        for item in items {
            if !is_empty {
                f.write_str(if self == Form::Literal { ", " } else { "," })?;
            }
            is_empty = false;
            inside.begin_line(f)?;
            write(f, inside, item)?;
        }
        if !is_empty {
            self.begin_line(f)?;
        }
        f.write_char(close)
    }

    fn begin_line(self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Form::Indented(level) => write!(f, "\n{:1$}", "", 2 * level),
            _ => Ok(()),
        }
    }
}
