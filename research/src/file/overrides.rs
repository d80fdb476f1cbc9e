//! `--set KEY=VALUE`: settings that override a research file.

use research_domain::{Domain, suggest};

use super::domain;
use super::error::{Diagnostic, FileErrorKind, Source};
use super::node::{Content, Entry, Node, Span};
use super::{json, toml};

/// Applies one setting, `sources[source]`, to the table of the file. The value is TOML, JSON, or
/// else a string.
pub(crate) fn put(root: &mut Node, source: usize, sources: &[Source]) -> Result<(), Diagnostic> {
    let setting = sources[source].text.as_str();
    let given = match toml::read(setting, source) {
        Ok(node) => node,
        Err(fault) => match as_json(setting, source) {
            Some(node) => node,
            None => as_text(setting, source).ok_or(fault)??,
        },
    };
    let Content::Table(entries) = given.content else {
        return Err(nothing_set(setting, source, "missing `=`"));
    };
    if entries.len() != 1 {
        let reason = "it must set exactly one key";
        return Err(nothing_set(setting, source, reason));
    }
    entries
        .into_iter()
        .try_for_each(|entry| merge(root, entry, &mut Vec::new(), sources))
}

fn nothing_set(setting: &str, source: usize, reason: &'static str) -> Diagnostic {
    let problem = FileErrorKind::Set {
        text: setting.to_owned(),
        reason,
    };
    problem.at(Span {
        source,
        start: 0,
        end: setting.len(),
    })
}

/// Parses a setting whose value is JSON: a list, an object, or a number that TOML writes otherwise.
fn as_json(setting: &str, source: usize) -> Option<Node> {
    let (key, value) = setting.split_once('=')?;
    let is_number = ["NaN", "Infinity", "-Infinity"].contains(&value.trim());
    if !is_number && !value.trim_start().starts_with(['[', '{']) {
        return None;
    }
    // Spaces replace the key to keep the spans.
    let padded = " ".repeat(key.len() + 1) + value;
    let value = json::read(&padded, source).ok()?;
    let mut node = toml::read(&format!("{key}=0"), source).ok()?;
    replace_value(&mut node, &value);
    Some(node)
}

/// Replaces the innermost value.
fn replace_value(node: &mut Node, value: &Node) {
    match &mut node.content {
        Content::Table(entries) => {
            for entry in entries {
                replace_value(&mut entry.node, value);
            }
        }
        _ => node.clone_from(value),
    }
}

/// Parses a setting whose value is a string without quotes; returns `None` for one that looks like
/// TOML, whose syntax error is reported.
fn as_text(setting: &str, source: usize) -> Option<Result<Node, Diagnostic>> {
    let Some(equals) = setting.find('=') else {
        return Some(Err(nothing_set(setting, source, "missing `=`")));
    };
    let (key, value) = (&setting[..equals], &setting[equals + 1..]);
    let text = value.trim();
    if text.starts_with(['[', '{', '"', '\'']) {
        return None;
    }
    let start = equals + 1 + (value.len() - value.trim_start().len());
    let place = Span {
        source,
        start,
        end: start + text.len(),
    };
    // Parse the key alone, and then insert the value.
    let mut node = toml::read(&format!("{key}=0"), source).ok()?;
    let content = Content::Text(text.to_owned());
    replace_value(
        &mut node,
        &Node {
            span: place,
            content,
        },
    );
    Some(Ok(node))
}

/// Sets a key: follows dotted keys, and replaces the value at their end.
fn merge(
    node: &mut Node,
    given: Entry,
    path: &mut Vec<String>,
    sources: &[Source],
) -> Result<(), Diagnostic> {
    let kind = node.kind();
    match &mut node.content {
        Content::List(elements) if elements.iter().any(Node::is_table) => {
            let old = element(elements, &given, path)?;
            return replace(old, given, path, sources);
        }
        Content::Text(expression) if path.as_slice() == ["domain"] => {
            return set_parameter(expression, &given, sources);
        }
        _ => {}
    }
    let Content::Table(entries) = &mut node.content else {
        let problem = FileErrorKind::Type {
            key: path.join("."),
            expected: "a table, to set one of its keys",
            found: kind,
        };
        return Err(problem.at(given.key_span));
    };
    let Some(old) = entries.iter_mut().find(|entry| entry.key == given.key) else {
        entries.push(given);
        return Ok(());
    };
    if !is_dotted(&given) {
        old.key_span = given.key_span;
    }
    replace(&mut old.node, given, path, sources)
}

/// Whether the table of an entry is that of a dotted key, which has the span of the key.
fn is_dotted(given: &Entry) -> bool {
    given.node.span == given.key_span
}

/// Replaces a value; the table of a dotted key is merged.
fn replace(
    old: &mut Node,
    given: Entry,
    path: &mut Vec<String>,
    sources: &[Source],
) -> Result<(), Diagnostic> {
    let is_dotted = is_dotted(&given);
    match given.node.content {
        Content::Table(inner) if is_dotted => {
            path.push(given.key);
            inner
                .into_iter()
                .try_for_each(|entry| merge(old, entry, path, sources))
        }
        content => {
            let span = given.node.span;
            *old = Node { span, content };
            Ok(())
        }
    }
}

/// Returns the element of a list whose index is the key, as in `unit.0.run`.
fn element<'n>(
    elements: &'n mut [Node],
    given: &Entry,
    path: &[String],
) -> Result<&'n mut Node, Diagnostic> {
    let count = elements.len();
    let index = given.key.parse::<usize>().ok();
    let element = index.and_then(|index| elements.get_mut(index));
    element.ok_or_else(|| {
        let list = path.join(".");
        let problem = FileErrorKind::Index {
            key: format!("{list}.{}", given.key),
            list,
            count,
        };
        problem.at(given.key_span)
    })
}

/// Sets the values of a parameter of a domain that is an expression.
fn set_parameter(
    expression: &mut String,
    given: &Entry,
    sources: &[Source],
) -> Result<(), Diagnostic> {
    // An invalid expression is reported where it is read.
    let Ok(before) = expression.parse::<Domain>() else {
        return Ok(());
    };
    let new = domain::parameter(given, sources)?;
    let key = given.key.as_str();
    let hint = match before.values(key).len() {
        1 => {
            let values = new.values(key).first().map(|values| (*values).clone());
            if let Some(values) = values {
                *expression = before.with_values(key, &values).to_string();
            }
            return Ok(());
        }
        0 => {
            let parameters = before.parameters();
            suggest::hint(key, parameters.iter().map(|parameter| parameter.name()))
        }
        count => format!("it has {count} different values in the expression: set all of `domain`"),
    };
    let key = key.to_owned();
    Err(FileErrorKind::Parameter { key, hint }.at(given.key_span))
}
