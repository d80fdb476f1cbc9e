//! `research env`: shows the recorded environment of a run.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::{EnvTexts, StoredResearch, read_env};

use super::{CommandError, TextOrJson, write_json};
use crate::exit::Exit;

/// Show the recorded environment of a run
#[derive(Debug, Args)]
#[command(
    long_about = "\
Show the recorded environment of a run: the program, the machine, and what `git_meta` and `env_meta`
requested. Resumed runs have their own, in `run-2`, `run-3`.",
    after_help = "\
Examples:
  research env power
  research env power system       the file system.txt
  research env power project      all files in project/
  research env power --format json"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// A file, with or without .txt, or a folder [default: all]
    pub what: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// Runs the command.
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
        TextOrJson::Json => write_json(out, &texts)?,
        TextOrJson::Text => print(&texts, out)?,
    }
    Ok(Exit::Success)
}

/// Returns the texts with this name, or in a folder with this name.
fn choose(texts: &EnvTexts, what: &str) -> Option<EnvTexts> {
    let what = what.trim_end_matches('/');
    let matches = |name: &str| {
        name == what
            || name.strip_suffix(".txt") == Some(what)
            || name
                .strip_prefix(what)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    let chosen: EnvTexts = texts
        .iter()
        .filter(|(name, _)| matches(name))
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    (!chosen.is_empty()).then_some(chosen)
}

/// A single text is printed without its name, so that it can be piped.
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
