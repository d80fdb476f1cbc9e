//! Templates: strings with placeholders `{}`.

use std::fmt::Write;

use research_domain::Value;

/// A string with placeholders: `{}`, or `{:.3}` for a number with three digits after the point.
#[derive(Clone, Debug)]
pub(crate) struct TextTemplate {
    source: String,
    /// The literal parts, each but the last with the placeholder after it.
    parts: Result<Vec<(String, Option<Placeholder>)>, String>,
}

#[derive(Clone, Copy, Debug)]
struct Placeholder {
    digits: Option<usize>,
}

impl TextTemplate {
    pub(crate) fn new(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            parts: parse(source),
        }
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Returns the mistake in the template for this number of values, if there is one.
    pub(crate) fn mistake(&self, values: usize) -> Option<String> {
        let parts = match &self.parts {
            Ok(parts) => parts,
            Err(reason) => return Some(format!("`{}`: {reason}", self.source)),
        };
        let placeholders = parts.iter().filter(|(_, place)| place.is_some()).count();
        (placeholders != values).then(|| {
            format!(
                "`{}` has {placeholders} placeholders for {values} values",
                self.source
            )
        })
    }

    /// Returns the text with these values in place of the placeholders.
    pub(crate) fn fill<'v>(
        &self,
        values: impl IntoIterator<Item = &'v Value>,
    ) -> Result<String, String> {
        let mut text = String::new();
        let mut values = values.into_iter();
        for (literal, placeholder) in self.parts.as_ref().map_err(Clone::clone)? {
            text.push_str(literal);
            if let Some(Placeholder { digits }) = placeholder {
                let value = values.next().ok_or("there are not enough values")?;
                write_value(value, *digits, &mut text);
            }
        }
        Ok(text)
    }
}

fn parse(source: &str) -> Result<Vec<(String, Option<Placeholder>)>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = source;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            literal.push_str(&brace[..1]);
            rest = &brace[2..];
            continue;
        }
        let inside = brace
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        let (inside, after) = inside.ok_or("unbalanced brace; to write one, double it")?;
        let digits = match inside {
            "" => None,
            precise => {
                let digits = precise.strip_prefix(":.").map(str::parse);
                let Some(Ok(digits)) = digits else {
                    return Err(format!(
                        "unknown placeholder `{{{inside}}}`; use {{}} or {{:.3}}"
                    ));
                };
                Some(digits)
            }
        };
        parts.push((std::mem::take(&mut literal), Some(Placeholder { digits })));
        rest = after;
    }
    literal.push_str(rest);
    parts.push((literal, None));
    Ok(parts)
}

/// Writing to a string cannot fail.
fn write_value(value: &Value, digits: Option<usize>, text: &mut String) {
    let _ = match (value, digits) {
        (Value::Text(plain), _) => write!(text, "{plain}"),
        (Value::Bytes(bytes), _) => write!(text, "{}", String::from_utf8_lossy(bytes)),
        (Value::List(_) | Value::Map(_), _) => write!(text, "{}", value.json()),
        (Value::Float(number), Some(digits)) => write!(text, "{number:.digits$}"),
        _ => write!(text, "{value}"),
    };
}
