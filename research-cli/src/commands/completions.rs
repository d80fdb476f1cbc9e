//! `research completions`: shell completions.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

use clap::{Args, Command};
use clap_complete::CompleteEnv;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::Shells;
use research::storage::list;

use super::CommandError;
use crate::arguments;
use crate::exit::Exit;

/// The environment variable by which a shell requests completions.
const VARIABLE: &str = "RESEARCH_COMPLETE";

/// Generate shell completions
#[derive(Debug, Args)]
#[command(
    long_about = "\
Generate a script that makes a shell complete commands, flags, and the names of researches and
research files.",
    after_help = "\
Examples:
  research completions bash > ~/.local/share/bash-completion/completions/research
  research completions zsh > ~/.zfunc/_research
  research completions fish > ~/.config/fish/completions/research.fish"
)]
pub struct Arguments {
    /// The shell
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    pub shell: String,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    if let Some(completer) = Shells::builtins().completer(&arguments.shell) {
        completer.write_registration(VARIABLE, "research", "research", "research", out)?;
    }
    Ok(Exit::Success)
}

/// Answers a completion request of a shell and exits; does nothing without a request.
pub fn answer() {
    CompleteEnv::with_factory(|| with_names(arguments::program()))
        .var(VARIABLE)
        .complete();
}

/// Adds completion of researches and research files to the commands.
fn with_names(program: Command) -> Command {
    program.mut_subcommands(|command| {
        command.mut_args(|argument| match argument.get_id().as_str() {
            "name" if argument.is_positional() => argument.add(ArgValueCompleter::new(researches)),
            "file" => argument.add(ArgValueCompleter::new(research_files())),
            _ => argument,
        })
    })
}

fn research_files() -> PathCompleter {
    PathCompleter::file().filter(|path| {
        let extension = path.extension().and_then(OsStr::to_str);
        (path.is_dir() && path != Path::new(".")) || matches!(extension, Some("toml" | "json"))
    })
}

/// Completes the researches in a folder, or folders if there are none.
fn researches(current: &OsStr) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    let (folder, prefix) = typed.split_at(typed.rfind('/').map_or(0, |slash| slash + 1));
    let base = if folder.is_empty() { "." } else { folder };
    let names: Vec<CompletionCandidate> = list(Path::new(base))
        .unwrap_or_default()
        .iter()
        .filter_map(|stored| stored.folder().file_name()?.to_str().map(str::to_owned))
        .filter(|name| name.starts_with(prefix))
        .map(|name| CompletionCandidate::new(format!("{folder}{name}")))
        .collect();
    match names.is_empty() {
        true => PathCompleter::dir().complete(current),
        false => names,
    }
}
