//! What `research run` and `research resume` have in common: leading a run, and telling of it.

use std::io::{self, Write};

use research::monitor::{Bar, Monitor, Summary};
use research::storage::{Format, TableOptions};
use research::{Finished, Outcome, Research, Timestamp};

use super::CommandError;
use crate::exit::Exit;
use crate::file::{FileError, ResearchFile};

/// What is shown while it runs and at its end.
pub(super) struct Shown {
    pub(super) bar: bool,
    pub(super) results: bool,
}

/// The research that a file describes.
pub(super) fn describe(file: &ResearchFile) -> Result<Research, CommandError> {
    Ok(Research::new(&file.name)
        .domain(file.domain.clone())
        .experiment(file.experiment_builder()?)
        .options(file.options.clone())
        .source(serde_json::to_value(file).map_err(io::Error::from)?))
}

/// Runs it, shows how it goes, and says at the end what came of it.
pub(super) fn lead(
    name: &str,
    mut research: Research,
    shown: Shown,
    out: &mut dyn Write,
    run: impl FnOnce(Research) -> Result<Finished, research::ResearchError>,
) -> Result<Exit, CommandError> {
    let monitor = Monitor::new();
    research = if shown.bar {
        research.subscriber(Bar::stderr(name, monitor.clone()))
    } else {
        research.subscriber(monitor.clone())
    };
    let finished = run(research).map_err(Box::new)?;
    let summary = Summary::of(&monitor.picture(), Timestamp::now());
    // What cannot be said on standard error is in the log.
    let _ = writeln!(io::stderr().lock(), "{summary}");
    if !is_complete(&finished) {
        let _ = writeln!(io::stderr().lock(), "go on with `research resume {}`", name);
    }
    if shown.results {
        print_results(&finished, out)?;
    }
    Ok(exit(&finished))
}

fn is_complete(finished: &Finished) -> bool {
    let report = finished.report();
    report.is_none_or(|report| report.outcome == Outcome::Complete)
}

fn exit(finished: &Finished) -> Exit {
    match finished.report() {
        Some(report) if report.outcome == Outcome::Interrupted => Exit::Interrupted,
        Some(report) if report.counts.unsuccessful() > 0 => Exit::Failures,
        _ => Exit::Success,
    }
}

pub(super) fn print_results(finished: &Finished, out: &mut dyn Write) -> Result<(), CommandError> {
    let options = TableOptions::default();
    let results = finished.results();
    results
        .write(&options, Format::Table, out)
        .map_err(Box::new)?;
    Ok(())
}

/// Builds the experiment in a worker, from what the leader has recorded.
///
/// # Errors
/// The leader has recorded nothing, or what no file can say.
pub fn experiment_of_record(source: Option<&str>) -> Result<research::Experiment, String> {
    let source = source.ok_or("the leader has recorded no research file")?;
    let record = serde_json::from_str(source).map_err(|error| error.to_string())?;
    let build = || -> Result<_, FileError> { ResearchFile::from_record(&record)?.experiment() };
    build().map_err(|error| error.to_string())
}
