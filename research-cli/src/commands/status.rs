//! `research status`: how a research stands.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use clap::{Args, ValueEnum};
use console::truncate_str;
use research::core::{StorageError, Timestamp};
use research::monitor::{MonitorLog, Picture, StatusReport};
use research::storage::{LogReader, MixedColumns, Runner, StoredResearch};

use super::results::mixed_note;
use super::{CommandError, write_json};
use crate::exit::Exit;

/// Show how a research stands
#[derive(Debug, Args)]
#[command(
    long_about = "\
Show how a research stands: what is done, running, failed and left, how fast it goes and how long it
will take, what each worker does, and why experiments failed.

With --format csv, what happened is printed, a line for each start and end and for each exception.",
    after_help = "\
Examples:
  research status power
  research status power --watch
  research status power --watch 10 > progress.txt
  research status power --format json
  research status power --format csv > monitor.csv"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Show it again every so many seconds, until the run ends
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1",
          value_parser = interval)]
    pub watch: Option<Duration>,
}

/// How a status is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object; with --watch, one in each line
    Json,
    /// The monitor's log: a line for each thing that happened
    Csv,
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    seconds
        .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
        .filter(|interval| *interval >= Duration::from_millis(100))
        .ok_or_else(|| "a number of seconds, 0.1 at least".to_owned())
}

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, and an output that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let mut events = stored.events()?;
    if arguments.format == Format::Csv {
        return log(&stored, &mut events, arguments.watch, out);
    }
    let mut picture = Picture::default();
    let mut mixed = MixedColumns::default();
    let mut screen = Screen::default();
    loop {
        // Asked before the log is read: a run that ends in between says so in the log.
        let runner = stored.runner()?;
        let is_run = runner.is_some();
        for events in &mut events {
            for event in &events? {
                picture.apply(event);
                mixed.apply(event);
            }
        }
        let name = stored.name();
        let report = StatusReport::of(&name, &picture, is_run, now(runner.as_ref()))
            .called(arguments.name.to_string_lossy());
        let interval = arguments.watch.filter(|_| is_run);
        match (arguments.format, arguments.watch) {
            (Format::Json, _) => {
                write_json(out, &report)?;
                writeln!(out)?;
            }
            (_, None) => {
                writeln!(out, "{report}")?;
                if let Some(note) = mixed_note(&mixed.found()) {
                    writeln!(out, "{note}")?;
                }
            }
            (_, Some(_)) => screen.show(&report, interval.is_none(), out)?,
        }
        out.flush()?;
        match interval {
            Some(interval) => sleep(interval),
            None => return Ok(Exit::Success),
        }
    }
}

/// How a research stands now, folded from its log.
pub(crate) fn report(stored: &StoredResearch) -> Result<StatusReport, StorageError> {
    // Asked before the log is read: a run that ends in between says so in the log.
    let runner = stored.runner()?;
    let mut picture = Picture::default();
    fold(&mut stored.events()?, &mut picture)?;
    let name = stored.name();
    let now = now(runner.as_ref());
    Ok(StatusReport::of(&name, &picture, runner.is_some(), now))
}

/// What the clock shows now by which the events of a run tell the time.
fn now(runner: Option<&Runner>) -> Timestamp {
    runner.map_or_else(Timestamp::now, Runner::now)
}

fn fold(events: &mut LogReader, picture: &mut Picture) -> Result<(), StorageError> {
    for events in events {
        for event in &events? {
            picture.apply(event);
        }
    }
    Ok(())
}

/// The monitor's log, as it would have been written during the run.
fn log(
    stored: &StoredResearch,
    events: &mut LogReader,
    watch: Option<Duration>,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let mut log = MonitorLog::new(out)?;
    loop {
        let is_run = stored.runner()?.is_some();
        for events in &mut *events {
            log.write_events(&events?)?;
        }
        match watch.filter(|_| is_run) {
            Some(interval) => sleep(interval),
            None => return Ok(Exit::Success),
        }
    }
}

/// What shows one report after another: on a terminal in the place of the one before, elsewhere
/// line by line.
#[derive(Default)]
struct Screen {
    /// How many lines of the terminal the last report has taken.
    lines: usize,
}

impl Screen {
    fn show(
        &mut self,
        report: &StatusReport,
        is_last: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if !io::stdout().is_terminal() {
            return writeln!(out, "{}", report.line());
        }
        let (rows, columns) = console::Term::stdout().size();
        if self.lines > 0 {
            // Up, and away with what was there. These codes do not go through the writer, which
            // lets none through.
            out.flush()?;
            let mut terminal = io::stdout();
            write!(terminal, "\x1b[{}A\x1b[J", self.lines)?;
            terminal.flush()?;
        }
        let text = report.to_string();
        if is_last {
            return writeln!(out, "{text}");
        }
        // What does not fit would scroll, and could not be written over.
        let lines = text.lines().take(usize::from(rows).saturating_sub(1));
        self.lines = 0;
        for line in lines {
            writeln!(out, "{}", truncate_str(line, usize::from(columns), "…"))?;
            self.lines += 1;
        }
        Ok(())
    }
}
