//! Writes the page `docs/benchmarks.md`.

use std::fmt::Write;

use super::chart::grouped;
use super::contestants::Work;
use super::rounds::Entry;

const OPENING: &str = "\
# Beside other programs

Written by `cargo xtask bench --peers`, which installs those that are Python packages from the
package index, and runs the same work with all of them in turns, two experiments at a time (Hydra:
one), on one machine, each with its own defaults. What each starts, workers, programs and a server
where it has one, is in its time; the Python that calls a library is not. Medians, and the spread
from the slowest to the fastest round. Memory is that of the largest process up to the end of the
run, of research the leader. What each keeps, and what an experiment is kept apart by, differs: it
stands beside the figures, which mean little without it.
";

/// Returns the text of the page.
pub(super) fn write(entries: &[Entry], rounds: u32) -> String {
    let mut page = OPENING.to_owned();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Writing to a string cannot fail.
    let _ = writeln!(page, "\n{rounds} rounds, {cores} processor cores, Linux.");
    section(
        &mut page,
        entries,
        Work::Function,
        "A function",
        "Each experiment calls a function that doubles a number, and its result is kept. `table` \
         is from the\nfiles to a table with a row per experiment.",
        "functions",
    );
    section(
        &mut page,
        entries,
        Work::Program,
        "A program",
        "Each experiment starts `/bin/true`. `xargs` is the floor: it keeps nothing.",
        "programs",
    );
    page
}

fn section(page: &mut String, entries: &[Entry], work: Work, title: &str, text: &str, file: &str) {
    let _ = write!(
        page,
        "\n## {title}\n\n{text}\n\n![experiments per second](benchmarks-{file}.svg)\n\n\
         | | experiments/s | spread | each | table | most memory of a process | \
         files, bytes per experiment | kept apart by | kept |\n\
         |---|--:|--:|--:|--:|--:|--:|---|---|\n"
    );
    for entry in entries.iter().filter(|entry| entry.contestant.work == work) {
        page.push_str(&row(entry));
    }
}

fn row(entry: &Entry) -> String {
    let contestant = entry.contestant;
    let (Some(last), Some(rate)) = (entry.rounds.last(), entry.rate()) else {
        let why = entry.failure.as_deref().unwrap_or("not measured");
        return format!("| {} | {why} | | | | | | | |\n", contestant.name);
    };
    let rates = entry.sorted(|round| round.experiments / round.run_seconds);
    let spread = match rates.as_slice() {
        [slowest, .., fastest] => format!("{}–{}", grouped(*slowest), grouped(*fastest)),
        _ => String::new(),
    };
    let table = match entry.median(|round| round.table_seconds.unwrap_or(f64::NAN)) {
        Some(seconds) if seconds.is_finite() => format!("{:.1} ms", 1e3 * seconds),
        _ => "–".to_owned(),
    };
    let peak = match entry.median(|round| round.peak_mib.unwrap_or(f64::NAN)) {
        Some(mib) if mib.is_finite() => format!("{mib:.0} MiB"),
        _ => "–".to_owned(),
    };
    format!(
        "| {} ({}) | {} | {spread} | {:.2} ms | {table} | {peak} | {}, {} | {} | {} |\n",
        contestant.name,
        last.version,
        grouped(rate),
        1e3 / rate,
        grouped(last.files as f64 / last.experiments),
        grouped(last.bytes as f64 / last.experiments),
        contestant.isolation,
        contestant.keeps,
    )
}
