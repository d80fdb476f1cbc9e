//! Two units, one of which uses the other's output; two worker processes; results as a table.
//!
//! `cargo run --release --example power`

use research::{CompletedRun, Research, ResearchError, ec, o, option};

fn study() -> Research {
    let power = |a: f64, b: f64| a.powf(b);
    Research::new("power")
        .domain(option("a", [2.0, 3.0]) * option("b", [2.0, 3.0, 4.0]))
        .callable("power", power, (ec("a"), ec("b")))
        .save_to("power")
        .callable("increment", |x: f64| x + 1.0, (o("power"),))
        .save_to("increment")
        .n_reps(3)
        .workers(2)
        .seed(42)
}

/// Runs the study in a separate folder.
fn run(folder: &std::path::Path) -> Result<CompletedRun, ResearchError> {
    study().folder(folder).run()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    research::worker_entry(study);
    let folder = tempfile::tempdir()?;
    let research = run(folder.path())?;
    println!("{}", research.results().table()?);
    Ok(())
}
