//! A profile: the time of each unit, and of the `tracing` spans within it.
//!
//! `cargo run --release --example profile`

use research::{Research, it, option};
use tracing::info_span;

fn work(rounds: u64) -> u64 {
    (0..rounds).fold(1, |x, n| std::hint::black_box(x ^ n).rotate_left(7))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let research = Research::new("profile")
        .in_memory()
        .domain(option("x", [1, 2]))
        .callable(
            "train",
            |iteration: u64| {
                let _epoch = info_span!("epoch").entered();
                let batches = info_span!("load").in_scope(|| work(20_000));
                (0..4).fold(batches ^ iteration, |sum, _| {
                    sum ^ info_span!("step").in_scope(|| work(50_000))
                })
            },
            (it(),),
        )
        .callable("test", || work(10_000), ())
        .when(5)
        .n_iters(10)
        .profile(2)
        .run()?;
    let profile = research.profile()?;
    println!("{}\n{}", profile.units_table(), profile.spans_table());
    Ok(())
}
