//! The `research` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Without it a limit on the size of files ends the program without an error message.
    let _ = research::process::survive_file_size_limit();
    research::worker_entry_with(research_cli::commands::lead::experiment_of_record);
    research_cli::complete();
    research_cli::run(std::env::args_os()).into()
}
