//! The keys `git_meta` and `env_meta`: the environment to record.

use crate::environment::check_env;
use research_core::EnvMeta;
use serde::Serialize;

use super::error::{Diagnostic, FileErrorKind};
use super::keys::{self, find};
use super::node::{Content, Entry, Node};

const GIT: &str = "true, a folder, or a list of folders";
const ENV: &str = "true (python, pip and conda), or tables with `commands`";
const COMMANDS: &str = "a table of commands by their names, or a list of commands";
const REPLACE: &str = "a table from regular expressions to replacements";

/// Reads `git_meta` and `env_meta`, in this order.
pub(crate) fn read(entries: &[Entry]) -> Result<Vec<EnvMeta>, Diagnostic> {
    let mut metas = Vec::new();
    if let Some(node) = find(entries, "git_meta") {
        read_git(node, &mut metas)?;
    }
    if let Some(node) = find(entries, "env_meta") {
        read_env(node, &mut metas)?;
    }
    Ok(metas)
}

fn read_git(node: &Node, metas: &mut Vec<EnvMeta>) -> Result<(), Diagnostic> {
    match &node.content {
        Content::Bool(false) => {}
        Content::Bool(true) => metas.push(EnvMeta::git(".")),
        Content::Text(folder) => metas.push(EnvMeta::git(folder)),
        Content::List(folders) => {
            for folder in folders {
                metas.push(EnvMeta::git(folder.text("git_meta")?));
            }
        }
        _ => return Err(node.expected("git_meta", GIT)),
    }
    Ok(())
}

fn read_env(node: &Node, metas: &mut Vec<EnvMeta>) -> Result<(), Diagnostic> {
    match &node.content {
        Content::Bool(false) => {}
        Content::Bool(true) => metas.push(EnvMeta::python()),
        Content::Table(entries) => metas.push(read_meta(node, entries)?),
        Content::List(nodes) => {
            for node in nodes {
                metas.push(read_meta(node, node.table("env_meta", ENV)?)?);
            }
        }
        _ => return Err(node.expected("env_meta", ENV)),
    }
    Ok(())
}

fn read_meta(node: &Node, entries: &[Entry]) -> Result<EnvMeta, Diagnostic> {
    keys::check(entries, &keys::ENV_META)?;
    let mut meta = match find(entries, "commands") {
        Some(commands) => read_commands(commands)?,
        None => EnvMeta::python(),
    };
    if let Some(cwd) = find(entries, "cwd") {
        meta = meta.cwd(cwd.text("cwd")?);
    }
    if let Some(dst) = find(entries, "dst") {
        meta = meta.dst(dst.text("dst")?);
    }
    if let Some(replace) = find(entries, "replace") {
        for entry in replace.table("replace", REPLACE)? {
            meta = meta.replace(&entry.key, entry.node.text("replace")?);
        }
    }
    check_env(&meta).map_err(|source| FileErrorKind::Env { source }.at(node.span))?;
    Ok(meta)
}

fn read_commands(node: &Node) -> Result<EnvMeta, Diagnostic> {
    let mut meta = EnvMeta::new();
    match &node.content {
        Content::Table(entries) => {
            for entry in entries {
                meta = meta.command(&entry.key, entry.node.text("commands")?);
            }
        }
        Content::List(nodes) => {
            for node in nodes {
                let command = node.text("commands")?;
                meta = meta.command(name_of(command), command);
            }
        }
        _ => return Err(node.expected("commands", COMMANDS)),
    }
    Ok(meta)
}

/// Names a command after its program.
fn name_of(command: &str) -> &str {
    let program = command.split_whitespace().next().unwrap_or("command");
    program.rsplit('/').next().unwrap_or(program)
}

/// The serialized form of an `[[env_meta]]`.
#[derive(Serialize)]
pub(crate) struct Form<'f> {
    commands: serde_json::Map<String, serde_json::Value>,
    cwd: &'f std::path::Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<&'f str>,
    replace: serde_json::Map<String, serde_json::Value>,
}

impl<'f> Form<'f> {
    pub(crate) fn of(meta: &'f EnvMeta) -> Self {
        let map = |pairs: &[(String, String)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(key, value)| (key.clone(), value.clone().into()))
                .collect()
        };
        Self {
            commands: map(&meta.commands),
            cwd: &meta.cwd,
            dst: meta.dst.as_deref(),
            replace: map(&meta.replace),
        }
    }
}
