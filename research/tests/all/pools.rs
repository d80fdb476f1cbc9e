//! A program that has started a thread pool before its run: a fork would lack the pool's threads,
//! and hang as soon as a unit uses the pool.

use rayon::prelude::*;
use research::{Isolation, Research, Status, ec, option};

#[test]
fn units_use_a_global_pool_that_was_started_before_the_run() {
    // From now on the pool's threads exist, in the workers too.
    let before: u64 = (0..1000_u64).into_par_iter().sum();
    assert_eq!(before, 499_500);
    for isolation in [Isolation::Experiment, Isolation::Worker] {
        let finished = Research::new("pool")
            .in_memory()
            .domain(option("n", [10_i64, 100, 1000]))
            .callable(
                "sum",
                |n: i64| (0..n).into_par_iter().map(|x| x * x).sum::<i64>(),
                (ec("n"),),
            )
            .save_to("sum")
            .isolation(isolation)
            .workers(2)
            .run()
            .unwrap();
        let mut sums = Vec::new();
        let mut done = 0;
        finished
            .for_each_event(|event| match event {
                research::Event::Values { column, .. } => {
                    sums.extend(column.get(0).map(|value| value.to_string()));
                }
                research::Event::ExperimentEnded { status, .. } => {
                    done += usize::from(*status == Status::Finished);
                }
                _ => {}
            })
            .unwrap();
        sums.sort();
        assert_eq!(sums, ["285", "328350", "332833500"]);
        assert_eq!(done, 3);
    }
}
