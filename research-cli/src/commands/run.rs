//! `research run` and `research resume`.

use std::io::{self, Write};
use std::path::Path;

use research::monitor::{Bar, Monitor, Summary};
use research::storage::{Format, StoredResearch, TableOptions, check_name};
use research::{Finished, Outcome, Research, Timestamp};

use super::CommandError;
use crate::arguments::{ResumeArguments, RunArguments};
use crate::exit::Exit;
use crate::file::{FileError, ResearchFile};

/// Runs what a research file describes.
///
/// # Errors
/// The file is bad, a research of its name is there already, or it cannot be run or stored.
pub fn run(arguments: &RunArguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let mut file = ResearchFile::load(&arguments.file, &arguments.set)?;
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
    let record = stored.record();
    let source = record.source.as_ref();
    let source = source.ok_or_else(|| CommandError::NotFromFile(record.name.clone()))?;
    let mut file = ResearchFile::from_record(source)?;
    if let Some(workers) = arguments.workers {
        file.options.workers = workers.into();
    }
    let folder = std::path::absolute(stored.folder())?;
    let base = folder.parent().unwrap_or(Path::new("/"));
    // Programs are started where they were at first; a place that is gone is theirs to miss.
    let _ = std::env::set_current_dir(&record.directory);
    let research = describe(&file)?.folder(base);
    let shown = Shown {
        bar: !arguments.no_bar,
        results: arguments.results,
    };
    finish(&file.name, research, shown, out, Research::resume)
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
    if shown.results {
        let options = TableOptions::default();
        finished
            .results()
            .write(&options, Format::Table, out)
            .map_err(Box::new)?;
    }
    Ok(exit(&finished))
}

fn exit(finished: &Finished) -> Exit {
    match finished.report() {
        Some(report) if report.outcome != Outcome::Complete => Exit::Interrupted,
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
