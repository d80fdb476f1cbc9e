//! `cargo xtask`: one command that proves the workspace, and one that measures it.

mod bench;
mod check;
mod layers;
mod peers;
mod shell;
mod tidy;
mod tools;

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
        /// Measure the program beside others, and write docs/benchmarks.md.
        #[arg(long, conflicts_with = "filter")]
        peers: bool,
        /// How many rounds, with --peers.
        #[arg(long, default_value_t = 3, requires = "peers")]
        rounds: usize,
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
    /// Run the distributor under simulation: crashes, lost and late messages, stops and updates of
    /// the domain, with its invariants checked at each step; `test` has a short form of this.
    Sim {
        /// How many histories.
        #[arg(long, default_value_t = 16)]
        seeds: u64,
        /// The seed of the first; the others follow. A multiple of 8 has all workers and configs.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// How many workers there are at most.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
        workers: u32,
        /// How many configs the first domain has at most.
        #[arg(long, default_value_t = 1_000_000)]
        configs: u64,
    },
    /// What the continuous integration runs: all of `test`.
    Ci,
    /// Build each feature alone, and test those that the program does not have: Arrow and polars.
    Features,
    /// Check the house rules alone: layers, file sizes, docs of crates.
    Tidy,
    /// Check spelling, unused dependencies, licenses, and the oldest Rust that is promised to work:
    /// with programs that must be installed first.
    Tools,
    /// Hand random input to all that parses.
    Fuzz {
        /// One target; all of them if not given.
        target: Option<String>,
        /// For how long each.
        #[arg(long, default_value_t = 600)]
        seconds: u64,
    },
    /// Build the documentation of the interfaces.
    Docs {
        /// Show it in a browser.
        #[arg(long)]
        open: bool,
    },
    /// Measure which lines the tests come through, into target/coverage (needs cargo-tarpaulin).
    Coverage,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { fast: true } => check::fast(),
        Command::Test { fast: false } | Command::Ci => check::all(),
        Command::Bench {
            peers: true,
            rounds,
            ..
        } => peers::compare(rounds),
        Command::Bench { filter, .. } => bench::run_all(filter.as_deref()),
        Command::Chaos { runs, seed } => check::chaos(runs, seed),
        Command::Sim {
            seeds,
            seed,
            workers,
            configs,
        } => check::simulate(seeds, seed, workers, configs),
        Command::Features => check::features(),
        Command::Tidy => tidy::check(),
        Command::Tools => tools::check(true).and_then(|()| tools::oldest_rust()),
        Command::Fuzz { target, seconds } => tools::fuzz(target.as_deref(), seconds),
        Command::Docs { open } => tools::docs(open),
        Command::Coverage => tools::coverage(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
