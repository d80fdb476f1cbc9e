//! Pipelines: batches that are made once and processed in every branch; a training pipeline with a
//! batch for each iteration, a test pipeline that processes all its data every few iterations, and
//! folds of a cross-validation as a parameter.
//!
//! `cargo run --release --example pipelines`

use research::{Context, Instance, Research, When, ec, option};

/// Points of the line y = 3 x.
type Batch = Vec<(f64, f64)>;

const FOLDS: usize = 3;

struct Model {
    weight: f64,
    rate: f64,
}

impl Model {
    fn train(&mut self, batch: &Batch) -> f64 {
        for (x, y) in batch {
            self.weight -= self.rate * (self.weight * x - y) * x;
        }
        self.test(batch)
    }

    fn test(&self, batch: &Batch) -> f64 {
        batch
            .iter()
            .map(|(x, y)| (self.weight * x - y).powi(2))
            .sum::<f64>()
            / batch.len() as f64
    }
}

/// Yields batches endlessly; with `test`, the test part once. The folds take turns.
fn batches(fold: usize, test: bool) -> impl Iterator<Item = Batch> {
    let is_mine = move |n: &usize| (n % FOLDS == fold) == test;
    let points: Batch = (0..60)
        .filter(is_mine)
        .map(|n| n as f64 / 60.0)
        .map(|x| (x, 3.0 * x))
        .collect();
    let chunks: Vec<Batch> = points.chunks(10).map(<[_]>::to_vec).collect();
    let times = if test { 1 } else { usize::MAX };
    std::iter::repeat_n(chunks, times).flatten()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let research = Research::new("pipelines")
        .in_memory()
        .domain(option("fold", 0..FOLDS as i64) * option("rate", [0.1, 0.5]))
        // Both rates of a fold are the branches of one task, and share its batches.
        .branches(2)
        .branch_by(["fold"])
        .instance(
            "model",
            |rate: f64| Ok(Model { weight: 0.0, rate }),
            (ec("rate"),),
        )
        // A batch for each iteration: made once by the root unit, processed in each branch.
        .pipeline("train_batches", |cx: &mut Context| {
            Ok(batches(cx.config_item("fold")?, false))
        })
        .root()
        .branch_pipeline(
            "train",
            "train_batches",
            |cx| Ok(cx.output::<Instance<Model>>("model")?),
            |model, batch: &Batch, _| {
                Ok(model
                    .lock()
                    .map_err(|_| "a unit has panicked")?
                    .train(batch))
            },
        )
        .save_to("train_loss")
        // All test data in one iteration: every tenth, and the last.
        .pipeline("test_batches", |cx: &mut Context| {
            Ok(batches(cx.config_item("fold")?, true))
        })
        .root()
        .full_run()
        .when(When::every(10).or(When::last()))
        .branch_pipeline(
            "test",
            "test_batches",
            |cx| Ok(cx.output::<Instance<Model>>("model")?),
            |model, batch: &Batch, _| {
                Ok(model.lock().map_err(|_| "a unit has panicked")?.test(batch))
            },
        )
        .when(When::every(10).or(When::last()))
        .save_to("test_loss")
        .n_iters(25)
        .run()?;
    let last = research::storage::TableOptions::new().iterations([9, 24]);
    println!("{}", research.results().load()?.to_table(&last)?);
    Ok(())
}
