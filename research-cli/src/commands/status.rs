//! `research status`: shows the state of a research.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use clap::{Args, ValueEnum};
use console::truncate_str;
use research::UsageSampler;
use research::base::{Fold, StorageError, Timestamp};
use research::monitor::{MonitorLog, RunState, State, StatusReport};
use research::storage::{Follower, MixedColumns, Runner, StoredResearch};

use super::results::mixed_note;
use super::{CommandError, seconds, truncated_log, write_json};
use crate::exit::Exit;
use crate::hints;

/// Show the state of a research
#[derive(Debug, Args)]
#[command(
    long_about = "\
Show the state of a research: how many experiments are done, running, failed and left, the rate and
the time to completion, what each worker runs with the memory and the processor time that its
processes use, and why experiments failed.

With --format csv, print events: a line for each start, end and exception.",
    after_help = "\
Examples:
  research status power
  research status power --watch
  research status power --watch 10 > progress.txt
  research status power --format json
  research status power --format csv > monitor.csv"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Refresh every SECONDS, until the run ends
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1",
          value_parser = interval)]
    pub watch: Option<Duration>,
}

/// The output formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text
    #[default]
    Text,
    /// A JSON object; with --watch, one per line
    Json,
    /// Events as CSV
    Csv,
}

fn interval(text: &str) -> Result<Duration, String> {
    seconds(text)
        .filter(|interval| *interval >= Duration::from_millis(100))
        .ok_or_else(|| "expected a number of seconds, 0.1 or more".to_owned())
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let mut follower = Follower::new(&stored)?;
    if arguments.format == Format::Csv {
        return log(&mut follower, arguments.watch, out);
    }
    let mut state = RunState::default();
    let mut mixed = MixedColumns::default();
    let mut screen = Screen::default();
    let mut usage = UsageSampler::new();
    loop {
        let runner = follower.read(|events| {
            state.apply_all(events);
            mixed.apply_all(events);
            Ok::<_, StorageError>(())
        })?;
        let is_run = runner.is_some();
        let name = stored.name();
        let mut report = StatusReport::new(&name, &state, is_run, now(runner.as_ref()));
        check_new(&mut report, &stored);
        usage.sample(&mut report, stored.record());
        let interval = arguments.watch.filter(|_| is_run);
        match (arguments.format, arguments.watch) {
            (Format::Json, _) => write_json(out, &report)?,
            (_, None) => {
                writeln!(out, "{report}")?;
                if let Some(hint) = hints::for_state(report.state, &arguments.name) {
                    writeln!(out, "{hint}")?;
                }
                if let Some(note) = mixed_note(&mixed.found()) {
                    writeln!(out, "{note}")?;
                }
            }
            (_, Some(_)) => screen.show(&report, interval.is_none(), out)?,
        }
        out.flush()?;
        match interval {
            Some(interval) => sleep(interval),
            None => {
                truncated_log::warn_of_unknown(follower.unknown_events(), &stored);
                return Ok(Exit::Success);
            }
        }
    }
}

/// Returns the current status of a research, from its log.
pub(crate) fn report(stored: &StoredResearch) -> Result<StatusReport, StorageError> {
    let mut state = RunState::default();
    let runner = Follower::new(stored)?.read(|events| {
        state.apply_all(events);
        Ok::<_, StorageError>(())
    })?;
    let name = stored.name();
    let now = now(runner.as_ref());
    let mut report = StatusReport::new(&name, &state, runner.is_some(), now);
    check_new(&mut report, stored);
    Ok(report)
}

/// Distinguishes a research that has not run from one whose log was lost.
fn check_new(report: &mut StatusReport, stored: &StoredResearch) {
    if report.state == State::New && matches!(stored.lost_end(), Ok(Some(_))) {
        report.state = State::EventsLost;
    }
}

/// Returns the current time, by the clock of the run if it is active.
fn now(runner: Option<&Runner>) -> Timestamp {
    runner.map_or_else(Timestamp::now, Runner::now)
}

/// Prints the monitor log, as it would have been written during the run.
fn log(
    follower: &mut Follower<'_>,
    watch: Option<Duration>,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let mut log = MonitorLog::new(out)?;
    loop {
        let runner = follower.read(|events| Ok::<_, CommandError>(log.write_events(events)?))?;
        match watch.filter(|_| runner.is_some()) {
            Some(interval) => sleep(interval),
            None => return Ok(Exit::Success),
        }
    }
}

/// Shows successive reports: on a terminal each replaces the previous one, elsewhere each is a
/// line.
#[derive(Default)]
struct Screen {
    /// The number of terminal lines of the last report.
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
            // Clear the previous report. The writer would remove these sequences.
            out.flush()?;
            let mut terminal = io::stdout();
            write!(terminal, "\x1b[{}A\x1b[J", self.lines)?;
            terminal.flush()?;
        }
        let text = report.to_string();
        if is_last {
            return writeln!(out, "{text}");
        }
        // Lines that do not fit would scroll, and could not be replaced.
        let lines = text.lines().take(usize::from(rows).saturating_sub(1));
        self.lines = 0;
        for line in lines {
            writeln!(out, "{}", truncate_str(line, usize::from(columns), "…"))?;
            self.lines += 1;
        }
        Ok(())
    }
}
