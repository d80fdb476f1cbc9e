//! Tables that fit a terminal, and tables with a limit.

use research_core::{Column, Status};
use research_domain::Config;
use research_results::{Format, Results, TableOptions};

use crate::events::{ended, saved, started};

/// Six experiments with many parameters, of which `x` differs.
fn wide() -> Results {
    let mut results = Results::new();
    for number in 0..6_u64 {
        let config = Config::from_pairs([("x", number)])
            .with("optimizer", "stochastic-gradient-descent")
            .with("model", "resnet-152")
            .with("note", "n".repeat(5000));
        results.apply(&started(number, 1, config));
        results.apply(&saved(
            number,
            "loss",
            0,
            Column::Float(vec![number as f64 + 0.5]),
        ));
        results.apply(&saved(
            number,
            "accuracy",
            0,
            Column::Float(vec![number as f64]),
        ));
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    results
}

fn fitted(columns: usize) -> String {
    let results = wide();
    let table = results.to_table(&TableOptions::new()).unwrap().limit(2);
    let format = Format::Fitted {
        columns,
        hint: "ask for more",
    };
    let mut text = Vec::new();
    table.write(format, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn constant_columns_are_left_out_first() {
    let note = format!("{}…", "n".repeat(24));
    assert_eq!(
        fitted(50),
        format!(
            "\
id  x  optimizer                  loss  accuracy
──  ─  ─────────────────────────  ────  ────────
e0  0  stochastic-gradient-desc…   0.5       0.0
e1  1  stochastic-gradient-desc…   1.5       1.0
3 columns are left out to fit: model=resnet-152, note={note}, iteration=0
ask for more
"
        )
    );
    let narrow = fitted(20);
    let table: Vec<&str> = narrow.lines().take(4).collect();
    assert!(
        table.iter().all(|line| line.chars().count() <= 20),
        "{narrow}"
    );
    assert!(narrow.starts_with("id  x  accuracy"), "{narrow}");
    // The first column is there however narrow the terminal is.
    assert!(fitted(1).starts_with("id\n──\ne0\ne1\n"));
}

#[test]
fn a_table_that_fits_is_whole() {
    let wide = fitted(1000);
    assert!(!wide.contains("left out"), "{wide}");
    assert_eq!(wide.lines().count(), 4);
}

#[test]
fn a_limit_is_a_number_of_rows() {
    let results = wide();
    let table = || results.to_table(&TableOptions::new()).unwrap();
    assert_eq!(table().limit(4).row_count(), 4);
    assert_eq!(table().limit(0).row_count(), 0);
    assert_eq!(table().limit(100).row_count(), 6);
    assert_eq!(table().limit(4).limit(None).row_count(), 6);
    let mut csv = Vec::new();
    table().limit(1).write(Format::Csv, &mut csv).unwrap();
    assert_eq!(String::from_utf8(csv).unwrap().lines().count(), 2);
}
