//! The bar, on a terminal in memory and without one.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::*;
use indicatif::InMemoryTerm;
use research_core::{LogLevel, Outcome, Status, Subscriber};
use research_monitor::{Bar, Monitor, ProgressReporter, RunState};

fn on_terminal(columns: u16) -> (Bar, InMemoryTerm, HandClock) {
    named("power", columns)
}

fn named(name: &str, columns: u16) -> (Bar, InMemoryTerm, HandClock) {
    let terminal = InMemoryTerm::new(20, columns);
    let clock = HandClock::default();
    let bar = Bar::terminal(name, Monitor::new(), terminal.clone(), false, clock.clock());
    (bar, terminal, clock)
}

#[test]
fn the_bar_shows_done_total_rate_time_left_and_failures() {
    let (mut bar, terminal, clock) = on_terminal(100);
    clock.set(8.0);
    bar.on_events(&eventful());
    bar.draw();
    let shown = terminal.contents();
    let last = shown.lines().last().unwrap();
    assert_eq!(
        last,
        "power ████████████████▉░░░░░░░░░░ 62% 5/8 experiments [8.0 s, 37.3/min, 4.8 s ± 1.0 s \
         left] 3 failed"
    );
}

#[test]
fn without_a_total_there_is_no_gauge() {
    let (mut bar, terminal, clock) = on_terminal(80);
    bar.on_events(&[run_started(0.0, None, None), started(0.0, 0, 0)]);
    bar.on_events(&[ended(2.0, 0, Status::Finished)]);
    clock.set(2.0);
    bar.draw();
    let shown = terminal.contents();
    assert!(
        shown.ends_with("1 experiment [2.0 s, 30.0/min] 0 failed"),
        "{shown}"
    );
    assert!(!shown.contains('░'), "{shown}");
}

#[test]
fn lines_stand_above_the_bar_and_do_not_break_it() {
    let (mut bar, terminal, clock) = on_terminal(80);
    bar.on_events(&[run_started(0.0, Some(2), None), started(0.0, 0, 0)]);
    bar.printer().println("a line of the program");
    clock.set(1.0);
    bar.on_events(&[
        message(1.0, None, LogLevel::Info, "not shown"),
        message(1.0, Some(0), LogLevel::Warning, "mind the gap"),
        exception(1.0, 0, Some("train"), "no such file"),
        ended(1.0, 0, Status::Failed),
    ]);
    bar.draw();
    let shown = terminal.contents();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "a line of the program",
            "warning: experiment number 0: mind the gap",
            "failed: no such file",
            "    in unit `train`, experiment abcdef0100000000: a=0, b=\"x\"",
        ]
    );
    assert!(lines[4].starts_with("power ██"), "{shown}");
    assert_eq!(lines.len(), 5, "{shown}");
}

#[test]
fn a_cause_is_reported_once_and_a_flood_is_cut_short() {
    let (mut bar, terminal, clock) = on_terminal(80);
    clock.set(1.0);
    bar.on_events(&[run_started(0.0, Some(1000), None)]);
    for number in 0..100 {
        bar.on_events(&[
            started(1.0, number, 0),
            exception(1.0, number, Some("train"), "no"),
            ended(1.0, number, Status::Failed),
        ]);
    }
    assert_eq!(terminal.contents().matches("failed:").count(), 1);
    let flood: Vec<_> = (0..50)
        .map(|n| message(1.0, Some(n), LogLevel::Error, &format!("number {n}")))
        .collect();
    bar.on_events(&flood);
    assert_eq!(terminal.contents().matches("error:").count(), 9);
    // The rate limit does not apply to the reason why the run ends.
    bar.on_events(&[message(1.0, None, LogLevel::Error, "the run ends here")]);
    assert!(terminal.contents().contains("error: the run ends here"));
    clock.set(2.5);
    bar.on_events(&[message(2.5, Some(1), LogLevel::Error, "later")]);
    let shown = terminal.contents();
    assert!(
        shown.contains("(41 more messages are in the log)\nerror: experiment number 1: later"),
        "{shown}"
    );
}

#[test]
fn the_bar_is_left_as_it_ended() {
    let (mut bar, terminal, clock) = on_terminal(80);
    bar.on_events(&[run_started(0.0, Some(1), None), started(0.0, 0, 0)]);
    bar.on_events(&[
        ended(3.0, 0, Status::Finished),
        run_ended(3.0, Outcome::Complete),
    ]);
    clock.set(100.0);
    bar.on_end();
    drop(bar);
    assert_eq!(
        terminal.contents(),
        "power ██████████████████████████ 100% 1/1 experiments [3.0 s, complete] 0 failed"
    );
}

#[test]
fn what_matters_least_is_left_out_where_columns_are_few() {
    let shown = |columns: u16| {
        let (mut bar, terminal, clock) = on_terminal(columns);
        clock.set(8.0);
        // This state has no lines above the bar.
        bar.on_history(&eventful());
        bar.draw();
        terminal.contents()
    };
    let lines = [120, 80, 60, 45, 30, 20, 4].map(shown);
    let expected = [
        "power █████████████████████████████▍░░░░░░░░░░░░░░░░░ 62% 5/8 experiments [8.0 s, \
         37.3/min, 4.8 s ± 1.0 s left] 3 failed",
        "power ███████████▉░░░░░░░ 62% 5/8 [8.0 s, 37.3/min, 4.8 s ± 1.0 s left] 3 failed",
        "power ███████████████░░░░░░░░░ 62% 5/8 [4.8 s left] 3 failed",
        "power ████████▊░░░░░ 62% 5/8 [8.0 s] 3 failed",
        "power 62% 5/8 [8.0 s] 3 failed",
        "5/8",
        "5/8",
    ];
    for (line, expected) in lines.iter().zip(expected) {
        assert_eq!(line, expected);
    }
}

