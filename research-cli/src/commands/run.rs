//! `research run` and `research resume`.

use std::io::{self, Write};
use std::path::Path;

use research::monitor::{Bar, Monitor, State, StatusReport, Summary};
use research::storage::{Format, StoredResearch, TableOptions, check_name};
use research::{Finished, Outcome, Research, Timestamp};

use super::{CommandError, status};
use crate::arguments::{ResumeArguments, RunArguments};
use crate::exit::Exit;
use crate::file::{FileError, ResearchFile};

/// Runs what a research file describes.
///
/// # Errors
/// The file is bad, a research of its name is there already, or it cannot be run or stored.
pub fn run(arguments: &RunArguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let mut file = ResearchFile::load_to_run(&arguments.file, &arguments.set)?;
    if let Some(name) = &arguments.name {
        check_name(name)?;
        file.name.clone_from(name);
    }
    if let Some(workers) = arguments.workers {
        file.options.workers = workers.into();
    }
    file.seed = arguments.seed.or(file.seed);
    let mut research = describe(&file)?;
    if let Some(seed) = file.seed {
        research = research.seed(seed);
    }
    let shown = Shown {
        bar: !arguments.no_bar,
        results: arguments.results,
    };
    finish(&file.name, research, shown, out, Research::run)
}

/// Goes on with a research that was interrupted.
///
/// # Errors
/// There is no such research, another process runs it, or it cannot be run or stored.
pub fn resume(arguments: &ResumeArguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let report = status::report(&stored)?;
    if report.state == State::Complete {
        return nothing_to_do(&report, &stored, arguments.results, out);
    }
    let record = stored.record();
    let source = record.source.as_ref();
    let source = source.ok_or_else(|| CommandError::NotFromFile(record.name.clone()))?;
    let mut file = ResearchFile::from_record(source)?;
    let mut options = file.options.clone();
    if let Some(workers) = arguments.workers {
        options.workers = workers.into();
    }
    let folder = stored.folder();
    let folder = folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder))?;
    // A folder that was renamed is the research all the same.
    if let Some(name) = folder.file_name() {
        file.name = name.to_string_lossy().into_owned();
    }
    let base = folder.parent().unwrap_or(Path::new("/"));
    // Programs are started where they were at first; a place that is gone is theirs to miss.
    let _ = std::env::set_current_dir(&record.directory);
    // What was recorded stays as it is, whatever this version would write for it.
    let research = describe(&file)?
        .source(source.clone())
        .options(options)
        .folder(base);
    let shown = Shown {
        bar: !arguments.no_bar,
        results: arguments.results,
    };
    finish(&file.name, research, shown, out, Research::resume)
}

/// A research that is complete is left as it is; its exit code is that of the run that completed
/// it.
fn nothing_to_do(
    report: &StatusReport,
    stored: &StoredResearch,
    with_results: bool,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let mut said = format!("{} is complete, nothing is left to run", report.name);
    for (place, count) in report.counts.iter().enumerate() {
        let before = if place == 0 { ": " } else { ", " };
        said.push_str(&format!("{before}{} {}", count.count, count.status));
    }
    for failure in &report.failures {
        said.push_str(&format!("\n  {failure}"));
    }
    // The exit code says the most of it, where nothing can be written.
    let _ = writeln!(io::stderr().lock(), "{said}");
    if with_results {
        print_results(&Finished::load(stored.folder()).map_err(Box::new)?, out)?;
    }
    Ok(match report.failed() {
        0 => Exit::Success,
        _ => Exit::Failures,
    })
}

fn print_results(finished: &Finished, out: &mut dyn Write) -> Result<(), CommandError> {
    let options = TableOptions::default();
    let results = finished.results();
    results
        .write(&options, Format::Table, out)
        .map_err(Box::new)?;
    Ok(())
}

/// What is shown while it runs and at its end.
struct Shown {
    bar: bool,
    results: bool,
}

fn describe(file: &ResearchFile) -> Result<Research, CommandError> {
    Ok(Research::new(&file.name)
        .domain(file.domain.clone())
        .experiment(file.experiment_builder()?)
        .options(file.options.clone())
        .source(serde_json::to_value(file).map_err(io::Error::from)?))
}

fn finish(
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
    if is_interrupted(&finished) {
        let _ = writeln!(io::stderr().lock(), "go on with `research resume {}`", name);
    }
    if shown.results {
        print_results(&finished, out)?;
    }
    Ok(exit(&finished))
}

fn is_interrupted(finished: &Finished) -> bool {
    let report = finished.report();
    report.is_some_and(|report| report.outcome != Outcome::Complete)
}

fn exit(finished: &Finished) -> Exit {
    match finished.report() {
        Some(_) if is_interrupted(finished) => Exit::Interrupted,
        Some(report) if report.counts.unsuccessful() > 0 => Exit::Failures,
        _ => Exit::Success,
    }
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
