//! `cargo xtask`: one command that proves the workspace, and one that measures it.

mod bench;
mod check;
mod coverage;
mod layers;
mod peers;
mod python;
mod shell;
mod side_by_side;
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
        #[arg(long, default_value_t = 3, requires = "peers", value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
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
    /// Damage logs, let system calls fail, fill disks, and remove, replace and copy files of runs, each at
    /// random, and check that nothing is lost or wrong without a word; `test` has a short form of this.
    Faults {
        /// One kind: damage, calls, commands, limits, disks, running, locks, copies, strangers, kinds or
        /// races; all of them if not given.
        kind: Option<String>,
        /// How many cases of each kind.
        #[arg(long, default_value_t = 200)]
        runs: u64,
        /// The seed of the first case; the others follow.
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
    /// Check the house rules alone: layers, sizes of files, docs of crates, what may panic, reasons of
    /// allowances, the lock file of the fuzz targets.
    Tidy,
    /// Check spelling, unused dependencies, licenses, and the oldest Rust that is promised to work,
    /// with programs that must be installed first; `test` runs those that are.
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
    /// Measure which lines the tests come through, into target/coverage (needs llvm-tools of rustup).
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
        Command::Faults { kind, runs, seed } => check::faults(kind.as_deref(), runs, seed),
        Command::Sim {
            seeds,
            seed,
            workers,
            configs,
        } => check::simulate(seeds, seed, workers, configs),
        Command::Features => check::features(),
        Command::Tidy => tidy::check(),
        Command::Tools => tools::all(),
        Command::Fuzz { target, seconds } => tools::fuzz(target.as_deref(), seconds),
        Command::Docs { open } => tools::docs(open),
        Command::Coverage => coverage::coverage(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::CommandFactory;

    use super::*;
    use crate::shell::root;

    /// The commands of this program that a text shows, in code: without what is optional, and with
    /// numbers for names of numbers.
    fn shown(text: &str) -> Vec<Vec<String>> {
        let commands = text.split("cargo xtask").skip(1);
        let line = |rest: &str| {
            rest.split(['`', '#', '\n', ',', '.', '"'])
                .next()
                .map(str::to_owned)
        };
        let placeholder = |word: &str| word.chars().all(|letter| letter.is_ascii_uppercase());
        let words = |line: String| {
            let words = line.split([' ', '[', ']']).filter(|word| !word.is_empty());
            let values = words.map(|word| if placeholder(word) { "1" } else { word }.to_owned());
            std::iter::once("xtask".to_owned()).chain(values).collect()
        };
        commands.filter_map(line).map(words).collect()
    }

    #[test]
    fn commands_are_what_the_documents_say() {
        let mut documents = Vec::new();
        for folder in ["", "docs", "fuzz", ".ci"] {
            for entry in fs::read_dir(root().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|it| it == "md") || path.ends_with(".ci/run") {
                    documents.push(path);
                }
            }
        }
        assert!(documents.len() > 8, "{documents:?}");
        for document in documents {
            for words in shown(&fs::read_to_string(&document).unwrap()) {
                if words.len() == 1 {
                    continue;
                }
                let parsed = Arguments::try_parse_from(&words);
                let error = parsed.err().map(|error| error.to_string());
                assert_eq!(error, None, "{}: {words:?}", document.display());
            }
        }
    }

    #[test]
    fn every_command_is_documented() {
        let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
        let shown = shown(&text);
        for command in Arguments::command().get_subcommands() {
            let name = command.get_name();
            let is_shown = shown
                .iter()
                .any(|words| words.get(1).is_some_and(|word| word == name));
            assert!(
                is_shown,
                "CONTRIBUTING.md does not say what `cargo xtask {name}` does"
            );
        }
    }
}
