//! `research env`: what was recorded of the surroundings of a run.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::{EnvTexts, StoredResearch, read_env};

use super::{CommandError, TextOrJson, write_json};
use crate::exit::Exit;

/// Print what was recorded of the surroundings of a run
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print what was recorded of the surroundings of a run: the program, the machine, and what `git_meta`
and `env_meta` asked for. Runs that resumed have their own, in `run-2`, `run-3`.",
    after_help = "\
Examples:
  research env power
  research env power system       the file system.txt
  research env power project      all files in project/
  research env power --format json"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// A file, with or without .txt, or a folder; all of them without it
    pub what: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, or it has recorded nothing of this name.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let mut texts = read_env(stored.folder())?;
    if let Some(what) = &arguments.what {
        texts = choose(&texts, what).ok_or_else(|| CommandError::NoEnv {
            what: what.clone(),
            known: texts.keys().cloned().collect::<Vec<_>>().join(", "),
        })?;
    }
    match arguments.format {
        TextOrJson::Json => {
            write_json(out, &texts)?;
            writeln!(out)?;
        }
        TextOrJson::Text => print(&texts, out)?,
    }
    Ok(Exit::Success)
}

/// Those that are called so, or are in the folder that is.
fn choose(texts: &EnvTexts, what: &str) -> Option<EnvTexts> {
    let what = what.trim_end_matches('/');
    let is_meant = |name: &str| {
        name == what
            || name.strip_suffix(".txt") == Some(what)
            || name
                .strip_prefix(what)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    let chosen: EnvTexts = texts
        .iter()
        .filter(|(name, _)| is_meant(name))
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    (!chosen.is_empty()).then_some(chosen)
}

/// A single text stands alone, so that it can be used.
fn print(texts: &EnvTexts, out: &mut dyn Write) -> Result<(), CommandError> {
    for (position, (name, text)) in texts.iter().enumerate() {
        if texts.len() > 1 {
            let before = if position > 0 { "\n" } else { "" };
            writeln!(out, "{before}# {name}")?;
        }
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            writeln!(out)?;
        }
    }
    Ok(())
}
