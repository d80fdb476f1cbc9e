//! `research show`: shows everything that is known about an experiment.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use research::base::MemorySize;
use research::base::text::plural;
use research::domain::{Config, Value};
use research::storage::StoredResearch;
use research::{ExperimentReport, FailureReport, SavedVariable, Status, Timestamp, UnitCommand};
use serde::Serialize;

use super::{CommandError, TextOrJson, write_json};
use crate::exit::Exit;
use crate::hints;

/// The maximum number of characters of a saved value, and of a parameter.
const SHOWN: usize = 200;

/// Show all that is known of an experiment
#[derive(Debug, Args)]
#[command(
    long_about = "\
Show all that is known of an experiment: its status and the reason, config, seed, the commands that
ran, host, times, usage, saved values, failures with the last lines that were printed, and the
commands that run it again.

A command is as it ran if the run recorded it, which it does for units that failed. Other commands
follow from the research file; an output of another unit that was not saved stays in braces.",
    after_help = "\
Examples:
  research show power 0a8e2ffa08450723
  research show power 0a8e
  research show power 0a8e --format json"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// The id of the experiment, or a unique prefix
    pub id: String,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// The report, and the commands to type next.
#[derive(Serialize)]
struct Shown<'a> {
    research: String,
    #[serde(flatten)]
    report: &'a ExperimentReport,
    reproduce: Option<String>,
    rerun: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let report = ExperimentReport::load(&stored, &arguments.id).map_err(Box::new)?;
    let is_from_file = stored.record().source.is_some();
    let name = &arguments.name;
    let has_failed = report.status.is_some_and(|status| !status.is_success());
    let shown = Shown {
        research: stored.name(),
        report: &report,
        reproduce: is_from_file.then(|| hints::reproduce(name, report.id.as_str())),
        rerun: (is_from_file && has_failed).then(|| {
            let failures = report.failures.iter();
            hints::rerun(name, failures.map(|failure| failure.message.as_str()))
        }),
    };
    match arguments.format {
        TextOrJson::Json => write_json(out, &shown)?,
        TextOrJson::Text => shown.print(out)?,
    }
    Ok(Exit::Success)
}

impl Shown<'_> {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let report = self.report;
        let status = match report.status {
            None => "has not ended".to_owned(),
            Some(Status::Stopped) => "finished (at the end of a generator)".to_owned(),
            Some(status) => status.as_str().replace('_', " "),
        };
        let last = report
            .failures
            .last()
            .map(|failure| failure.message.as_str());
        let reason = last.filter(|_| report.status.is_some_and(|status| !status.is_success()));
        let reason = reason.or(report.reason.as_deref());
        let reason = reason.map(|reason| format!(": {}", reason.trim_end()));
        writeln!(
            out,
            "{} of {}: {status}{}",
            report.id,
            self.research,
            reason.unwrap_or_default()
        )?;
        block(out, "config", &self.config())?;
        block(out, "ran", &self.ran())?;
        let commands: Vec<String> = report.commands.iter().map(command).collect();
        block(out, "commands", &commands)?;
        let saved: Vec<String> = report.values.iter().map(saved).collect();
        block(out, "saved", &saved)?;
        let failures = report.failures.iter();
        let failures: Vec<String> = failures.flat_map(|one| failure(one, report)).collect();
        block(out, "failures", &failures)?;
        block(out, "stdout", &report.stdout)?;
        block(out, "stderr", &report.stderr)?;
        let folder = report
            .folder
            .iter()
            .map(|folder| folder.display().to_string());
        block(out, "folder", &folder.collect::<Vec<_>>())?;
        let commands = [("reproduce", &self.reproduce), ("rerun", &self.rerun)];
        for (title, command) in commands {
            block(out, title, command.as_slice())?;
        }
        Ok(())
    }

    fn config(&self) -> Vec<String> {
        let report = self.report;
        let mut lines: Vec<String> = report.config.iter().map(item).collect();
        let added = report.added.iter().map(|one| item(one) + " (added)");
        lines.extend(added);
        let updates = match report.updates {
            0 => String::new(),
            updates => format!(", after {}", plural(updates, "domain update")),
        };
        let (repetition, seed) = (report.repetition, report.seed);
        lines.push(format!("repetition {repetition}, seed {seed}{updates}"));
        lines
    }

    fn ran(&self) -> Vec<String> {
        let report = self.report;
        let at = |seconds: f64| Timestamp((seconds * 1e6) as u64).to_string();
        let mut lines = vec![match (report.ended, report.seconds) {
            (Some(ended), Some(seconds)) => {
                format!("{} to {}, {seconds:.3} s", at(report.started), at(ended))
            }
            _ => format!("since {}", at(report.started)),
        }];
        let mut place = Vec::new();
        place.extend(report.run.map(|run| format!("run {run}")));
        place.extend(report.host.as_ref().map(|host| format!("host {host}")));
        place.push(format!("worker {}, process {}", report.worker, report.pid));
        if report.attempts > 1 {
            place.push(format!("attempt {}", report.attempts));
        }
        lines.push(place.join(", "));
        let mut used = vec![plural(report.iterations, "iteration")];
        let usage = &report.usage;
        used.extend(
            usage
                .peak_memory
                .map(|peak| format!("{} of memory", MemorySize(peak))),
        );
        let cpu = usage.cpu_seconds;
        used.extend(cpu.map(|seconds| format!("{seconds:.3} s of processor time")));
        used.extend(usage.exit_code.map(|code| format!("exit code {code}")));
        lines.push(used.join(", "));
        lines
    }
}

fn item((key, value): (&str, &Value)) -> String {
    let mut config = Config::new();
    config.insert(key, value.clone());
    shorten(&config.to_string())
}

fn command(command: &UnitCommand) -> String {
    format!("{}: {}", command.unit, command.command)
}

fn saved(variable: &SavedVariable) -> String {
    let value = shorten(&variable.last.to_string());
    let others = match variable.values {
        1 => String::new(),
        values => format!(" (last of {values}, iteration {})", variable.iteration),
    };
    format!("{} = {value}{others}", variable.name)
}

/// Returns the lines of a failure. The message of the last failure is in the title.
fn failure(failure: &FailureReport, report: &ExperimentReport) -> Vec<String> {
    let mut place = Vec::new();
    if report.attempts > 1 {
        place.push(format!("attempt {}", failure.attempt));
    }
    place.extend(failure.unit.as_ref().map(|unit| format!("unit `{unit}`")));
    place.push(format!("iteration {}", failure.iteration));
    let is_last = report.failures.last() == Some(failure);
    let message = match is_last && report.status.is_some_and(|status| !status.is_success()) {
        true => String::new(),
        false => format!(": {}", failure.message),
    };
    let mut lines = vec![format!("{}{message}", place.join(", "))];
    lines.extend(failure.lines.iter().map(|line| format!("  {line}")));
    lines
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Writes lines under a title, or nothing if there are none.
fn block(out: &mut dyn Write, title: &str, lines: &[String]) -> io::Result<()> {
    for (number, line) in lines.iter().flat_map(|line| line.lines()).enumerate() {
        let title = if number == 0 { title } else { "" };
        writeln!(out, "{title:<10} {line}")?;
    }
    Ok(())
}
