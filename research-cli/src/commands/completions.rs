//! `research completions`: how a line can go on, for shells.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

use clap::{Args, Command, CommandFactory, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};
use research::storage::list;

use super::CommandError;
use crate::arguments;
use crate::exit::Exit;

/// The variable with which a shell asks.
const VARIABLE: &str = "RESEARCH_COMPLETE";

/// Print what teaches a shell to complete commands, flags and names
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print what teaches a shell to complete commands, flags, and the names of researches and files.",
    after_help = "\
Examples:
  research completions bash > ~/.local/share/bash-completion/completions/research
  research completions zsh > ~/.zfunc/_research
  research completions fish > ~/.config/fish/completions/research.fish"
)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell that completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

/// Runs the command.
///
/// # Errors
/// An output that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let completer: &dyn EnvCompleter = match arguments.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    };
    completer.write_registration(VARIABLE, "research", "research", "research", out)?;
    Ok(Exit::Success)
}

/// Answers a shell that asks how a line can go on, and ends; does nothing if none asks.
pub fn answer() {
    CompleteEnv::with_factory(|| with_names(arguments::Arguments::command()))
        .var(VARIABLE)
        .complete();
}

/// The commands, with what stands for a research or a research file completed.
fn with_names(program: Command) -> Command {
    program.mut_subcommands(|command| {
        command.mut_args(|argument| match argument.get_id().as_str() {
            "name" if argument.is_positional() => argument.add(ArgValueCompleter::new(Researches)),
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

/// The researches in the folder that is being typed; folders, where there are none.
struct Researches;

impl ValueCompleter for Researches {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let typed = current.to_string_lossy();
        let (folder, begun) = match typed.rfind('/') {
            Some(slash) => typed.split_at(slash + 1),
            None => ("", &*typed),
        };
        let place = if folder.is_empty() { "." } else { folder };
        let names: Vec<CompletionCandidate> = list(Path::new(place))
            .unwrap_or_default()
            .iter()
            .filter_map(|stored| stored.folder().file_name()?.to_str().map(str::to_owned))
            .filter(|name| name.starts_with(begun))
            .map(|name| CompletionCandidate::new(format!("{folder}{name}")))
            .collect();
        if names.is_empty() {
            return PathCompleter::dir().complete(current);
        }
        names
    }
}
