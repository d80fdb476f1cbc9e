//! `--set KEY=VALUE`: values put over those of a research file.

use super::error::{Fault, Problem};
use super::node::{Content, Entry, Node, Span};
use super::toml;

/// Puts one setting over the file's table. The value is written as in TOML; one that is no TOML
/// is a text.
pub(crate) fn put(root: &mut Node, setting: &str, source: usize) -> Result<(), Fault> {
    let given = match toml::read(setting, source) {
        Ok(node) => node,
        Err(fault) => as_text(setting, source).ok_or(fault)??,
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
    let mut node = toml::read(&format!("{key}=\"\""), source).ok()?;
    replace_text(&mut node, text, place);
    Some(Ok(node))
}

fn replace_text(node: &mut Node, text: &str, place: Span) {
    match &mut node.content {
        Content::Table(entries) => {
            for entry in entries {
                replace_text(&mut entry.node, text, place);
            }
        }
        Content::Text(old) => {
            text.clone_into(old);
            node.span = place;
        }
        _ => {}
    }
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
