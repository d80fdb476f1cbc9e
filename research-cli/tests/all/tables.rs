//! Results in other programs: Parquet files in Python, SQL queries, summaries, and plots.

mod filters;
mod id_types;
mod ids;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{ended, python_with, record, research, started};
use research::base::{Column, Event, ExperimentNumber, Iterations, Status, Storage};
use research::domain::{Config, ExperimentId, Value};
use research::storage::LocalStorage;

fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = research(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = research(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Stores a research with values of all kinds: three configs, each run twice; one run failed.
fn kept(base: &Path) -> LocalStorage {
    let mut record = record("kinds", "n=[0, 1, 2]");
    record.units.clear();
    let mut storage = LocalStorage::create(base, &record).unwrap();
    for number in 0..6 {
        storage.append(&experiment(number)).unwrap();
    }
    storage.commit(false).unwrap();
    storage
}

fn experiment(number: u64) -> Vec<Event> {
    let experiment = ExperimentNumber(number);
    let config = Config::from_pairs([("n", number / 2)])
        .with("lr", 0.1 * (number / 2 + 1) as f64)
        .with(
            "größe",
            if number < 2 {
                "klein, \"fein\""
            } else {
                "groß"
            },
        )
        .with("deep", number >= 4);
    let saved = |variable: &str, first, column: Column| Event::Values {
        experiment,
        variable: variable.into(),
        iterations: Iterations::Run {
            first,
            count: column.len() as u64,
        },
        column,
    };
    let float = number as f64;
    let mixed = vec![
        Value::Null,
        Value::from(vec![1.5, f64::NAN]),
        Value::from("a\nb"),
    ];
    let status = match number {
        5 => Status::Killed,
        _ => Status::Finished,
    };
    vec![
        started(
            number,
            ExperimentId::parse(&format!("{number:016x}")).unwrap(),
            config,
            number % 2,
        ),
        saved(
            "loss",
            0,
            Column::Float(vec![float, 0.1 + float, f64::NAN, f64::INFINITY]),
        ),
        saved("small", 1, Column::Float(vec![5e-324, -0.0])),
        saved(
            "steps",
            2,
            Column::Int(vec![i64::MIN + number as i64, i64::MAX]),
        ),
        saved("done", 0, Column::Bool(vec![false, true])),
        saved(
            "note",
            3,
            Column::Text(vec![format!("größer als {number}")]),
        ),
        saved("mixed", 0, Column::Value(mixed)),
        ended(number, status, 4),
    ]
}

/// Returns a Python with all readers of tables.
fn python() -> Option<PathBuf> {
    python_with("pandas, pyarrow, polars, duckdb")
}

#[test]
fn pandas_polars_and_duckdb_agree_with_the_csv() {
    let Some(python) = python() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    drop(kept(folder.path()));
    printed(folder.path(), &["compact", "kinds"]);
    let csv = printed(folder.path(), &["results", "kinds", "--format", "csv"]);
    let csv_file = folder.path().join("results.csv");
    std::fs::write(&csv_file, csv).unwrap();
    let long = [
        "results",
        "kinds",
        "--long",
        "--alias",
        "--aux",
        "--concat-config",
    ];
    let long_csv = printed(
        folder.path(),
        &[long.as_slice(), &["--format", "csv"]].concat(),
    );
    std::fs::write(folder.path().join("long.csv"), long_csv).unwrap();
    let parquet = research(
        folder.path(),
        &[long.as_slice(), &["--format", "parquet"]].concat(),
    );
    std::fs::write(folder.path().join("long.parquet"), parquet.stdout).unwrap();
    let question = "select * from experiments";
    let experiments = printed(
        folder.path(),
        &["query", "kinds", question, "--format", "csv"],
    );
    std::fs::write(folder.path().join("experiments.csv"), experiments).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/tables/compare.py");
    for [parquet, csv] in [
        ["kinds/results.parquet", "results.csv"],
        ["long.parquet", "long.csv"],
        ["kinds/experiments.parquet", "experiments.csv"],
    ] {
        let output = Command::new(&python)
            .arg(&script)
            .args([parquet, csv])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{parquet}: {output:?}");
        assert!(said.contains("three readers agree"), "{said}");
    }
}

#[test]
fn a_run_writes_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    let file = "name = \"r\"\n[domain]\na = [1, 2]\n[[unit]]\nname = \"u\"\nrun = [\"true\"]\n\
        output = \"text\"\n";
    std::fs::write(folder.path().join("r.toml"), file).unwrap();
    printed(folder.path(), &["run", "r.toml", "--no-bar"]);
    for name in ["results.parquet", "experiments.parquet"] {
        let bytes = std::fs::read(folder.path().join("r").join(name)).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    }
}

#[test]
fn queries_work_during_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let storage = kept(folder.path());
    let question = "select n, count(*) as rows, max(done) as done from results group by n";
    assert_eq!(
        printed(folder.path(), &["query", "kinds", question]),
        "n  rows  done\n─  ────  ────\n0     8     1\n1     8     1\n2     8     1\n"
    );
    let question = "select id, reason from experiments where status = 'killed'";
    let json = printed(
        folder.path(),
        &["query", "kinds", question, "--format", "json"],
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["reason"], "killed by signal 9");
    drop(storage);
}

