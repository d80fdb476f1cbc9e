//! Selection of experiments, and values left out of means.

use std::path::Path;
use std::process::Output;

use super::{printed, refused, research};

/// Runs six experiments over x and y with three iterations each. The fourth experiment fails in its
/// second iteration, and the last prints a string in its first.
fn run(folder: &Path) {
    let script = "if [ {x}{y}{iteration} = 211 ]; then exit 3; fi; \
                  if [ {x}{y}{iteration} = 230 ]; then echo '\"oops\"'; else echo 1.5; fi";
    let file = format!(
        "name = \"s\"\nn_iters = 3\nseed = 1\ndomain = 'x=[1, 2] * y=[1, 2, 3]'\n\
         [[unit]]\nname = \"u\"\nrun = [\"sh\", \"-c\", '''{script}''']\nsave_to = \"v\"\n"
    );
    std::fs::write(folder.join("s.toml"), file).unwrap();
    let output = research(folder, &["run", "s.toml", "--no-bar"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

fn said(output: &Output) -> (String, String) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn experiments_are_selected_by_parameters_conditions_and_statuses() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let rows = |flags: &[&str]| {
        let csv = printed(
            folder.path(),
            &[&["results", "s", "--format", "csv"], flags].concat(),
        );
        csv.lines().count() - 1
    };
    // batchflow has the same results for a domain over one of two parameters.
    assert_eq!(rows(&["--domain", "y=[2, 3]"]), 12);
    assert_eq!(rows(&["--domain", "y=[2.0, 3.0]"]), 12);
    assert_eq!(rows(&["--domain", "y=[2, 3] * x=[1]"]), 6);
    assert_eq!(rows(&["--domain", "y=[2, 3]", "--where", "x=1"]), 6);
    assert_eq!(rows(&["--where", "y > 1"]), 12);
    assert_eq!(rows(&["--where", "y > 1", "--where", "x in [2, 7]"]), 6);
    assert_eq!(rows(&["--where", "y > 1", "--where", "x=2"]), 6);
    assert_eq!(rows(&["--where", "y == 2 or x == 1"]), 12);
    assert_eq!(rows(&["--status", "failed"]), 1);
    assert_eq!(rows(&["--status", "finished,unfinished"]), 15);
    let failed = [
        "results",
        "s",
        "--where",
        "x=2",
        "--where",
        "y=1",
        "--with-status",
    ];
    let (table, _) = said(&research(folder.path(), &failed));
    assert!(
        table.contains("status  iteration") && table.contains("failed          0"),
        "{table}"
    );

    let refused = |flags: &[&str]| refused(folder.path(), &[&["results", "s"], flags].concat());
    assert!(refused(&["--where", "z > 1"]).contains("no experiment has a parameter `z`"));
    assert!(refused(&["--domain", "z=[1]"]).contains("no experiment has a parameter `z`"));
    for invalid in [
        "y >> 1",
        "y >= ",
        "y == 1 2",
        "y != (",
        "y in [\"x=y\"",
        "=1",
    ] {
        let error = refused(&["--where", invalid]);
        assert!(error.contains("`--where`: "), "{invalid}: {error}");
    }
    let nearest = research(folder.path(), &["results", "s", "--where", "y == 2.4"]);
    let (_, notes) = said(&nearest);
    assert!(
        notes.contains("no experiment has the value 2.4 of `y`; the nearest value is 2"),
        "{notes}"
    );

    let nothing = super::refused(folder.path(), &["plot", "s", "--domain", "y=[7]"]);
    assert!(
        nothing.contains("no experiment matches the filters"),
        "{nothing}"
    );
    let plot = ["plot", "s", "--group-by", "y", "--domain", "y=[2]"];
    let (sketch, _) = said(&research(folder.path(), &plot));
    assert!(sketch.contains("of 2 experiments"), "{sketch}");
    for y in ["1", "2"] {
        let own = printed(
            folder.path(),
            &[
                "results",
                "s",
                "--where",
                &format!("y={y}"),
                "--format",
                "csv",
            ],
        );
        let id = own.lines().nth(1).unwrap().split(',').next().unwrap();
        let own = folder.path().join("s/experiments").join(id);
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("left.txt"), "").unwrap();
    }
    let artifacts = ["artifacts", "s", "--format", "csv", "--domain", "y=[2, 3]"];
    assert_eq!(printed(folder.path(), &artifacts).lines().count(), 2);
}

#[test]
fn values_left_out_of_means_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let summary = ["results", "s", "--summary", "--format", "csv"];
    let (table, notes) = said(&research(folder.path(), &summary));
    assert_eq!(
        table,
        "x,y,n,failed,v_mean,v_std\n1,1,1,0,1.5,\n1,2,1,0,1.5,\n1,3,1,0,1.5,\n2,1,0,1,,\n\
         2,2,1,0,1.5,\n2,3,1,0,1.5,\n"
    );
    assert_eq!(notes, "`v`: 1 value that is not a number is left out\n");
    let (table, _) = said(&research(
        folder.path(),
        &[summary.as_slice(), &["--with-failed"]].concat(),
    ));
    assert!(table.contains("\n2,1,1,1,1.5,\n"), "{table}");

    let question = "select avg(v) as a, count(v) as n from results where v = 1.5 or v = 'oops'";
    let (answer, notes) = said(&research(folder.path(), &["query", "s", question]));
    assert_eq!(answer, "  a   n\n───  ──\n1.5  16\n");
    assert_eq!(notes, "`avg`: 1 value that is not a number is left out\n");

    let (_, notes) = said(&research(folder.path(), &["plot", "s", "--group-by", "y"]));
    assert_eq!(
        notes,
        "1 experiment that failed is left out\n`v`: 1 value that is not a number is left out\n"
    );

    let mixed = "mixed columns, strings in Parquet: `v` (numbers and strings)\n";
    let (status, _) = said(&research(folder.path(), &["status", "s"]));
    assert!(status.ends_with(mixed), "{status}");
    let (_, notes) = said(&research(folder.path(), &["results", "s"]));
    assert_eq!(notes, mixed);
}

#[test]
fn an_endless_query_times_out() {
    let folder = tempfile::tempdir().unwrap();
    drop(super::kept(folder.path()));
    let endless = "with recursive t(n) as (select 1 union all select n + 1 from t) \
                   select max(n) from t";
    let output = research(
        folder.path(),
        &["query", "kinds", endless, "--timeout", "0.2"],
    );
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("the query did not finish within 0.2 s"),
        "{text}"
    );
}
