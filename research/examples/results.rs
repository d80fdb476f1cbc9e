//! Results: tables of all kinds, filters, loading, single values, a summary, artifacts.
//!
//! `cargo run --release --example results`

use std::io;

use research::domain::aliased;
use research::storage::{Format, SummaryOptions, TableOptions};
use research::{CompletedRun, Context, Research, option};

fn study() -> Research {
    Research::new("results")
        .domain(option("c", [aliased(1, "one"), aliased(2, "two")]) * option("d", [1, 2]))
        .unit("line", |cx: &mut Context| {
            let (c, d): (f64, f64) = (cx.config_item("c")?, cx.config_item("d")?);
            std::fs::write(cx.path()?.join("line.txt"), format!("{c} x + {d}"))?;
            let noise = cx.record().repetition as f64 / 10.0;
            Ok(c * cx.iteration() as f64 + d + noise)
        })
        .save_to("y")
        .dump_when(2) // other programs see the saved values now, not only at the end
        .n_iters(3)
        .n_reps(2)
        .seed(1)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let research = study().folder(folder.path()).run()?;
    let path = research.folder().ok_or("it is kept in a folder")?;

    // Another program loads it from its folder, which runs no code of the experiment.
    let results = CompletedRun::load(path)?.results().load()?;
    let all = TableOptions::new();
    let print = |what: &str, options: &TableOptions| -> Result<(), Box<dyn std::error::Error>> {
        println!("{what}:\n{}", results.to_table(options)?);
        Ok(())
    };
    print(
        "c is 1, iterations 0 and 2",
        &all.clone().config("c", 1).iterations([0, 2]),
    )?;
    print(
        "by alias, one column for the config",
        &all.clone()
            .alias("c", "two")
            .use_alias(true)
            .concat_config(true),
    )?;
    print(
        "a part of a domain, a row for each value",
        &all.clone()
            .domain(option("c", [1]) * option("d", [2]))
            .long(true),
    )?;
    print(
        "with repetition and updates",
        &all.clone().aux(true).iterations([2]),
    )?;

    println!("mean and deviation over repetitions, the best first:");
    let best = SummaryOptions::new().last(1).sort_by("y").descending(true);
    println!("{}", results.summary(&all, &best)?);
    println!("how each ended:\n{}", results.experiments_table());

    for experiment in results.experiments().take(1) {
        let y = experiment.variable("y").ok_or("it was saved")?;
        println!(
            "the values of {}: {:?}",
            experiment.record.config,
            y.column()
        );
        let folder = path
            .join("experiments")
            .join(experiment.record.id.as_ref() as &str);
        println!(
            "its artifact: {}",
            std::fs::read_to_string(folder.join("line.txt"))?
        );
    }
    println!("as CSV, for other programs:");
    results
        .to_table(&all.config("d", 1).variables(["y"]))?
        .write(Format::Csv, &mut io::stdout())?;
    Ok(())
}
