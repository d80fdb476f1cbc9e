//! The keys `workers` and `branches`.

use research_core::RunOptions;
use research_domain::{Config, Entry as ConfigEntry};

use super::error::{Diagnostic, FileErrorKind};
use super::keys::find;
use super::node::{Content, Entry, Node};

const EXPECTED: &str = "an integer, or a list of tables of additional parameters";

/// Reads the number of workers or branches, and the parameters that each adds to configs.
pub(crate) fn read(
    entries: &[Entry],
    key: &str,
    count: &mut u32,
    configs: &mut Vec<Config>,
) -> Result<(), Diagnostic> {
    let Some(node) = find(entries, key) else {
        return Ok(());
    };
    match &node.content {
        Content::Integer(_) => {
            *count = node.integer(key, 1)?;
            if *count > RunOptions::MAX_PARALLEL {
                let reason = format!("must be at most {}", RunOptions::MAX_PARALLEL);
                let key = key.to_owned();
                return Err(FileErrorKind::Range { key, reason }.at(node.span));
            }
        }
        Content::List(nodes) if !nodes.is_empty() => {
            let read = nodes.iter().map(|node| config(key, node));
            *configs = read.collect::<Result<_, _>>()?;
            *count = u32::try_from(nodes.len()).map_err(|_| node.expected(key, EXPECTED))?;
        }
        _ => return Err(node.expected(key, EXPECTED)),
    }
    Ok(())
}

fn config(key: &str, node: &Node) -> Result<Config, Diagnostic> {
    let entries = node.table(key, EXPECTED)?;
    let entry = |entry: &Entry| Ok(ConfigEntry::new(entry.key.as_str(), entry.node.value(key)?));
    entries.iter().map(entry).collect()
}
