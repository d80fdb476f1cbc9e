//! The command line: its commands, each of which is a module of [`commands`].

use std::io::Write;
use std::path::Path;

use clap::{Parser, Subcommand};

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

`research help COMMAND` has more about each command."
)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
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
            /// As the command says.
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