#[test]
fn the_bar_is_one_line_on_any_terminal_whatever_the_name() {
    let long = "a_very_long_name_of_a_research_that_does_not_fit".repeat(4);
    for name in ["power", "исследование", "研究研究研究研究研究", &long, ""] {
        for columns in 4..150 {
            let (mut bar, terminal, clock) = named(name, columns);
            clock.set(8.0);
            // This state has no lines above the bar.
            bar.on_history(&eventful());
            bar.draw();
            let shown = terminal.contents();
            assert_eq!(shown.lines().count(), 1, "{columns}: {shown}");
            bar.on_end();
            assert_eq!(terminal.contents().lines().count(), 1, "{columns}: {shown}");
        }
    }
}

#[test]
fn what_programs_say_cannot_move_the_cursor() {
    let (mut bar, terminal, _) = on_terminal(80);
    bar.on_events(&[run_started(0.0, Some(2), None), started(0.0, 0, 0)]);
    bar.on_events(&[
        message(
            1.0,
            None,
            LogLevel::Warning,
            "50%\r100%\u{1b}[2J\u{1b}[1;31mred\u{7}",
        ),
        message(1.0, None, LogLevel::Error, "a line\nand\tanother\n"),
    ]);
    bar.draw();
    let shown = terminal.contents();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines[..3],
        ["warning: 50%100%red", "error: a line", "and another"]
    );
    assert_eq!(lines.len(), 4, "{shown}");
}

#[test]
fn a_resumed_run_is_shown_as_part_of_the_whole() {
    let (mut bar, terminal, clock) = on_terminal(100);
    bar.on_history(&[
        run_started(0.0, Some(4), None),
        started(0.0, 0, 0),
        started(0.0, 1, 0),
        exception(1.0, 0, Some("train"), "no"),
        ended(1.0, 0, Status::Failed),
        ended(1.0, 1, Status::Finished),
    ]);
    bar.on_events(&[run_started(100.0, Some(2), None), started(100.0, 2, 0)]);
    bar.on_events(&[ended(102.0, 2, Status::Finished)]);
    clock.set(102.0);
    bar.draw();
    let shown = terminal.contents();
    assert!(shown.contains("75% 3/4 experiments [3.0 s,"), "{shown}");
    // The earlier run has reported its failures already.
    assert!(!shown.contains("failed:"), "{shown}");
}

/// A custom bar, which records its calls.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, note: String) {
        self.0.lock().expect("no thread panics").push(note);
    }
}

impl ProgressReporter for Notes {
    fn show(&mut self, state: &RunState) {
        self.note(format!("{} done", state.done()));
    }

    fn alert(&mut self, line: &str) {
        self.note(line.to_owned());
    }

    fn end(&mut self, state: &RunState) {
        self.note(format!("{} at the end", state.done()));
    }
}

#[test]
fn progress_can_have_a_custom_bar() {
    let notes = Notes::default();
    let mut bar = Bar::custom(Box::new(notes.clone()), Monitor::new());
    bar.on_events(&[run_started(0.0, Some(2), None), started(0.0, 0, 0)]);
    bar.on_events(&[
        message(1.0, None, LogLevel::Warning, "mind the gap"),
        ended(1.0, 0, Status::Finished),
    ]);
    bar.on_end();
    bar.printer()
        .println("after the end there is nobody to tell");
    let notes = notes.0.lock().unwrap();
    assert_eq!(notes.first().unwrap(), "0 done");
    assert!(notes.contains(&"warning: mind the gap".to_owned()));
    assert_eq!(notes.last().unwrap(), "1 at the end");
}

#[test]
fn a_closure_is_called_at_a_bounded_rate_and_one_that_panics_is_left_alone() {
    let calls = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&calls);
    let closure = move |state: &RunState| {
        *counter.lock().unwrap() += 1;
        assert_eq!(state.done(), 0, "it shall panic at the end");
    };
    let mut bar = Bar::custom(Box::new(closure), Monitor::new());
    bar.on_events(&[run_started(0.0, Some(100_000), None)]);
    for number in 0..100_000 {
        bar.on_events(&[started(0.0, number, 0)]);
    }
    // At most one call in each tenth of a second, although there were 100,000 events.
    assert!(*calls.lock().unwrap() < 10_000);
    bar.on_events(&[ended(1.0, 0, Status::Finished)]);
    bar.on_end();
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no thread panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn without_a_terminal_there_are_plain_lines_at_a_bounded_rate() {
    let text = Text::default();
    let clock = HandClock::default();
    let interval = Duration::from_secs(10);
    let mut bar = Bar::lines(
        "power",
        Monitor::new(),
        text.clone(),
        interval,
        clock.clock(),
    );
    bar.on_events(&[run_started(0.0, Some(25), None)]);
    for number in 0..25 {
        let time = number as f64;
        clock.set(time + 1.0);
        bar.on_events(&[
            started(time, number, 0),
            ended(time + 1.0, number, Status::Finished),
        ]);
    }
    bar.on_events(&[run_ended(25.0, Outcome::Complete)]);
    bar.printer().println("between");
    bar.on_end();
    let written = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
    assert_eq!(
        written,
        "power: 0/25 experiments, 0.0 s, 0 failed\n\
         power: 10/25 experiments, 10 s, 1.0/s, 15 s left, 0 failed\n\
         power: 20/25 experiments, 20 s, 1.0/s, 5.0 s left, 0 failed\n\
         between\n\
         power: 25/25 experiments, 25 s, complete, 0 failed\n"
    );
}
