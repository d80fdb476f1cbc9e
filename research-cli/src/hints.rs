//! Hints: the command to type next. Only this module names commands of the program.

use std::path::Path;

use research::ResearchError;
use research::base::StorageError;
use research::base::text::shell_word;
use research::domain::suggest;
use research::exec::program::UNFILLED;
use research::monitor::{FailureGroup, State};
use research::storage::list;

use crate::commands::CommandError;

/// Returns a hint for an error, if there is one.
pub(crate) fn for_error(error: &CommandError) -> Option<String> {
    match error {
        CommandError::Exists { name, file, .. } => {
            let (name, file) = (shell_word(name), word(file));
            Some(format!(
                "`research resume {name}` runs what is missing, `research resume {name} --file \
                 {file}` what is new in the file, and `research remove {name}` deletes it; or \
                 choose another name with `--name`"
            ))
        }
        CommandError::Storage(error) | CommandError::FewerRows(error) => for_storage(error),
        CommandError::Research(error) => match &**error {
            ResearchError::Storage(error) => for_storage(error),
            ResearchError::Changed { .. } => {
                Some("`--allow-changes` resumes it all the same".to_owned())
            }
            ResearchError::NoExperiment { name, several, .. } if several.is_empty() => Some(
                format!("`research results {}` shows the ids", shell_word(name)),
            ),
            _ => None,
        },
        _ => None,
    }
}

fn for_storage(error: &StorageError) -> Option<String> {
    Some(match error {
        StorageError::NoResearch { path, .. } => return nearest(path),
        StorageError::Exists { name, .. } => {
            let name = shell_word(name);
            format!(
                "`research resume {name}` continues it, `research remove {name}` deletes it; or \
                 choose another name"
            )
        }
        StorageError::Locked { path, .. } => format!("`research stop {}` ends the run", word(path)),
        StorageError::Damaged { path, .. } if path.ends_with("events.log") => {
            doctor(path.parent().unwrap_or(path))
        }
        StorageError::LogLost { path, is_empty, .. } if !is_empty => {
            doctor(path.parent().unwrap_or(path))
        }
        StorageError::FewerRows { path, .. } => format!(
            "{}; `--allow-fewer-rows` replaces the table",
            doctor(path.parent().unwrap_or(path))
        ),
        _ => return None,
    })
}

/// Returns the name of a stored research that is similar to one that does not exist.
fn nearest(missing: &Path) -> Option<String> {
    if let Ok(target) = missing.read_link() {
        let target = missing.parent().unwrap_or(missing).join(target);
        let (target, link) = (word(&target), word(missing));
        return Some(format!(
            "`research remove {target}` removes the research, and `rm {link}` the link"
        ));
    }
    let folder = missing.parent().filter(|folder| folder.is_dir());
    let known = list(folder.unwrap_or(Path::new("."))).ok()?;
    let name = missing.file_name()?.to_str()?;
    let names = known
        .iter()
        .filter_map(|stored| stored.folder().file_name()?.to_str());
    Some(match suggest::nearest(name, names) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`research list` shows the researches in a folder".to_owned(),
    })
}

/// Returns a hint for a research in this state, if there is one.
pub(crate) fn for_state(state: State, name: &Path) -> Option<String> {
    match state {
        State::New | State::EventsLost | State::Running | State::Complete | State::Failed => None,
        State::Broken | State::Interrupted => Some(resume(name)),
        State::Aborted => Some(format!(
            "see why with `research logs {}`, then {}",
            word(name),
            resume(name)
        )),
    }
}

macro_rules! hints {
    ($($(#[$doc:meta])* $name:ident: $text:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(path: &Path) -> String {
            format!($text, word(path))
        }
    )*};
}

hints! {
    /// The hint to continue a research.
    resume: "resume it with `research resume {}`";
    /// The hint to see the results of a research.
    results: "see the results with `research results {}`";
    /// The hint to run a research file.
    run: "run it with `research run {}`";
    /// The hint to watch and end a run in the background.
    background: "see its state with `research status {0}`, follow it with `research logs {0} \
        --follow`, end it with `research stop {0}`";
    /// The hint to check a folder.
    doctor: "`research doctor {}` shows what is intact, and repairs the log with `--repair`";
    /// The hint to repair a damaged log.
    repair: "`research doctor {} --repair` writes a log of all intact events, and keeps this one \
        beside it";
    /// The hint to write the Parquet tables.
    write_tables: "write them with `research compact {}`";
    /// The hint to remove files that killed processes left.
    compact: "`research compact {}` removes them";
    /// The hint to remove values that the log does not reference.
    compact_values: "`research compact {} --remove-values` removes them";
}

/// Returns the hint to run an experiment again for comparison.
pub(crate) fn reproduce(name: &Path, id: &str) -> String {
    format!("research reproduce {} {id}", word(name))
}

/// Returns the hint to run experiments again that failed with these messages. A command whose
/// template could not be filled in fails again, unless the file changes.
pub(crate) fn rerun<'a>(name: &Path, mut messages: impl Iterator<Item = &'a str>) -> String {
    let file = match messages.any(|message| message.starts_with(UNFILLED)) {
        true => " --file FILE",
        false => "",
    };
    format!("research resume {} --failed{file}", word(name))
}

/// Returns the hint to run all failed experiments again.
pub(crate) fn rerun_failed(name: &Path, failures: &[FailureGroup]) -> String {
    let messages = || failures.iter().map(|group| group.message.as_str());
    let command = rerun(name, messages());
    match messages().any(|message| message.starts_with(UNFILLED)) {
        true => format!("correct the research file, and run failed experiments with `{command}`"),
        false => format!("run failed experiments again with `{command}`"),
    }
}

/// Returns the hint to show these experiments.
pub(crate) fn show(name: &Path, ids: &[&str]) -> Option<String> {
    let name = word(name);
    let commands = ids.iter().map(|id| format!("research show {name} {id}"));
    match commands.collect::<Vec<_>>().as_slice() {
        [] => None,
        [one] => Some(format!("see more with `{one}`")),
        all => Some(format!(
            "see more of an example of each with\n  {}",
            all.join("\n  ")
        )),
    }
}

/// Quotes a path as a word of a shell command.
fn word(path: &Path) -> String {
    shell_word(&path.to_string_lossy()).into_owned()
}
