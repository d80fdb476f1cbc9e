//! `cargo xtask`: the tests, checks and benches of the workspace.

mod bench;
mod check;
mod coverage;
mod layers;
mod peers;
mod python;
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
    /// Check the format, lints, docs and rules of the project, and run all tests.
    Test {
        /// Check only the rules of the project and the tests, without format, lints and docs.
        #[arg(long)]
        fast: bool,
    },
    /// Measure the speed, and print ratios to the limits of this machine.
    Bench {
        /// Run only benches whose name contains this.
        filter: Option<String>,
        /// Compare the program with others, and write docs/benchmarks.md.
        #[arg(long, conflicts_with = "filter")]
        peers: bool,
        /// The number of rounds of --peers.
        #[arg(
            long,
            default_value_t = 3,
            requires = "peers",
            value_parser = clap::value_parser!(u32).range(1..)
        )]
        rounds: u32,
    },
    /// Kill leaders, workers, executors and programs at random moments, resume, and compare with
    /// undisturbed runs; `test` includes a short form.
    Chaos {
        /// The number of runs.
        #[arg(long, default_value_t = 200)]
        runs: u64,
        /// The seed of the first run; the others have the next numbers.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Damage logs, make system calls fail, fill disks, and remove, replace and copy files of runs,
    /// at random, and check that every loss is reported; `test` includes a short form.
    Faults {
        /// One kind (default: all): damage, calls, commands, limits, disks, running, locks, copies,
        /// strangers, kinds or races.
        kind: Option<String>,
        /// The number of cases of each kind.
        #[arg(long, default_value_t = 200)]
        runs: u64,
        /// The seed of the first case; the others have the next numbers.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Simulate the scheduler: crashes, lost and late messages, stops and updates of the domain,
    /// and check its invariants at each step; `test` includes a short form.
    Sim {
        /// The number of histories.
        #[arg(long, default_value_t = 16)]
        seeds: u64,
        /// The seed of the first history; the others have the next numbers. Multiples of 8 use the
        /// full number of workers and configs.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// The limit on the workers of a history.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
        workers: u32,
        /// The limit on the configs of the first domain.
        #[arg(long, default_value_t = 1_000_000)]
        configs: u64,
    },
    /// Run the checks of the continuous integration: all of `test`.
    Ci,
    /// Build each feature alone, and test those that the program does not use: Arrow and polars.
    Features,
    /// Check the rules of the project: layers, circles of modules, sizes of files, columns, words,
    /// code that may panic or that libraries must not have, reasons of allowances, the lock file of
    /// the fuzz targets.
    Tidy {
        /// Print the lines of src, the public names and the hits of each crate.
        #[arg(long, group = "instead")]
        figures: bool,
        /// Print all hits of one rule, also the allowed ones: width, words, paths, circles or
        /// libraries.
        #[arg(long, value_name = "RULE", group = "instead")]
        show: Option<String>,
        /// Lower the allowances in xtask/allowances.txt to the current numbers of hits.
        #[arg(long, group = "instead")]
        lower: bool,
    },
    /// Check spelling, unused dependencies, licenses, and a build with the oldest supported Rust.
    /// The programs for this must be installed first; `test` runs the installed ones.
    Tools,
    /// Fuzz every parser.
    Fuzz {
        /// The target to fuzz (default: all).
        target: Option<String>,
        /// The time for each target in seconds.
        #[arg(long, default_value_t = 600)]
        seconds: u64,
    },
    /// Build the API documentation.
    Docs {
        /// Open it in a browser.
        #[arg(long)]
        open: bool,
    },
    /// Measure the lines that tests cover, into target/coverage (needs llvm-tools of rustup).
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
        Command::Tidy { figures: true, .. } => tidy::figures(),
        Command::Tidy { lower: true, .. } => tidy::lower(),
        Command::Tidy {
            show: Some(rule), ..
        } => tidy::show(&rule),
        Command::Tidy { .. } => tidy::check(),
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

    /// Returns the commands of this program that a document shows in code, without the brackets of
    /// optional parts, and with 1 for placeholders.
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
                "CONTRIBUTING.md does not describe `cargo xtask {name}`"
            );
        }
    }
}