#[test]
fn invalid_queries_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    drop(kept(folder.path()));
    let refused = |question: &str| refused(folder.path(), &["query", "kinds", question]);
    assert_eq!(
        refused("select step from results"),
        "error: no such column: step; did you mean `steps`?\n  select step from results\n         \
         ^\n"
    );
    assert!(refused("delete from results").starts_with("error: queries only read"));
}

#[test]
fn a_summary_has_a_row_for_each_config() {
    let folder = tempfile::tempdir().unwrap();
    drop(kept(folder.path()));
    let summary = [
        "results",
        "kinds",
        "--summary",
        "--var",
        "loss",
        "--iterations",
        "0,1",
    ];
    let sorted = ["--sort", "loss", "--descending"];
    assert_eq!(
        printed(folder.path(), &[summary.as_slice(), &sorted].concat()),
        "\
n   lr  größe          deep   n_1  failed  loss
─  ───  ─────────────  ─────  ───  ──────  ───────────
2  0.3  groß           true     1       1  4.05
1  0.2  groß           false    2       0  2.55 ± 0.71
0  0.1  klein, \"fein\"  false    2       0  0.55 ± 0.71
"
    );
    let hidden = ["results", "kinds", "--summary", "--var", "done"];
    let by_loss = printed(
        folder.path(),
        &[hidden.as_slice(), &["--iterations", "0,1"], &sorted].concat(),
    );
    let configs = by_loss
        .lines()
        .skip(2)
        .filter_map(|line| line.chars().next());
    assert_eq!(configs.collect::<String>(), "210", "{by_loss}");
    let last = ["--last", "1", "--where", "n=1", "--format", "csv"];
    assert_eq!(
        printed(folder.path(), &[summary.as_slice(), &last].concat()),
        "n,lr,größe,deep,n_1,failed,loss_mean,loss_std\n1,0.2,groß,false,2,0,2.6,0.7071067811865476\n"
    );
    let unknown = refused(
        folder.path(),
        &[summary.as_slice(), &["--sort", "los"]].concat(),
    );
    assert!(unknown.contains("did you mean `loss`?"), "{unknown}");
}

#[test]
fn files_of_experiments_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    drop(kept(folder.path()));
    let own = folder.path().join("kinds/experiments/0000000000000003");
    std::fs::create_dir_all(own.join("checkpoints/last")).unwrap();
    for name in [
        "config.json",
        "stdout.txt",
        "model.pt",
        "checkpoints/last/1.pt",
    ] {
        std::fs::write(own.join(name), "").unwrap();
    }
    std::os::unix::fs::symlink("/", own.join("root")).unwrap();
    let flags = [
        "artifacts",
        "kinds",
        "--where",
        "n=1",
        "--format",
        "csv",
        "--concat-config",
    ];
    let csv = printed(folder.path(), &flags);
    let base = std::fs::canonicalize(folder.path()).unwrap();
    let line = |name: &str| {
        let relative = format!("experiments/0000000000000003/{name}");
        let full = base.join("kinds").join(&relative);
        let config = "deep_false-größe_groß-lr_0.2-n_1";
        format!(
            "0000000000000003,{config},{name},{},{relative}",
            full.display()
        )
    };
    let expected = ["checkpoints/last/1.pt", "model.pt", "root"].map(line);
    let header = "id,config,artifact_name,full_path,relative_path";
    assert_eq!(csv, format!("{header}\n{}\n", expected.join("\n")));
    let json = printed(
        folder.path(),
        &[
            "artifacts",
            "kinds",
            "--id",
            "0000000000000000",
            "--format",
            "json",
        ],
    );
    assert_eq!(json, "[]\n");

    std::fs::write(own.join("a.log"), "").unwrap();
    let names = |flags: &[&str]| {
        let fixed = ["artifacts", "kinds", "--where", "n=1", "--format", "csv"];
        let csv = printed(folder.path(), &[&fixed, flags].concat());
        let names = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').rev().nth(2).unwrap());
        names.map(str::to_owned).collect::<Vec<String>>()
    };
    for (flags, expected) in [
        (&["*.pt"][..], &["checkpoints/last/1.pt", "model.pt"][..]),
        (&["checkpoints/"], &["checkpoints/last/1.pt"]),
        (&["last/"], &["checkpoints/last/1.pt"]),
        (&["checkpoints/*"], &[]),
        (&["checkpoints/**"], &["checkpoints/last/1.pt"]),
        (&["check*/*/?.pt"], &["checkpoints/last/1.pt"]),
        (&["?.log", "model.pt"], &["a.log", "model.pt"]),
        (&["model.p"], &[]),
        (&["(a|b).log", "[a].log", "a+log"], &[]),
        (
            &["--folders"],
            &["a.log", "checkpoints/", "model.pt", "root"],
        ),
        (&["--folders", "check*"], &["checkpoints/"]),
        (&["--folders", "checkpoints/"], &["checkpoints/"]),
        (&["--output", "*.txt"], &["stdout.txt"]),
        (&["--limit", "1"], &["a.log"]),
    ] {
        assert_eq!(names(flags), expected, "{flags:?}");
    }
    let none = research(folder.path(), &["artifacts", "kinds", "*.none"]);
    assert_eq!(
        String::from_utf8_lossy(&none.stderr),
        "no files match the patterns\n"
    );
}

