//! JSON as nodes, with the numbers `NaN`, `Infinity` and `-Infinity`, as Python writes them.
//!
//! `serde_json` reports no spans, but a raw value is a slice of the text, whose offset gives the
//! span.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;

use research_domain::json_numbers;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{Diagnostic, FileErrorKind};
use super::node::{Content, Entry, Node, Span};

/// The maximum nesting of lists and objects, as in `serde_json`.
const MAX_DEPTH: usize = 128;

/// Reads a document.
pub(crate) fn read(text: &str, source: usize) -> Result<Node, Diagnostic> {
    let numbers = json_numbers(text.as_bytes());
    let lacking = numbers.filter_map(|number| {
        let value = number.non_finite()?;
        Some((number.start, (number.text.len(), value)))
    });
    let lacking: HashMap<usize, (usize, f64)> = lacking.collect();
    // Numbers of the same length replace them, which keeps the spans.
    let mut valid = text.to_owned();
    for (start, (length, _)) in &lacking {
        valid.replace_range(*start..start + length, &"1".repeat(*length));
    }
    let reader = Reader {
        text: &valid,
        source,
        lacking,
    };
    let raw: &RawValue =
        serde_json::from_str(&valid).map_err(|error| reader.syntax(&valid, &error))?;
    reader.node(raw.get(), 0)
}

struct Reader<'t> {
    text: &'t str,
    source: usize,
    /// The numbers that JSON lacks, by their offset.
    lacking: HashMap<usize, (usize, f64)>,
}

impl<'t> Reader<'t> {
    /// Returns the span of a slice of the text.
    fn span(&self, part: &str) -> Span {
        let start = (part.as_ptr() as usize)
            .saturating_sub(self.text.as_ptr() as usize)
            .min(self.text.len());
        Span {
            source: self.source,
            start,
            end: (start + part.len()).min(self.text.len()),
        }
    }

    fn syntax(&self, part: &str, error: &serde_json::Error) -> Diagnostic {
        let begin = self.span(part).start;
        let line = error.line().saturating_sub(1);
        let line_start: usize = part.split_inclusive('\n').take(line).map(str::len).sum();
        let at = (begin + line_start + error.column().saturating_sub(1)).min(self.text.len());
        let message = error.to_string();
        // The location is shown separately.
        let message = message.split(" at line ").next().unwrap_or_default();
        let problem = FileErrorKind::Syntax {
            language: "JSON",
            message: message.to_owned(),
        };
        problem.at(Span {
            source: self.source,
            start: at,
            end: at,
        })
    }

    fn node(&self, part: &'t str, depth: usize) -> Result<Node, Diagnostic> {
        let span = self.span(part);
        if depth > MAX_DEPTH {
            let problem = FileErrorKind::Syntax {
                language: "JSON",
                message: "lists and objects are nested too deeply".to_owned(),
            };
            return Err(problem.at(span));
        }
        let content = match part.as_bytes().first() {
            Some(b'n') => Content::Null,
            Some(b't') => Content::Bool(true),
            Some(b'f') => Content::Bool(false),
            Some(b'"') => Content::Text(self.parse(part)?),
            Some(b'[') => {
                let parts: Vec<&RawValue> = self.parse(part)?;
                let nodes = parts.iter().map(|part| self.node(part.get(), depth + 1));
                Content::List(nodes.collect::<Result<_, Diagnostic>>()?)
            }
            Some(b'{') => Content::Table(self.entries(part, depth)?),
            _ => self.number(part)?,
        };
        Ok(Node { span, content })
    }

    fn parse<'p, T: Deserialize<'p>>(&self, part: &'p str) -> Result<T, Diagnostic> {
        serde_json::from_str(part).map_err(|error| self.syntax(part, &error))
    }

    fn number(&self, part: &str) -> Result<Content, Diagnostic> {
        if let Some((_, value)) = self.lacking.get(&self.span(part).start) {
            return Ok(Content::Float(*value));
        }
        match part.parse::<i128>() {
            Ok(number) => Ok(Content::Integer(number)),
            Err(_) if !part.contains(['.', 'e', 'E']) => {
                let problem = FileErrorKind::Syntax {
                    language: "JSON",
                    message: "the number is too large".to_owned(),
                };
                Err(problem.at(self.span(part)))
            }
            Err(_) => Ok(Content::Float(self.parse(part)?)),
        }
    }

    fn entries(&self, part: &'t str, depth: usize) -> Result<Vec<Entry>, Diagnostic> {
        let Pairs(pairs) = self.parse(part)?;
        let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
        let mut keys = HashSet::with_capacity(pairs.len());
        for (key, value) in pairs {
            let node = self.node(value.get(), depth + 1)?;
            if !keys.insert(key.clone()) {
                let problem = FileErrorKind::Syntax {
                    language: "JSON",
                    message: format!("duplicate key `{key}`"),
                };
                return Err(problem.at(node.span));
            }
            entries.push(Entry {
                key_span: self.key_span(&key, node.span),
                key: key.into_owned(),
                node,
            });
        }
        Ok(entries)
    }

    /// Returns the span of the key of a value: its last occurrence before the value.
    fn key_span(&self, key: &str, value: Span) -> Span {
        let quoted = format!("\"{key}\"");
        match self.text[..value.start].rfind(&quoted) {
            Some(start) => Span {
                source: self.source,
                start,
                end: start + quoted.len(),
            },
            // The key is written with escapes.
            None => value,
        }
    }
}

/// The keys and values of an object, in order, including duplicate keys.
struct Pairs<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
        let mut pairs = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
            if pairs.len() >= 1 << 20 {
                return Err(de::Error::custom("an object has more than a million keys"));
            }
            pairs.push((Cow::Owned(key), value));
        }
        Ok(Pairs(pairs))
    }
}
