//! All expressions that an argument of a unit can be: config items, outputs, the experiment, its
//! folder, all branches, the results so far, the storage.
//!
//! `cargo run --release --example expressions`

use research::{
    Branches, CompletedRun, Config, Context, Instance, Research, Results, Shared, Value, e, e_all,
    e_unit, ec, ec_all, ep, it, last_saved, list_of, map_of, o, option, r, s, saved, text_of,
};
use serde::Deserialize;

/// A config as a custom type.
#[derive(Deserialize)]
struct Settings {
    a: i64,
    b: Option<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let research = Research::new("expressions")
        .folder(folder.path())
        .domain(option("a", [1, 2]) * option("b", ["x"]))
        .branches(2)
        // Root units use no parameters: a task may have any experiments.
        .branch_by([])
        // Config items and plain values.
        .callable("item", |a: i64, factor: i64| a * factor, (ec("a"), 10))
        .save_to("item")
        // The whole config, with repetition and updates if `true`, as a custom type or as a map.
        .callable(
            "whole",
            |all: Settings| format!("{}{:?}", all.a, all.b),
            (ec_all(false),),
        )
        .save_to("whole")
        // Outputs of other units; objects that stay in memory, too.
        .callable("data", || Shared::new(vec![1.0, 2.0]), ())
        .root()
        .callable(
            "sum",
            |data: Shared<Vec<f64>>, item: f64| data.iter().sum::<f64>() + item,
            (o("data"), o("item")),
        )
        .save_to("sum")
        // The experiment, as a map; the iteration; an instance.
        .callable(
            "place",
            |e: std::collections::BTreeMap<String, Value>| e["place"].clone(),
            (e(),),
        )
        .save_to("place")
        .instance("model", |a: i64| Ok(vec![a]), (ec("a"),))
        .callable(
            "grow",
            |model: Instance<Vec<i64>>, iteration: i64| {
                let mut model = model.lock().map_err(|_| "another unit has panicked")?;
                model.push(iteration);
                Ok::<_, &str>(model.clone())
            },
            (e_unit("model"), it()),
        )
        .save_to("model")
        // The experiment's folder: the files in it are its artifacts.
        .callable(
            "artifact",
            |path: String| std::fs::write(path + "/note.txt", "hello"),
            (ep(),),
        )
        // Computed from other expressions, and from values that the experiment has saved itself.
        .save(ec("a") * 2 + o("item"), "computed")
        .save(
            o("model").map(|model: Instance<Vec<i64>>| model.lock().map(|m| m.len()).ok()),
            "size",
        )
        .save(
            list_of((saved("sum"), last_saved("item"), e().field("branch"))),
            "own",
        )
        .save(
            map_of([
                ("first", o("grow").at(0)),
                ("text", text_of("{:.1}", (o("sum"),))),
            ]),
            "map",
        )
        // All branches, in a root unit.
        .callable(
            "all",
            |all: Shared<Branches>| {
                let configs: Vec<Config> =
                    all.iter().map(|branch| branch.config().clone()).collect();
                configs.len()
            },
            (e_all(),),
        )
        .root()
        .save_to("branches")
        // The results so far, and the stored research.
        .callable(
            "research",
            |results: Shared<Results>, storage: Shared<CompletedRun>| {
                (results.len(), storage.record().name.clone())
            },
            (r(), s()),
        )
        .save_parts_to([Some("started"), Some("name")])
        // The same for a closure over the context.
        .unit("closure", |cx: &mut Context| {
            let a: i64 = cx.config_item("a")?;
            let item: i64 = cx.output("item")?;
            cx.save("difference", item - a)?;
            Ok(cx.read::<Settings>(&ec_all(false))?.b)
        })
        .save_to("b_again")
        .run()?;
    println!("{}", research.results().table()?);
    Ok(())
}
