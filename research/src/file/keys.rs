//! The known keys of each table.

use research_domain::suggest::hint;

use super::error::{Diagnostic, FileErrorKind};
use super::node::{Content, Entry, Node};

/// The keys of a table.
pub(crate) struct Keys {
    /// The name of the table in messages.
    table: &'static str,
    known: &'static [&'static str],
}

/// The keys of a research file.
pub(crate) const FILE: Keys = Keys {
    table: "the research file",
    known: &[
        "name",
        "workers",
        "branches",
        "branch_by",
        "executor_target",
        "n_iters",
        "n_reps",
        "n_configs",
        "repeat_each",
        "create_id_prefix",
        "seed",
        "finalize",
        "isolation",
        "parallel",
        "debug",
        "retries",
        "retry_delay",
        "retry_backoff",
        "double_retry_delay",
        "max_failures",
        "timeout",
        "devices",
        "memory_ratio",
        "device_memory",
        "n_gpu_checks",
        "gpu_check_delay",
        "profile",
        "monitor_log",
        "fsync",
        "loglevel",
        "redirect_stdout",
        "redirect_stderr",
        "dump_results",
        "git_meta",
        "env_meta",
        "domain",
        "unit",
        "update",
    ],
};

/// The keys of a `[[unit]]`.
pub(crate) const UNIT: Keys = Keys {
    table: "[[unit]]",
    known: &[
        "name",
        "run",
        "shell",
        "mode",
        "output",
        "save_to",
        "save_output_dict",
        "when",
        "root",
        "timeout",
        "dump",
        "env",
        "cwd",
        "stdin",
        "memory_limit",
    ],
};

/// The keys of an `[[update]]`.
pub(crate) const UPDATE: Keys = Keys {
    table: "[[update]]",
    known: &[
        "when",
        "run",
        "shell",
        "n_configs",
        "n_items",
        "n_reps",
        "repeat_each",
        "timeout",
    ],
};

/// The keys of a unit's `output`, where that is a table.
pub(crate) const OUTPUT: Keys = Keys {
    table: "`output`",
    known: &["json", "skip_others", "regex", "file", "type", "groups"],
};

/// The keys of a unit's `stdin`, where that is a table.
pub(crate) const STDIN: Keys = Keys {
    table: "`stdin`",
    known: &["file"],
};

/// The keys of an `[[env_meta]]`.
pub(crate) const ENV_META: Keys = Keys {
    table: "[[env_meta]]",
    known: &["commands", "cwd", "dst", "replace"],
};

/// Reports the first unknown key.
pub(crate) fn check(entries: &[Entry], keys: &Keys) -> Result<(), Diagnostic> {
    for entry in entries {
        let key = entry.key.as_str();
        if !keys.known.contains(&key) {
            let all = keys.known.iter().copied();
            let problem = FileErrorKind::UnknownKey {
                key: key.to_owned(),
                table: keys.table,
                hint: parameter(key, entries)
                    .or_else(|| elsewhere(key))
                    .unwrap_or_else(|| hint(key, all)),
            };
            return Err(problem.at(entry.key_span));
        }
    }
    Ok(())
}

/// Returns a hint for a parameter without `domain.`, as in `--set lr=0.1`.
fn parameter(key: &str, entries: &[Entry]) -> Option<String> {
    let Content::Table(parameters) = &find(entries, "domain")?.content else {
        return None;
    };
    find(parameters, key)?;
    Some(format!("`{key}` is a parameter: write `domain.{key}`"))
}

/// Returns a hint for a key in the wrong table.
fn elsewhere(key: &str) -> Option<String> {
    if FILE.known.contains(&key) {
        return Some(format!(
            "`{key}` is a key of the file: move it above the first table header, such as [domain]"
        ));
    }
    if key == "n_items" {
        let hint = "the number of configs is `n_configs` in the file, and `n_items` in [[update]]";
        return Some(hint.to_owned());
    }
    let table = [UNIT, UPDATE]
        .into_iter()
        .find(|table| table.known.contains(&key))?;
    Some(format!(
        "`{key}` is a key of {}: move it there",
        table.table
    ))
}

/// Whether `key` is a key of the file itself.
pub(crate) fn is_of_file(key: &str) -> bool {
    FILE.known.contains(&key)
}

/// Returns the value of a key, if it is present.
pub(crate) fn find<'e>(entries: &'e [Entry], key: &str) -> Option<&'e Node> {
    let entry = entries.iter().find(|entry| entry.key == key);
    entry.map(|entry| &entry.node)
}
