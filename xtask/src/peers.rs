//! `cargo xtask bench --peers`: compares this program with others on the same work and the same
//! machine, and writes `docs/benchmarks.md`.

mod chart;
mod contestants;
mod page;
mod rounds;

use serde_json::Value;

use crate::python;
use crate::shell::{Failure, cargo, root, run, target};
use contestants::{CONTESTANTS, Contestant, Tools, Work};
use rounds::{Entry, Round};

/// Measures all contestants in turn, `rounds` times, and writes the page and its charts.
pub(crate) fn compare(rounds: u32) -> Result<(), Failure> {
    let tools = prepare()?;
    let mut entries: Vec<Entry> = CONTESTANTS.iter().map(Entry::new).collect();
    for number in 1..=rounds {
        for entry in &mut entries {
            eprintln!("round {number} of {rounds}: {}", entry.contestant.name);
            measure(entry, &tools);
        }
    }
    let docs = root().join("docs");
    for (work, file) in [(Work::Function, "functions"), (Work::Program, "programs")] {
        let chart = chart::draw(&entries, work);
        std::fs::write(docs.join(format!("benchmarks-{file}.svg")), chart)?;
    }
    std::fs::write(docs.join("benchmarks.md"), page::write(&entries, rounds))?;
    eprintln!("written: docs/benchmarks.md");
    Ok(())
}

/// Builds this program and installs the others.
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
        eprintln!("skipped the peers in Python: {failure}");
    }
    Ok(Tools {
        python: python.ok(),
        research: release.join("research"),
        many: release.join("examples/many"),
    })
}

/// Runs one round of a contestant, unless an earlier round failed.
fn measure(entry: &mut Entry, tools: &Tools) {
    if entry.failure.is_some() {
        return;
    }
    match one_round(entry.contestant, tools) {
        Ok(round) => entry.rounds.push(round),
        Err(failure) => {
            eprintln!("{}: {failure}", entry.contestant.name);
            entry.failure = Some(failure.0);
        }
    }
}

fn one_round(contestant: &Contestant, tools: &Tools) -> Result<Round, Failure> {
    let folder = std::env::temp_dir().join(format!("research-peers-{}", std::process::id()));
    // A failed round may have left the folder.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let mut command = contestant.command(tools, &folder)?;
    let finished = command.output()?;
    let round = parse(&String::from_utf8_lossy(&finished.stdout));
    std::fs::remove_dir_all(&folder)?;
    match round {
        Some(round) if finished.status.success() => Ok(round),
        _ => {
            let errors = String::from_utf8_lossy(&finished.stderr);
            let last = errors.lines().last().unwrap_or("no error output");
            Err(Failure(format!("{}: {last}", finished.status)))
        }
    }
}

/// Parses the last line that a contestant prints, which is JSON.
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
}
