//! An embedder's hooks around the work of an executor: it logs every task, iteration and call of a
//! unit, with the time that each call took.
//!
//! `cargo run --release --example hooks`

use std::time::Instant;

use research::base::ExperimentRecord;
use research::{
    CompletedRun, Context, ExecutorHooks, Isolation, Research, ResearchError, Unit, UnitError,
    UnitResult, ec, o, option,
};

struct Log;

impl ExecutorHooks for Log {
    fn around_task(&self, experiments: &[&ExperimentRecord], run: &mut dyn FnMut()) {
        let ids: Vec<String> = experiments.iter().map(|one| one.id.to_string()).collect();
        println!("task: {}", ids.join(", "));
        run();
        println!("task done");
    }

    fn before_iteration(&self, cx: &mut Context) -> Result<(), UnitError> {
        println!("  iteration {} of {}", cx.iteration(), cx.record().id);
        Ok(())
    }

    fn around_unit(
        &self,
        unit: &Unit,
        cx: &mut Context,
        call: &mut dyn FnMut(&mut Context) -> UnitResult,
    ) -> UnitResult {
        let begin = Instant::now();
        let result = call(cx);
        println!("    {}: {result:?} in {:?}", unit.name(), begin.elapsed());
        result
    }
}

fn run() -> Result<CompletedRun, ResearchError> {
    Research::new("hooks")
        .in_memory()
        .isolation(Isolation::None)
        .domain(option("a", [2.0, 3.0]))
        .callable("square", |a: f64| a * a, (ec("a"),))
        .callable("half", |x: f64| x / 2.0, (o("square"),))
        .save_to("half")
        .n_iters(2)
        .hooks(Log)
        .run()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", run()?.results().table()?);
    Ok(())
}
