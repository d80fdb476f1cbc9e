//! The settings of a unit's program.

use std::collections::BTreeMap;

use research_exec::program::{Setting, Stdin};

use super::error::Diagnostic;
use super::keys::{self, find};
use super::node::{Content, Entry, Node};

pub(crate) fn read(entries: &[Entry]) -> Result<Setting, Diagnostic> {
    let cwd = find(entries, "cwd").map(|node| node.text("cwd").map(str::to_owned));
    let memory = find(entries, "memory_limit").map(|node| node.memory("memory_limit"));
    Ok(Setting {
        env: find(entries, "env").map_or(Ok(BTreeMap::new()), variables)?,
        cwd: cwd.transpose()?,
        stdin: find(entries, "stdin").map(stdin).transpose()?,
        memory_limit: memory.transpose()?.map(|size| size.0),
    })
}

/// Reads variables: strings, or integers as they are written.
fn variables(node: &Node) -> Result<BTreeMap<String, String>, Diagnostic> {
    let entries = node.table(
        "env",
        "a table of variables, such as { OMP_NUM_THREADS = 1 }",
    )?;
    let variable = |entry: &Entry| {
        let value = match &entry.node.content {
            Content::Text(text) => text.clone(),
            Content::Integer(number) => number.to_string(),
            _ => return Err(entry.node.expected("env", "a string or an integer")),
        };
        Ok((entry.key.clone(), value))
    };
    entries.iter().map(variable).collect()
}

fn stdin(node: &Node) -> Result<Stdin, Diagnostic> {
    const EXPECTED: &str = "a string, or { file = \"…\" }";
    if let Content::Text(text) = &node.content {
        return Ok(Stdin::Text(text.clone()));
    }
    let entries = node.table("stdin", EXPECTED)?;
    keys::check(entries, &keys::STDIN)?;
    let file = find(entries, "file").ok_or_else(|| node.expected("stdin", EXPECTED))?;
    Ok(Stdin::File(file.text("file")?.to_owned()))
}
