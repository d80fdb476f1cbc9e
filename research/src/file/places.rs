//! `workers` and `branches`: numbers, or lists of configs.

use research_core::RunOptions;
use research_domain::{Config, Entry as ConfigEntry};

use super::error::{Fault, Problem};
use super::keys::find;
use super::node::{Content, Entry, Node};

const EXPECTED: &str = "a whole number, or a list of tables with what is added to the configs";

/// How many there are, and what is added to the configs that run in each.
pub(crate) fn read(
    entries: &[Entry],
    key: &str,
    default: u32,
) -> Result<(u32, Vec<Config>), Fault> {
    let Some(node) = find(entries, key) else {
        return Ok((default, Vec::new()));
    };
    match &node.content {
        Content::Integer(_) => {
            let count = node.integer(key, 1)?;
            if count > RunOptions::MAX_PARALLEL {
                let reason = format!("it can be {} at most", RunOptions::MAX_PARALLEL);
                let key = key.to_owned();
                return Err(Problem::Range { key, reason }.at(node.span));
            }
            Ok((count, Vec::new()))
        }
        Content::List(nodes) if !nodes.is_empty() => {
            let configs: Result<Vec<Config>, Fault> =
                nodes.iter().map(|node| config(key, node)).collect();
            let configs = configs?;
            let count = u32::try_from(configs.len()).map_err(|_| node.expected(key, EXPECTED))?;
            Ok((count, configs))
        }
        _ => Err(node.expected(key, EXPECTED)),
    }
}

fn config(key: &str, node: &Node) -> Result<Config, Fault> {
    let entries = node.table(
        key,
        "a number, or a list of tables, each with what is added",
    )?;
    let entry = |entry: &Entry| Ok(ConfigEntry::new(entry.key.as_str(), entry.node.value(key)?));
    entries.iter().map(entry).collect()
}
