//! `cargo xtask bench --peers`: this program beside others, the same work on the same machine in
//! one run, written to `docs/benchmarks.md`.

mod chart;
mod contestants;
mod page;

use std::path::PathBuf;

use serde_json::Value;

use crate::python;
use crate::shell::{Failure, cargo, root, run, target};
use contestants::{CONTESTANTS, Contestant, Work};

/// What a contestant did in one round.
#[derive(Clone, Debug)]
struct Round {
    version: String,
    experiments: f64,
    run_seconds: f64,
    table_seconds: Option<f64>,
    peak_mib: Option<f64>,
    files: u64,
    bytes: u64,
}

/// A contestant with its rounds; none where it could not be installed or failed.
struct Entry {
    contestant: &'static Contestant,
    rounds: Vec<Round>,
    failure: Option<String>,
}

/// Where things are that contestants need.
struct Tools {
    python: Option<PathBuf>,
    research: PathBuf,
    many: PathBuf,
}

/// Measures all contestants, `rounds` times in turns, and writes the page and its picture.
pub(crate) fn compare(rounds: u32) -> Result<(), Failure> {
    let tools = prepare()?;
    let mut entries: Vec<Entry> = CONTESTANTS.iter().map(Entry::new).collect();
    for number in 1..=rounds {
        for entry in &mut entries {
            eprintln!("round {number} of {rounds}: {}", entry.contestant.name);
            entry.measure(&tools);
        }
    }
    let docs = root().join("docs");
    for (work, file) in [(Work::Function, "functions"), (Work::Program, "programs")] {
        let picture = chart::draw(&entries, work);
        std::fs::write(docs.join(format!("benchmarks-{file}.svg")), picture)?;
    }
    std::fs::write(docs.join("benchmarks.md"), page::write(&entries, rounds))?;
    eprintln!("written: docs/benchmarks.md");
    Ok(())
}

/// Builds what is ours and installs what is not.
fn prepare() -> Result<Tools, Failure> {
    run(&mut cargo([
        "build",
        "--release",
        "--locked",
        "--package=research-cli",
    ]))?;
    run(&mut cargo([
        "build",
        "--release",
        "--locked",
        "--package=research",
        "--example=many",
    ]))?;
    let release = target()?.join("release");
    let python = python::environment("peers", &["-r", "xtask/peers/requirements.txt"]);
    if let Err(failure) = &python {
        eprintln!("the peers in Python are left out: {failure}");
    }
    Ok(Tools {
        python: python.ok(),
        research: release.join("research"),
        many: release.join("examples/many"),
    })
}

impl Entry {
    fn new(contestant: &'static Contestant) -> Self {
        Self {
            contestant,
            rounds: Vec::new(),
            failure: None,
        }
    }

    fn measure(&mut self, tools: &Tools) {
        if self.failure.is_some() {
            return;
        }
        match one_round(self.contestant, tools) {
            Ok(round) => self.rounds.push(round),
            Err(failure) => {
                eprintln!("{}: {failure}", self.contestant.name);
                self.failure = Some(failure.0);
            }
        }
    }

    /// The rounds' values of a figure, from the smallest to the largest.
    fn sorted(&self, figure: impl Fn(&Round) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.rounds.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// The median of a figure; `None` where there are no rounds.
    fn median(&self, figure: impl Fn(&Round) -> f64) -> Option<f64> {
        let values = self.sorted(figure);
        let upper = values.get(values.len() / 2)?;
        let lower = values.get((values.len() - 1) / 2)?;
        Some(f64::midpoint(*lower, *upper))
    }
}

fn one_round(contestant: &Contestant, tools: &Tools) -> Result<Round, Failure> {
    let folder = std::env::temp_dir().join(format!("research-peers-{}", std::process::id()));
    // What a round before has left behind, if it failed.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let mut command = contestant.command(tools, &folder)?;
    let finished = command.output()?;
    let round = parse(&String::from_utf8_lossy(&finished.stdout));
    std::fs::remove_dir_all(&folder)?;
    match round {
        Some(round) if finished.status.success() => Ok(round),
        _ => {
            let said = String::from_utf8_lossy(&finished.stderr);
            let last = said.lines().last().unwrap_or("it said nothing");
            Err(Failure(format!(
                "it ended with {}: {last}",
                finished.status
            )))
        }
    }
}

/// The contestant's line of JSON, which is the last that it prints.
fn parse(printed: &str) -> Option<Round> {
    let line: Value = serde_json::from_str(printed.lines().last()?).ok()?;
    Some(Round {
        version: line["version"].as_str()?.to_owned(),
        experiments: line["experiments"].as_f64()?,
        run_seconds: line["run_seconds"].as_f64()?,
        table_seconds: line["table_seconds"].as_f64(),
        peak_mib: line["peak_mib"].as_f64(),
        files: line["files"].as_u64()?,
        bytes: line["bytes"].as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_a_round() {
        let line = r#"{"version": "a 1", "experiments": 10, "run_seconds": 0.5,
            "table_seconds": null, "peak_mib": 3.5, "files": 2, "bytes": 7}"#
            .replace('\n', " ");
        let round = parse(&format!("noise\n{line}\n")).unwrap();
        assert_eq!((round.files, round.table_seconds), (2, None));
        assert_eq!(round.peak_mib, Some(3.5));
        assert!(parse("").is_none());
        assert!(parse("{}").is_none());
    }

    #[test]
    fn the_median_of_two_rounds_is_between_them() {
        let round = |run_seconds| Round {
            version: String::new(),
            experiments: 1.0,
            run_seconds,
            table_seconds: None,
            peak_mib: None,
            files: 0,
            bytes: 0,
        };
        let mut entry = Entry::new(&CONTESTANTS[0]);
        let median = |entry: &Entry| entry.median(|round| round.run_seconds);
        assert_eq!(median(&entry), None);
        entry.rounds = vec![round(4.0), round(1.0)];
        assert_eq!(median(&entry), Some(2.5));
        entry.rounds.push(round(9.0));
        assert_eq!(median(&entry), Some(4.0));
    }
}
