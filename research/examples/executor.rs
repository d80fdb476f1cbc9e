//! An experiment without a research: one executor in this process, with its results in memory.
//!
//! `cargo run --release --example executor`

use research::{Config, Executor, Experiment, ec, it};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let experiment = Experiment::builder()
        .callable(
            "sum",
            |a: i64, b: i64, i: i64| a + b + i,
            (ec("a"), ec("b"), it()),
        )
        .save_to("sum")
        .build()?;
    let execution = Executor::new(experiment)
        .configs([
            Config::from_pairs([("a", 1)]),
            Config::from_pairs([("a", 2)]),
        ])
        .executor_config(Config::from_pairs([("b", 10)]))
        .n_iters(3)
        .run()?;
    for branch in execution.branches() {
        let sums: Vec<String> = branch.values_of("sum").map(ToString::to_string).collect();
        println!(
            "{}: {} ({})",
            branch.record.config,
            sums.join(", "),
            branch.status()
        );
    }
    Ok(())
}
