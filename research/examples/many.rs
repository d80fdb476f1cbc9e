//! Many experiments of one small function, timed: `cargo xtask bench --peers` compares it with
//! other programs. Prints one line of JSON.
//!
//! `cargo run --release --example many -- 1000 FOLDER [worker]`: with `worker`, experiments share
//! their workers' processes; otherwise each has its own process.

use std::path::Path;
use std::time::Instant;

use research::{Isolation, Research, ResearchError, ec, option};

/// A domain keeps its values in memory, so a million values of one parameter would dominate the
/// measurement.
fn study(experiments: i64, isolation: Isolation) -> Research {
    let thousands = option("thousand", 0..(experiments + 999) / 1000);
    Research::new("peer")
        .domain(thousands * option("x", 0..experiments.min(1000)))
        .n_configs(experiments.unsigned_abs())
        .callable("double", |x: i64| 2 * x, (ec("x"),))
        .save_to("value")
        .workers(2)
        .isolation(isolation)
}

/// The time and memory of a run of the study.
struct Times {
    run: f64,
    /// The peak memory of the run, in MiB.
    peak_mib: f64,
    table: f64,
    rows: usize,
}

fn measure(folder: &Path, experiments: i64, isolation: Isolation) -> Result<Times, ResearchError> {
    let start = Instant::now();
    let finished = study(experiments, isolation).folder(folder).run()?;
    let run = start.elapsed().as_secs_f64();
    let peak_mib = peak_mib();
    let start = Instant::now();
    let table = finished.results().table()?.to_string();
    Ok(Times {
        run,
        peak_mib,
        table: start.elapsed().as_secs_f64(),
        rows: table.lines().count(),
    })
}

/// Returns the peak memory of this process, the leader, in MiB; zero if the system does not report
/// it.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or(0.0) / 1024.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [experiments, folder, rest @ ..] = arguments.as_slice() else {
        return Err("give the number of experiments and a folder".into());
    };
    let experiments = experiments.parse()?;
    let isolation = match rest.first().map(String::as_str) {
        Some("worker") => Isolation::Worker,
        _ => Isolation::Experiment,
    };
    research::worker_entry(|| study(experiments, isolation));
    let folder = Path::new(folder);
    let times = measure(folder, experiments, isolation)?;
    if i64::try_from(times.rows)? < experiments {
        return Err("experiments are missing in the table".into());
    }
    let files: Vec<_> = std::fs::read_dir(folder.join("peer"))?.collect::<Result<_, _>>()?;
    let mut bytes = 0;
    for file in &files {
        bytes += file.metadata()?.len();
    }
    print!(
        r#"{{"version": "research {}", "experiments": {experiments}, "run_seconds": {}, "#,
        env!("CARGO_PKG_VERSION"),
        times.run,
    );
    println!(
        r#""table_seconds": {}, "peak_mib": {}, "files": {}, "bytes": {bytes}}}"#,
        times.table,
        times.peak_mib,
        files.len(),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(isolation: Isolation) -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let times = measure(folder.path(), 20, isolation)?;
        assert!(times.rows >= 20, "{} lines", times.rows);
        Ok(())
    }

    #[test]
    fn each_experiment_has_a_row() -> Result<(), Box<dyn std::error::Error>> {
        check(Isolation::Experiment)
    }

    #[test]
    fn each_experiment_of_shared_processes_has_a_row() -> Result<(), Box<dyn std::error::Error>> {
        check(Isolation::Worker)
    }
}
