//! The `research` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Otherwise a limit on the size of files kills the program without an error message.
    let _ = research::process::survive_file_size_limit();
    research::worker_entry_with(research::file::experiment_from_record);
    research_cli::complete();
    research_cli::run(std::env::args_os()).into()
}
