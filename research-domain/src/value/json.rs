//! Values as JSON, with NaN and the infinities spelled as in Python's `json`.

use std::fmt::{self, Display, Formatter, Write};

use super::Value;
use crate::syntax::write_quoted;

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
    /// A JSON object with these entries, in order.
    pub fn object(entries: &'a [(&'a str, &'a Value)]) -> Self {
        Self(Content::Entries(entries))
    }
}

impl Display for Json<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let layout = Layout {
            pretty: f.alternate(),
            level: 0,
        };
        match self.0 {
            Content::Value(value) => write_value(f, value, layout),
            Content::Entries(entries) => write_object(f, entries.iter().copied(), layout),
        }
    }
}

#[derive(Clone, Copy)]
struct Layout {
    pretty: bool,
    level: usize,
}

impl Layout {
    fn inside(self) -> Self {
        Self {
            level: self.level + 1,
            ..self
        }
    }

    fn begin_line(self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.pretty {
            true => write!(f, "\n{:1$}", "", 2 * self.level),
            false => Ok(()),
        }
    }
}

fn write_value(f: &mut Formatter<'_>, value: &Value, layout: Layout) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(value) => write!(f, "{value}"),
        Value::Int(value) => write!(f, "{value}"),
        Value::Uint(value) => write!(f, "{value}"),
        Value::Float(value) => write_float(f, *value),
        Value::Text(text) => write_quoted(f, text),
        Value::Bytes(bytes) => write_items(f, ['[', ']'], bytes, layout, |f, byte, _| {
            write!(f, "{byte}")
        }),
        Value::List(values) => write_items(f, ['[', ']'], values, layout, write_value),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.as_str(), value));
            write_object(f, entries, layout)
        }
    }
}

fn write_float(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    match value {
        value if value.is_finite() => write!(f, "{value:?}"),
        value if value.is_nan() => f.write_str("NaN"),
        value if value > 0.0 => f.write_str("Infinity"),
        _ => f.write_str("-Infinity"),
    }
}

fn write_object<'v>(
    f: &mut Formatter<'_>,
    entries: impl IntoIterator<Item = (&'v str, &'v Value)>,
    layout: Layout,
) -> fmt::Result {
    let colon = if layout.pretty { ": " } else { ":" };
    write_items(f, ['{', '}'], entries, layout, |f, (key, value), layout| {
        write_quoted(f, key)?;
        f.write_str(colon)?;
        write_value(f, value, layout)
    })
}

fn write_items<I: IntoIterator>(
    f: &mut Formatter<'_>,
    [open, close]: [char; 2],
    items: I,
    layout: Layout,
    write: impl Fn(&mut Formatter<'_>, I::Item, Layout) -> fmt::Result,
) -> fmt::Result {
    f.write_char(open)?;
    let mut is_empty = true;
    for item in items {
        if !is_empty {
            f.write_char(',')?;
        }
        is_empty = false;
        layout.inside().begin_line(f)?;
        write(f, item, layout.inside())?;
    }
    if !is_empty {
        layout.begin_line(f)?;
    }
    f.write_char(close)
}
