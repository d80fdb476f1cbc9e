//! `cargo xtask`: one command that proves the workspace, and one that measures it.

mod bench;
mod check;
mod layers;
mod shell;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tests, benches and checks of the research workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything that must hold: format, lints, docs, house rules, all tests.
    Test {
        /// Only the tests and the house rules, without format, lints and docs.
        #[arg(long)]
        fast: bool,
    },
    /// Measure, and print ratios against the limits of this machine.
    Bench {
        /// Only benches whose name contains this.
        filter: Option<String>,
    },
    /// Kill leaders, workers, executors and programs at random moments, resume, and compare with
    /// undisturbed runs; `test` has a short form of this.
    Chaos {
        /// How many runs.
        #[arg(long, default_value_t = 200)]
        runs: u64,
        /// The seed of the first run; the others follow.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// What the continuous integration runs: all of `test`.
    Ci,
    /// Check the house rules alone: layers, file sizes, docs of crates.
    Tidy,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { fast: true } => check::fast(),
        Command::Test { fast: false } | Command::Ci => check::all(),
        Command::Bench { filter } => bench::run_all(filter.as_deref()),
        Command::Chaos { runs, seed } => check::chaos(runs, seed),
        Command::Tidy => tidy::check(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
