//! An object that lives as long as its experiment, and whose methods are units: a random walk that
//! takes a step at each iteration, is read every few iterations, and is saved at the end.
//!
//! `cargo run --release --example instances`

use research::base::rand_core::Rng;
use research::{CompletedRun, Context, Instance, Research, ResearchError, When, ec, o, option};

/// A walk on the integers that goes up with a probability.
struct Walk {
    position: i64,
    up: f64,
}

impl Walk {
    fn step(&mut self, draw: f64) -> i64 {
        self.position += if draw < self.up { 1 } else { -1 };
        self.position
    }
}

fn run() -> Result<CompletedRun, ResearchError> {
    Research::new("walks")
        .in_memory()
        .domain(option("up", [0.3, 0.5, 0.7]))
        .instance("walk", |up: f64| Ok(Walk { position: 0, up }), (ec("up"),))
        .unit("draw", |cx: &mut Context| {
            Ok(f64::from(cx.rng().next_u32()) / f64::from(u32::MAX))
        })
        .method("step", "walk", Walk::step, (o("draw"),))
        .unit("far", |cx: &mut Context| {
            let walk: Instance<Walk> = cx.output("walk")?;
            let walk = walk.lock().map_err(|_| "a step has panicked")?;
            Ok(walk.position.abs() > 100)
        })
        .when(100)
        .save_to("far")
        .save(o("step"), "end")
        .when(When::last())
        .n_iters(1000)
        .seed(7)
        .run()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", run()?.results().table()?);
    Ok(())
}
