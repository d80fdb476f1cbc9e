//! The `research` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    research::worker_entry_with(research_cli::commands::lead::experiment_of_record);
    research_cli::complete();
    research_cli::run(std::env::args_os()).into()
}
