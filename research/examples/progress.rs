//! An embedder's own bar, and events as they happen. It prints what a window or a web page would
//! show of a run.
//!
//! `cargo run --release --example progress`

use research::monitor::{ProgressReporter, RunState};
use research::{Event, Research, ResearchError, Subscriber, Timestamp, ec, option};

/// A bar in the embedder's own style.
struct Dots;

impl ProgressReporter for Dots {
    fn show(&mut self, picture: &RunState) {
        let done = picture.ended_experiments();
        let total = picture.total_experiments().unwrap_or(done);
        let mut line = format!("{done:>3} of {total} ");
        for place in 0..total {
            line.push(if place < done { '●' } else { '○' });
        }
        if let Some(left) = picture.eta(Timestamp::now()) {
            line.push_str(&format!(" {:.1} s left", left.seconds));
        }
        println!("{line}");
    }

    fn alert(&mut self, line: &str) {
        println!("!   {line}");
    }
}

/// Receives each event after it was appended to the log.
struct Endings;

impl Subscriber for Endings {
    fn on_events(&mut self, events: &[Event]) {
        for event in events {
            if let Event::ExperimentEnded {
                experiment, status, ..
            } = event
            {
                println!("    experiment {experiment} {status}");
            }
        }
    }
}

fn study() -> Research {
    Research::new("progress")
        .domain(option("x", 0..8_i64))
        .callable(
            "root",
            |x: i64| -> Result<f64, String> {
                match x {
                    0 => Err("zero has no place here".to_owned()),
                    x => Ok((x as f64).sqrt()),
                }
            },
            (ec("x"),),
        )
        .save_to("root")
        .workers(2)
        .bar(Dots)
        .subscriber(Endings)
        .in_memory()
}

fn main() -> Result<(), ResearchError> {
    research::worker_entry(study);
    let finished = study().run()?;
    println!("{}", finished.results().table()?);
    Ok(())
}