#[test]
fn curves_are_drawn_on_a_terminal_and_into_files() {
    let folder = tempfile::tempdir().unwrap();
    drop(kept(folder.path()));
    let plot = |flags: &[&str]| printed(folder.path(), &[&["plot", "kinds"], flags].concat());
    let sketch = plot(&["--y", "loss", "--group-by", "n", "--width", "60"]);
    assert!(
        sketch.starts_with("kinds\nmean ± standard deviation, of 1 to 2 experiments\n"),
        "{sketch}"
    );
    assert!(
        sketch.lines().all(|line| line.chars().count() <= 60),
        "{sketch}"
    );
    assert!(!sketch.contains('\x1b'));
    assert_eq!(plot(&["--out", "all.svg"]), "");
    let svg = std::fs::read_to_string(folder.path().join("all.svg")).unwrap();
    assert!(
        svg.starts_with("<svg") && svg.contains("klein, \"fein\""),
        "{svg}"
    );
    plot(&[
        "--y",
        "loss,steps",
        "--col",
        "deep",
        "--color",
        "n",
        "--out",
        "some.PNG",
        "--width",
        "700",
    ]);
    let png = std::fs::read(folder.path().join("some.PNG")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    let svg = |flags: &[&str]| {
        plot(&[&["--y", "loss", "--out", "one.svg"], flags].concat());
        std::fs::read_to_string(folder.path().join("one.svg")).unwrap()
    };
    let plain = svg(&[]);
    assert!(svg(&["--title", "The title"]).contains("The title"));
    assert!(svg(&["--height", "333"]).contains("height=\"333\""));
    for flags in [
        ["--aggregate", "none"],
        ["--aggregate", "median"],
        ["--aggregate", "min"],
        ["--aggregate", "max"],
        ["--aggregate", "q0.9"],
        ["--band", "ci95"],
        ["--band", "minmax"],
        ["--band", "none"],
        ["--iterations", "0"],
        ["--where", "n=1"],
    ] {
        assert_ne!(svg(&flags), plain, "{flags:?} changes nothing");
    }
    assert_ne!(svg(&["--log-y"]), plain);
    // The last values are infinite, and cannot be drawn.
    let early = |flags: &[&str]| svg(&[&["--iterations", "0,1"], flags].concat());
    assert_ne!(early(&["--x", "lr"]), early(&[]));
    assert_ne!(early(&["--x", "lr", "--log-x"]), early(&["--x", "lr"]));
    let laid_out = |layout| svg(&["--col", "deep", "--layout", layout]);
    assert_ne!(laid_out("vertical"), laid_out("horizontal"));
    assert_eq!(
        svg(&["--col", "deep", "--ncols", "1"]),
        laid_out("vertical")
    );
    let refused = |flags: &[&str]| refused(folder.path(), &[&["plot", "kinds"], flags].concat());
    assert!(refused(&["--out", "picture.jpg"]).contains("ends in .svg or .png"));
    for unknown in ["mode", "q", "q2", "q-0.1", "qnan"] {
        let message = refused(&["--aggregate", unknown]);
        assert!(message.contains("such as q0.9"), "{message}");
    }
    let infinite = refused(&["--y", "loss", "--x", "lr"]);
    assert!(infinite.contains("are NaN or infinite"), "{infinite}");
    assert!(refused(&["--color", "nn"]).contains("no experiment has a parameter `nn`"));
}
