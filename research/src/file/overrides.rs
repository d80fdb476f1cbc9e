//! `--set KEY=VALUE`: settings that override a research file.

use super::error::{Diagnostic, FileErrorKind};
use super::node::{Content, Entry, Node, Span};
use super::{json, toml};

/// Applies one setting to the table of the file. The value is TOML, JSON, or else a string.
pub(crate) fn put(root: &mut Node, setting: &str, source: usize) -> Result<(), Diagnostic> {
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
        .try_for_each(|entry| merge(root, entry, &mut Vec::new()))
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
fn merge(node: &mut Node, given: Entry, path: &mut Vec<String>) -> Result<(), Diagnostic> {
    let kind = node.kind();
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
    // The table of a dotted key has the span of the key and is merged; one in braces replaces.
    let is_dotted = given.node.span == given.key_span;
    match given.node.content {
        Content::Table(inner) if is_dotted => {
            path.push(given.key);
            inner
                .into_iter()
                .try_for_each(|entry| merge(&mut old.node, entry, path))
        }
        content => {
            let span = given.node.span;
            old.key_span = given.key_span;
            old.node = Node { span, content };
            Ok(())
        }
    }
}
