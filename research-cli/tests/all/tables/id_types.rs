//! Programs that read tables never read an id as a number.

use std::path::Path;
use std::process::Command;

use super::{printed, python};

/// The number of experiments. Type inference would read about 20 of this many hexadecimal ids as
/// numbers.
const EXPERIMENTS: usize = 450;

#[test]
fn ids_are_strings_to_pandas_polars_and_duckdb() {
    let Some(python) = python() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = format!(
        "name = \"s\"\ndomain = \"n=range({EXPERIMENTS})\"\n\
         [[unit]]\nname = \"u\"\nrun = [\"echo\", \"{{n}}\"]\nsave_to = \"v\"\n"
    );
    std::fs::write(folder.path().join("s.toml"), file).unwrap();
    printed(folder.path(), &["run", "s.toml", "--no-bar"]);
    let write = |name: &str, arguments: &[&str]| {
        std::fs::write(
            folder.path().join(name),
            printed(folder.path(), arguments).as_bytes(),
        )
        .unwrap();
    };
    write("results.csv", &["results", "s", "--format", "csv"]);
    let experiments = "select id, status from experiments";
    let query = ["query", "s", experiments, "--format", "csv"];
    write("experiments.csv", &query);
    // JSON has the ids with their type.
    let json = printed(folder.path(), &["results", "s", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.len(), EXPERIMENTS);
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    std::fs::write(folder.path().join("ids.txt"), ids.join("\n")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/tables/id_types.py");
    let output = Command::new(python)
        .arg(script)
        .args(["ids.txt", "results.csv", "experiments.csv"])
        .args(["s/results.parquet", "s/experiments.parquet"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("agree on 450 ids"), "{said}");
}
