//! A training loop as a generator: an item for each iteration, tested every few iterations and at
//! the end. Shows the forms of a unit's `when`.
//!
//! `cargo run --release --example generators`

use research::{Context, Research, When, ec, it, o, option};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let research = Research::new("training")
        .in_memory()
        .domain(option("rate", [0.1, 0.4]))
        // Started once; yields an item for each iteration, and the experiment stops at its end.
        .generator("train", |cx: &mut Context| {
            let rate: f64 = cx.config_item("rate")?;
            Ok((0..10).scan(1.0, move |loss, _| {
                *loss *= 1.0 - rate;
                Some(*loss)
            }))
        })
        .save_to("loss")
        // Every fifth iteration, and iteration 1.
        .callable("test", |loss: f64| loss * 1.1, (o("train"),))
        .when(When::every(5).or(When::at(1)))
        .save_to("test_loss")
        // In the iteration in which the generator ended: the rest of that iteration still runs.
        .callable(
            "verdict",
            |loss: f64, rate: f64, iteration: u64| {
                (loss < 0.1, format!("{iteration} iterations with {rate}"))
            },
            (o("train"), ec("rate"), it()),
        )
        .when(When::last())
        .save_parts_to([Some("converged"), Some("remark")])
        .run()?;
    println!("{}", research.results().table()?);
    Ok(())
}
