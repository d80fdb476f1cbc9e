//! Several models trained on one data set that is read once: the settings are the branches of a
//! task, and a root pipeline passes each batch to all of them. Prints the time that this saves.
//!
//! `cargo run --release --example branches`

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use research::{CompletedRun, Context, Research, ResearchError, UnitError, option};

/// One measurement: inputs and output.
type Row = ([f64; 4], f64);

/// A linear model, trained by stochastic gradient descent.
struct Model {
    weights: [f64; 4],
    rate: f64,
    decay: f64,
}

impl Model {
    fn new(cx: &Context) -> Result<Self, UnitError> {
        Ok(Self {
            weights: [0.0; 4],
            rate: cx.config_item("rate")?,
            decay: cx.config_item("decay")?,
        })
    }

    /// Learns from a batch, and returns the mean squared error before that.
    fn learn(&mut self, batch: &[Row]) -> f64 {
        let mut error = 0.0;
        for (inputs, target) in batch {
            let products = self.weights.iter().zip(inputs).map(|(w, x)| w * x);
            let residual = products.sum::<f64>() - target;
            error += residual * residual;
            for (weight, x) in self.weights.iter_mut().zip(inputs) {
                *weight -= self.rate * (residual * x + self.decay * *weight);
            }
        }
        error / batch.len() as f64
    }
}

/// Reads the rows of a file of comma-separated numbers, 512 at a time.
fn batches(path: &Path) -> Result<Vec<Vec<Row>>, UnitError> {
    let text = std::fs::read_to_string(path)?;
    let rows = text.lines().map(|line| -> Result<Row, UnitError> {
        let mut numbers = line.split(',').map(str::parse::<f64>);
        let mut next = || {
            numbers
                .next()
                .ok_or("a row has five numbers")?
                .map_err(UnitError::from)
        };
        Ok(([next()?, next()?, next()?, next()?], next()?))
    });
    let rows = rows.collect::<Result<Vec<Row>, _>>()?;
    Ok(rows.chunks(512).map(<[Row]>::to_vec).collect())
}

fn study(name: &str, data: &Path) -> Research {
    let data = data.to_owned();
    Research::new(name)
        .domain(option("rate", [0.001, 0.003, 0.01, 0.03]) * option("decay", [0.0, 1e-4]))
        // The batches are the same for all experiments.
        .branch_by([])
        .pipeline("batches", move |_: &mut Context| batches(&data))
        .root()
        .full_run()
        .branch_pipeline(
            "train",
            "batches",
            |cx| Model::new(cx),
            |model, batch: &Vec<Row>, _| Ok(model.learn(batch)),
        )
        .save_to("error")
        .seed(1)
}

/// Writes a file of rows in which the last number is a linear function of the others, plus noise.
fn write_data(path: &Path, rows: u32) -> std::io::Result<()> {
    let mut text = String::new();
    let mut state = 1_u64;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64 - 0.5
    };
    for _ in 0..rows {
        let x = [draw(), draw(), draw(), draw()];
        let y = 3.0 * x[0] - 2.0 * x[1] + 0.5 * x[2] + 0.1 * draw();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{},{},{},{},{y}", x[0], x[1], x[2], x[3]);
    }
    std::fs::write(path, text)
}

/// Runs the study with and without branches, in separate folders.
fn run(folder: &Path, rows: u32) -> Result<[(CompletedRun, f64); 2], ResearchError> {
    let data = folder.join("data.csv");
    let timed = |name, branches| -> Result<_, ResearchError> {
        let begin = Instant::now();
        let finished = study(name, &data).branches(branches).folder(folder).run()?;
        Ok((finished, begin.elapsed().as_secs_f64()))
    };
    // A worker executes this too, and finds the file that its leader has written.
    if !data.exists() {
        write_data(&data, rows).map_err(|source| ResearchError::Io {
            action: "write the data",
            source,
        })?;
    }
    Ok([timed("each-alone", 1)?, timed("branches", 8)?])
}

/// Creates a folder beside this program, at the same path in all its processes, and empty in the
/// first.
fn new_folder() -> std::io::Result<PathBuf> {
    let folder = std::env::current_exe()?.with_extension("data");
    if research::exec::WorkerBootstrap::received().is_none() && folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = new_folder()?;
    let [(alone, alone_seconds), (branches, seconds)] = run(&folder, 400_000)?;
    println!("{}", branches.results().table()?);
    println!("each setting alone: {alone_seconds:.2} s; 8 branches: {seconds:.2} s");
    println!(
        "the same errors: {}",
        alone.results().table()? == branches.results().table()?
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
