//! `--set KEY=VALUE`: values put over those of a research file.

use super::error::{Fault, Problem};
use super::node::{Content, Entry, Node, Span};
use super::{json, toml};

/// Puts one setting over the file's table. The value is written as in TOML or JSON; one that is
/// neither is a text.
pub(crate) fn put(root: &mut Node, setting: &str, source: usize) -> Result<(), Fault> {
    let given = match toml::read(setting, source) {
        Ok(node) => node,
        Err(fault) => match as_json(setting, source) {
            Some(node) => node,
            None => as_text(setting, source).ok_or(fault)??,
        },
    };
    let Content::Table(entries) = given.content else {
        return Err(nothing_set(setting, source, "it has no `=`"));
    };
    if entries.len() != 1 {
        let reason = "it must set one key";
        return Err(nothing_set(setting, source, reason));
    }
    entries
        .into_iter()
        .try_for_each(|entry| merge(root, entry, &mut Vec::new()))
}

fn nothing_set(setting: &str, source: usize, reason: &'static str) -> Fault {
    let problem = Problem::Set {
        text: setting.to_owned(),
        reason,
    };
    problem.at(Span {
        source,
        start: 0,
        end: setting.len(),
    })
}

/// A setting whose value is JSON: a list, an object, or a number that TOML writes in another way.
fn as_json(setting: &str, source: usize) -> Option<Node> {
    let (key, value) = setting.split_once('=')?;
    let is_number = ["NaN", "Infinity", "-Infinity"].contains(&value.trim());
    if !is_number && !value.trim_start().starts_with(['[', '{']) {
        return None;
    }
    // Blanks in place of the key, so that everything has its place.
    let padded = " ".repeat(key.len() + 1) + value;
    let value = json::read(&padded, source).ok()?;
    let mut node = toml::read(&format!("{key}=0"), source).ok()?;
    replace_value(&mut node, &value);
    Some(node)
}

/// Puts a value in the place of the innermost one.
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

/// A setting whose value is no TOML, as a text; `None` for one that was meant as TOML, whose
/// mistake is to be reported as it is.
fn as_text(setting: &str, source: usize) -> Option<Result<Node, Fault>> {
    let Some(equals) = setting.find('=') else {
        return Some(Err(nothing_set(setting, source, "it has no `=`")));
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
    // The key with a text in place of the value: only that text is the value.
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

/// Sets a key: goes down dotted keys, and replaces what is at their end.
fn merge(node: &mut Node, given: Entry, path: &mut Vec<String>) -> Result<(), Fault> {
    let kind = node.kind();
    let Content::Table(entries) = &mut node.content else {
        let problem = Problem::Type {
            key: path.join("."),
            expected: "a table for one of its keys to be set",
            found: kind,
        };
        return Err(problem.at(given.key_span));
    };
    let Some(old) = entries.iter_mut().find(|entry| entry.key == given.key) else {
        entries.push(given);
        return Ok(());
    };
    // A table that came of a dotted key stands where its key does; one in braces replaces.
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
