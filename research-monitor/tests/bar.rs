//! The bar, on a terminal in memory and without one.

mod common;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use indicatif::InMemoryTerm;
use research_core::{LogLevel, Outcome, Status, Subscriber};
use research_monitor::{Bar, Monitor, ProgressDrawTarget};

fn on_terminal(columns: u16) -> (Bar, InMemoryTerm, HandClock) {
    let terminal = InMemoryTerm::new(20, columns);
    let clock = HandClock::default();
    let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
    let bar = Bar::terminal("power", Monitor::new(), target, false, clock.clock());
    (bar, terminal, clock)
}

#[test]
fn the_bar_shows_done_total_rate_time_left_and_exceptions() {
    let (mut bar, terminal, clock) = on_terminal(100);
    clock.set(8.0);
    bar.on_events(&eventful());
    bar.draw();
    let shown = terminal.contents();
    let last = shown.lines().last().unwrap();
    assert_eq!(
        last,
        "power █████████████▊░░░░░░░░ 62% 5/8 experiments [8.0 s, 37.3/min, 4.8 s ± 1.0 s left] Exceptions: 2"
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
        shown.ends_with("1 experiments [2.0 s, 30.0/min] Exceptions: 0"),
        "{shown}"
    );
    assert!(!shown.contains('░'), "{shown}");
}

#[test]
fn lines_stand_above_the_bar_and_do_not_break_it() {
    let (mut bar, terminal, clock) = on_terminal(80);
    bar.on_events(&[run_started(0.0, Some(2), None), started(0.0, 0, 0)]);
    bar.printer().println("a line of somebody else");
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
        lines[..3],
        [
            "a line of somebody else",
            "warning: experiment number 0: mind the gap",
            "failed: experiment abcdef0100000000: unit `train`: no such file",
        ]
    );
    assert!(lines[3].starts_with("power ██"), "{shown}");
    assert_eq!(lines.len(), 4, "{shown}");
}

#[test]
fn a_cause_is_told_of_once_and_a_flood_is_cut_short() {
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
        .map(|n| message(1.0, None, LogLevel::Error, &format!("number {n}")))
        .collect();
    bar.on_events(&flood);
    assert_eq!(terminal.contents().matches("error:").count(), 9);
    clock.set(2.5);
    bar.on_events(&[message(2.5, None, LogLevel::Error, "later")]);
    let shown = terminal.contents();
    assert!(
        shown.contains("(41 more messages are in the log)\nerror: later"),
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
        "power █████████████████████ 100% 1/1 experiments [3.0 s, complete] Exceptions: 0"
    );
}

#[test]
fn a_narrow_terminal_is_no_harm() {
    let (mut bar, terminal, _) = on_terminal(20);
    bar.on_events(&eventful());
    bar.draw();
    bar.on_end();
    assert!(terminal.contents().contains("5/8"));
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics").write(bytes)
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
        "power: 0/25 experiments, 0.0 s, Exceptions: 0\n\
         power: 10/25 experiments, 10 s, 1.0/s, 15 s left, Exceptions: 0\n\
         power: 20/25 experiments, 20 s, 1.0/s, 5.0 s left, Exceptions: 0\n\
         between\n\
         power: 25/25 experiments, 25 s, complete, Exceptions: 0\n"
    );
}
