//! The `research` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    research_cli::run(std::env::args_os()).into()
}
