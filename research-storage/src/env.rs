//! Env metadata: the surroundings of a run, as texts in files.

mod command;
mod system;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use regex::Regex;
use research_core::files::create_folders;
use research_core::{EnvMeta, StorageError};

use crate::names::check_name;

pub use system::system_facts;

/// The folder of the files, within that of the research.
const ENV: &str = "env";

/// What is recorded of the surroundings of a run: texts by their files, `repo/commit.txt`.
pub type EnvTexts = BTreeMap<String, String>;

/// Metadata that cannot be recorded as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// A name cannot be that of a file.
    #[error("env metadata: `{name}` cannot be the name of a file or folder: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
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
        /// What is wrong with it.
        reason: String,
    },
}

/// Checks metadata before a run begins.
///
/// # Errors
/// A name, a command or a regular expression that cannot be.
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

/// The folder of its files, within `env`.
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

/// Runs the commands, all at once, and gives what they put out. A program that is not there, that
/// fails, or that takes longer than half a minute is no error: its text says so.
///
/// # Errors
/// Metadata that cannot be, see [`check_env`].
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
                    let mut text = command::output(&words, cwd);
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

/// The name, or one like it that is not among those.
fn unused(name: String, used: &[String]) -> String {
    let mut candidates =
        std::iter::once(name.clone()).chain((1..).map(|number| format!("{name}_{number}")));
    candidates
        .find(|candidate| !used.contains(candidate))
        .unwrap_or(name)
}

/// Writes texts into the `env` folder of a research. Those of a resumed run get a folder of their
/// own in it: `run-2`, `run-3`.
///
/// # Errors
/// They cannot be written.
pub fn write_env(research: &Path, texts: &EnvTexts) -> Result<(), StorageError> {
    let folder = research.join(ENV);
    let is_there = |folder: &Path| folder.symlink_metadata().is_ok();
    let folder = if is_there(&folder) {
        let later = (2_u64..).map(|run| folder.join(format!("run-{run}")));
        later
            .into_iter()
            .find(|folder| !is_there(folder))
            .unwrap_or(folder)
    } else {
        folder
    };
    for (file, text) in texts {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(&folder);
        create_folders(research, parent).map_err(StorageError::io("create", parent))?;
        fs::write(&path, text).map_err(StorageError::io("write", &path))?;
    }
    Ok(())
}

/// Reads the texts of a research's `env` folder; none if it has none.
///
/// # Errors
/// They cannot be read.
pub fn read_env(research: &Path) -> Result<EnvTexts, StorageError> {
    let root = research.join(ENV);
    let mut texts = EnvTexts::new();
    let mut folders: Vec<PathBuf> = Vec::new();
    if root.is_dir() {
        folders.push(root.clone());
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(StorageError::io("read", &folder))? {
            let entry = entry.map_err(StorageError::io("read", &folder))?;
            let path = entry.path();
            // Links could lead anywhere, also round in circles.
            let kind = entry.file_type().map_err(StorageError::io("read", &path))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let bytes = fs::read(&path).map_err(StorageError::io("read", &path))?;
                let name = path.strip_prefix(&root).unwrap_or(&path);
                texts.insert(
                    name.to_string_lossy().into_owned(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                );
            }
        }
    }
    Ok(texts)
}
