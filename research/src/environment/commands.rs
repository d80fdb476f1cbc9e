//! The commands whose output is recorded as the environment of a run.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use regex::Regex;
use research_core::{EnvMeta, StorageError};
use research_process::{CommandOutput, run_command};
use research_storage::check_name;

use super::files::EnvTexts;

/// A command that takes longer is killed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The rest of a longer output is discarded.
const MAX_BYTES: usize = 16 << 20;

/// Metadata that cannot be recorded as requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// A name is invalid as that of a file.
    #[error("env metadata: `{name}` cannot be the name of a file or folder: {reason}")]
    Name {
        /// The name.
        name: String,
        /// The reason.
        reason: String,
    },
    /// A command cannot be split into words, or has none.
    #[error("env metadata: the command `{name}` has no words, or an open quote: `{line}`")]
    Command {
        /// The command's name.
        name: String,
        /// The command.
        line: String,
    },
    /// A regular expression cannot be used.
    #[error("env metadata: invalid regular expression `{pattern}`: {reason}")]
    Regex {
        /// The expression.
        pattern: String,
        /// The error.
        reason: String,
    },
}

/// Checks metadata before a run begins.
///
/// # Errors
/// A name, a command or a regular expression is invalid.
pub fn check_env(meta: &EnvMeta) -> Result<(), EnvError> {
    for part in folder_of(meta).split('/') {
        check_part(part)?;
    }
    for (name, line) in &meta.commands {
        check_part(name)?;
        words(name, line)?;
    }
    replacements(meta).map(drop)
}

fn check_part(name: &str) -> Result<(), EnvError> {
    check_name(name).map_err(|error| EnvError::Name {
        name: name.escape_debug().to_string(),
        reason: match error {
            StorageError::BadName { reason, .. } => reason.to_owned(),
            other => other.to_string(),
        },
    })
}

fn words(name: &str, line: &str) -> Result<Vec<String>, EnvError> {
    match shlex::split(line) {
        Some(words) if !words.is_empty() => Ok(words),
        _ => Err(EnvError::Command {
            name: name.to_owned(),
            line: line.to_owned(),
        }),
    }
}

fn replacements(meta: &EnvMeta) -> Result<Vec<(Regex, &str)>, EnvError> {
    let mut compiled = Vec::new();
    for (pattern, text) in &meta.replace {
        let regex = Regex::new(pattern).map_err(|error| EnvError::Regex {
            pattern: pattern.clone(),
            reason: error.to_string(),
        })?;
        compiled.push((regex, text.as_str()));
    }
    Ok(compiled)
}

/// Returns the folder of its files, within `env`.
fn folder_of(meta: &EnvMeta) -> String {
    if let Some(dst) = &meta.dst {
        return dst.clone();
    }
    let same = |folder: &Path| folder.canonicalize().ok();
    let name = meta.cwd.canonicalize().ok();
    match name.as_deref().and_then(Path::file_name) {
        Some(name) if same(&meta.cwd) != same(Path::new(".")) => {
            name.to_string_lossy().into_owned()
        }
        _ => "cwd".to_owned(),
    }
}

/// Runs the commands in parallel, and returns their output. A program that does not exist, fails,
/// or takes longer than half a minute is not an error: its text says so.
///
/// # Errors
/// The metadata is invalid; see [`check_env`].
pub fn collect_env(metas: &[EnvMeta]) -> Result<EnvTexts, EnvError> {
    let mut jobs = Vec::new();
    let mut folders = Vec::new();
    for meta in metas {
        check_env(meta)?;
        let folder = unused(folder_of(meta), &folders);
        let replacements = replacements(meta)?;
        let mut names = Vec::new();
        for (name, line) in &meta.commands {
            let name = unused(name.clone(), &names);
            jobs.push((
                format!("{folder}/{name}.txt"),
                words(&name, line)?,
                meta.cwd.as_path(),
                replacements.clone(),
            ));
            names.push(name);
        }
        folders.push(folder);
    }
    let texts = thread::scope(|scope| {
        let running: Vec<_> = jobs
            .into_iter()
            .map(|(file, words, cwd, replacements)| {
                scope.spawn(move || {
                    let mut text = output(&words, cwd);
                    for (regex, stand_in) in &replacements {
                        text = regex.replace_all(&text, *stand_in).into_owned();
                    }
                    (file, text)
                })
            })
            .collect();
        let texts = running.into_iter().filter_map(|thread| thread.join().ok());
        texts.collect()
    });
    Ok(texts)
}

/// Returns the name, or a similar one that is not used yet.
fn unused(name: String, used: &[String]) -> String {
    let mut candidates =
        std::iter::once(name.clone()).chain((1..).map(|number| format!("{name}_{number}")));
    candidates
        .find(|candidate| !used.contains(candidate))
        .unwrap_or(name)
}

/// Returns the output of a command on both streams, or the reason that it was not run.
fn output(words: &[String], cwd: &Path) -> String {
    let [program, arguments @ ..] = words else {
        return "an empty command was not run\n".to_owned();
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(cwd);
    match run_command(command, TIMEOUT, MAX_BYTES) {
        Ok(output) => text(&output),
        Err(error) => format!("`{program}` was not run: {error}\n"),
    }
}

/// Returns the output, with a remark if the command did not succeed.
fn text(output: &CommandOutput) -> String {
    let mut text = String::from_utf8_lossy(&output.bytes).into_owned();
    let remark = match output.status.map(|status| (status.code(), status.signal())) {
        Some((Some(0), _)) => return text,
        Some((Some(code), _)) => format!("(it ended with exit code {code})"),
        Some((None, signal)) => format!("(it was ended by signal {})", signal.unwrap_or(0)),
        None => format!(
            "(it took longer than {} s and was ended)",
            TIMEOUT.as_secs()
        ),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text + &remark + "\n"
}
