//! The command line: its commands, each of which is a module of [`commands`].

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use research::storage::list;

use crate::commands::{self, CommandError};
use crate::exit::Exit;

/// Runs experiments over a space of parameters.
#[derive(Debug, Parser)]
#[command(
    name = "research",
    version,
    long_version = env!("RESEARCH_LONG_VERSION"),
    max_term_width = 100,
    about = "Run thousands of experiments over a space of parameters, each in its own process",
    after_help = "\
Examples:
  research init                          write a research file to start from
  research run research.toml             run the experiments of the file
  research status power                  show its state
  research results power                 print its results
  research domain 'a=[1, 2] * b=[3, 4]'  print the configs of an expression

A name of a research can be left out where the current folder has no other research.
`research help COMMAND` has more about each command."
)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Returns the command line of the program. The name of a research can be left out if the current
/// folder contains one research, except for the command that removes it and where another argument
/// follows the name.
pub fn program() -> clap::Command {
    let program = with_paragraphs(Arguments::command());
    program.mut_subcommands(|command| match may_lack_name(&command) {
        // Unlike `mut_arg`, this keeps the order of arguments.
        true => command.mut_args(|argument| match argument.get_id() == NAME {
            true => argument.required(false),
            false => argument,
        }),
        false => command,
    })
}

/// Whether the name of a research is the only argument that the command needs.
fn may_lack_name(command: &clap::Command) -> bool {
    let is_name = |argument: &clap::Arg| argument.get_id() == NAME;
    let mut required = command
        .get_positionals()
        .filter(|argument| argument.is_required_set());
    command.get_positionals().any(is_name)
        && required.all(is_name)
        && command.get_name() != "remove"
}

const NAME: &str = "name";

impl Arguments {
    /// Parses the words of a command line, the first of which is the name of the program.
    ///
    /// # Errors
    /// Invalid arguments, a missing name of a research, or a request for help.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut words: Vec<OsString> = words.into_iter().collect();
        let mut program = program();
        let mut matches = program.try_get_matches_from_mut(words.iter().cloned())?;
        if let Some(command) = command_without_name(&program, &matches) {
            let name = only_research().map_err(|reason| {
                let command = program.find_subcommand_mut(&command);
                command
                    .map_or_else(Self::command, |command| command.clone())
                    .error(
                        ErrorKind::MissingRequiredArgument,
                        format_args!("the name of a research is required: {reason}"),
                    )
            })?;
            // Insert the name after the command, which follows the name of the program.
            words.insert(2, name);
            matches = program.try_get_matches_from_mut(words)?;
        }
        Self::from_arg_matches_mut(&mut matches)
    }
}

/// Returns the command of the matches, if the name of a research is missing.
fn command_without_name(program: &clap::Command, matches: &ArgMatches) -> Option<String> {
    let (command, matches) = matches.subcommand()?;
    let mut positionals = program.find_subcommand(command)?.get_positionals();
    let takes_name = positionals.any(|one| one.get_id() == NAME);
    (takes_name && matches.get_raw(NAME).is_none()).then(|| command.to_owned())
}

/// Returns the folder of the only research in the current folder, or the reason why there is none.
fn only_research() -> Result<OsString, String> {
    let all = list(Path::new(".")).map_err(|error| error.to_string())?;
    let names = all.iter().filter_map(|stored| stored.folder().file_name());
    let names: Vec<OsString> = names.map(OsString::from).collect();
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err("the current folder has none".to_owned()),
        several => {
            let names: Vec<_> = several.iter().map(|name| name.to_string_lossy()).collect();
            Err(format!(
                "the current folder has several: {}",
                names.join(", ")
            ))
        }
    }
}

fn with_paragraphs(command: clap::Command) -> clap::Command {
    let text = command
        .get_long_about()
        .map(|text| joined(&text.to_string()));
    let command = match text {
        Some(text) => command.long_about(text),
        None => command,
    };
    command.mut_subcommands(with_paragraphs)
}

/// Joins the lines of each paragraph; one with indented lines is a list and stays as it is.
fn joined(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|text| match text.contains("\n ") {
        true => text.to_owned(),
        false => text.replace('\n', " "),
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// Defines the enum of commands from their names and modules. A module has a struct `Arguments`,
/// whose first doc line is the summary in `research help`, and a function
/// `run(&Arguments, &mut dyn Write) -> Result<Exit, CommandError>`.
macro_rules! commands {
    ($($name:ident = $module:ident,)*) => {
        /// The commands, in the order in which help lists them.
        #[derive(Debug, Subcommand)]
        #[allow(missing_docs, reason = "a doc comment would replace the summary of the module")]
        pub enum Command {
            $($name(commands::$module::Arguments),)*
        }

        impl Command {
            /// Runs the command, which writes its results to `out`.
            ///
            /// # Errors
            /// As for the command.
            pub fn run(&self, out: &mut dyn Write) -> Result<Exit, CommandError> {
                match self {
                    $(Self::$name(arguments) => commands::$module::run(arguments, out),)*
                }
            }
        }
    };
}

commands! {
    Init = init,
    Run = run,
    Resume = resume,
    Status = status,
    Show = show,
    Logs = logs,
    Results = results,
    Plot = plot,
    Profile = profile,
    Query = query,
    Artifacts = artifacts,
    Compact = compact,
    Reproduce = reproduce,
    Stop = stop,
    Remove = remove,
    List = list,
    Domain = domain,
    Env = env,
    Doctor = doctor,
    Devices = devices,
    Completions = completions,
    Man = man,
}

impl Command {
    /// Returns the folder of the research whose log the command reads, if it reads one.
    pub(crate) fn reads(&self) -> Option<&Path> {
        Some(match self {
            Self::Status(arguments) => &arguments.name,
            Self::Show(arguments) => &arguments.name,
            Self::Logs(arguments) => &arguments.name,
            Self::Results(arguments) => &arguments.name,
            Self::Plot(arguments) => &arguments.name,
            Self::Profile(arguments) => &arguments.name,
            Self::Query(arguments) => &arguments.name,
            Self::Artifacts(arguments) => &arguments.name,
            Self::Compact(arguments) => &arguments.name,
            Self::Reproduce(arguments) => &arguments.name,
            _ => return None,
        })
    }
}
