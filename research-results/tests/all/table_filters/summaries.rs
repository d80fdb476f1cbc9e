//! Summaries: means and deviations over repetitions.

use std::collections::HashMap;

use research_core::{Column, Status};
use research_domain::{Config, Value};
use research_results::{Deviation, Results, SummaryOptions, TableOptions};

use super::{all, three};
use crate::events::{ended, saved, started};

#[test]
fn summaries_combine_repetitions() {
    let results = three();
    let summary = SummaryOptions::new().sort_by("loss").descending(true);
    let text = results.summary(&all().use_alias(true), &summary).unwrap();
    let expected = "\
m       lr  extra   n  failed  loss_mean  loss_std
─────  ───  ──────  ─  ──────  ─────────  ────────
big      4  [1, 2]  2       0     2.8125  0.441942
big    2.0          2       0     1.5625  0.441942
small  0.5          2       0     0.3125  0.441942
";
    assert_eq!(text.to_string(), expected);

    let last = results.summary(&all().config("lr", 2), &SummaryOptions::new().last(1));
    let expected = "\
model     lr  n  failed  loss_mean  loss_std
───────  ───  ─  ──────  ─────────  ────────
big.bin  2.0  2       0      0.625  0.176777
";
    assert_eq!(last.unwrap().to_string(), expected);

    let one = all().ids(["e0"]).concat_config(true);
    let one = results
        .summary(&one, &SummaryOptions::new())
        .unwrap()
        .to_string();
    assert_eq!(
        one.lines().last(),
        Some("lr_0.5-m_small  1       0        0.0")
    );
    let unknown = SummaryOptions::new().sort_by("note");
    assert_eq!(
        results.summary(&all(), &unknown).unwrap_err().to_string(),
        "no experiment has saved `note` as numbers; available: loss"
    );
}

#[test]
fn deviations_are_what_their_names_say() {
    let mut results = Results::new();
    for (number, loss) in (0..).zip([1.0, 2.0, 4.0]) {
        results.apply(&started(number, 1, Config::from_pairs([("a", 1)])));
        results.apply(&saved(number, "loss", 0, Column::Float(vec![loss])));
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    // The variance of the sample is 7/3.
    let sample = (7.0_f64 / 3.0).sqrt();
    for (deviation, column, expected) in [
        (Deviation::Sample, "loss_std", sample),
        (Deviation::Population, "loss_pstd", (14.0_f64 / 9.0).sqrt()),
        (
            Deviation::StandardError,
            "loss_sem",
            sample / 3.0_f64.sqrt(),
        ),
        (
            Deviation::Confidence,
            "loss_ci95",
            4.302_652_73 * sample / 3.0_f64.sqrt(),
        ),
    ] {
        let summary = SummaryOptions::new().deviation(deviation);
        let table = results.summary(&all(), &summary).unwrap();
        assert_eq!(table.columns()[4], column);
        let rows = table.rows::<HashMap<String, f64>>().unwrap();
        let found = rows[0][column];
        assert!((found - expected).abs() < 1e-8, "{column}: {found}");
    }
    let of_student = |freedom: usize| Deviation::Confidence.from_sample(1.0, freedom + 1);
    let quantile = |freedom: usize| of_student(freedom) * ((freedom + 1) as f64).sqrt();
    // From the usual tables.
    for (freedom, expected) in [
        (1, 12.7062),
        (10, 2.2281),
        (11, 2.2010),
        (30, 2.0423),
        (120, 1.9799),
    ] {
        assert!((quantile(freedom) - expected).abs() < 1e-4, "{freedom}");
    }
}

#[test]
fn a_summary_is_sorted_by_any_statistic() {
    let mut results = Results::new();
    // Of a: 1 and 8; of b: 3 and 4; c failed once.
    for (number, (name, loss)) in (0..).zip([
        ("a", 1.0),
        ("a", 8.0),
        ("b", 3.0),
        ("b", 4.0),
        ("c", 9.0),
        ("c", 0.0),
    ]) {
        results.apply(&started(number, 1, Config::from_pairs([("m", name)])));
        results.apply(&saved(number, "loss", 0, Column::Float(vec![loss])));
        let status = match number {
            5 => Status::Failed,
            _ => Status::Finished,
        };
        results.apply(&ended(number, 1, status, None));
    }
    let sorted = |key: &str| {
        let table = results.summary(&all(), &SummaryOptions::new().sort_by(key));
        let text = table.unwrap().to_string();
        let rows = text.lines().skip(2).filter_map(|line| line.chars().next());
        rows.collect::<String>()
    };
    for (key, expected) in [
        ("loss", "bac"),
        ("loss_mean", "bac"),
        ("loss_min", "abc"),
        ("loss_max", "bac"),
        ("loss_std", "bac"),
        ("loss_median", "bac"),
        ("n", "cab"),
        ("failed", "abc"),
    ] {
        assert_eq!(sorted(key), expected, "{key}");
    }
    let unknown = SummaryOptions::new().sort_by("loss_mode");
    let error = results.summary(&all(), &unknown).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no experiment has saved `loss_mode`"),
        "{error}"
    );
}

#[test]
fn repetitions_have_columns_of_their_own() {
    let results = three();
    let summary = SummaryOptions::new().repetitions(true).last(1);
    let table = results.summary(&all().config("lr", 2), &summary).unwrap();
    let expected = "\
model     lr  n  failed  loss_mean  loss_std  loss_rep0  loss_rep1
───────  ───  ─  ──────  ─────────  ────────  ─────────  ─────────
big.bin  2.0  2       0      0.625  0.176777        0.5       0.75
";
    assert_eq!(table.to_string(), expected);
    let first = results.summary(&all(), &SummaryOptions::new()).unwrap();
    assert_eq!(first.limit(1).row_count(), 1);
}

#[test]
fn equal_means_have_no_deviation() {
    let shown = |value: f64| {
        let mut results = Results::new();
        for number in 0..3 {
            results.apply(&started(number, 1, Config::from_pairs([("a", 1)])));
            results.apply(&saved(number, "loss", 0, Column::Float(vec![value; 3])));
            results.apply(&ended(number, 1, Status::Finished, None));
        }
        let summary = SummaryOptions::new().joined(true);
        let text = results.summary(&all(), &summary).unwrap().to_string();
        let (_, shown) = text.trim_end().rsplit_once("  ").unwrap();
        shown.to_owned()
    };
    assert_eq!(shown(0.1), "0.1 ± 0");
    assert_eq!(shown(1.0 / 3.0), "0.333333 ± 0");
    assert_eq!(shown(-1e200), "-1e200 ± 0");
    assert_eq!(shown(5.0), "5.0 ± 0");
}

#[test]
fn a_summary_is_sorted_by_what_it_does_not_show() {
    let mut results = Results::new();
    for (number, loss) in (0..).zip([2.0, 3.0, 1.0]) {
        results.apply(&started(number, 1, Config::from_pairs([("n", number)])));
        results.apply(&saved(number, "loss", 0, Column::Float(vec![loss])));
        results.apply(&saved(number, "score", 0, Column::Int(vec![7])));
        results.apply(&ended(number, 1, Status::Stopped, None));
    }
    let shown = all().variables(["score"]);
    let sorted = |by: &str| {
        let summary = SummaryOptions::new().sort_by(by);
        results
            .summary(&shown, &summary)
            .map(|table| table.to_string())
    };
    let expected = "\
n  n_1  failed  score_mean  score_std
─  ───  ──────  ──────────  ─────────
2    1       0         7.0
0    1       0         7.0
1    1       0         7.0
";
    assert_eq!(sorted("loss").unwrap(), expected);
    let error = sorted("los").unwrap_err().to_string();
    assert_eq!(error, "no experiment has saved `los`; did you mean `loss`?");
}

#[test]
fn summaries_leave_out_failures_and_what_is_not_a_number() {
    let mut results = Results::new();
    let mut add = |number, loss: Column, status: Option<Status>| {
        results.apply(&started(number, 1, Config::from_pairs([("a", 1)])));
        results.apply(&saved(number, "loss", 0, loss));
        if let Some(status) = status {
            results.apply(&ended(number, 1, status, None));
        }
    };
    let mixed = vec![
        Value::from(1.0),
        Value::from("oops"),
        Value::Null,
        Value::from(2.0),
    ];
    add(0, Column::Value(mixed), Some(Status::Finished));
    add(1, Column::Float(vec![2.5]), Some(Status::Stopped));
    add(2, Column::Float(vec![100.0]), Some(Status::Failed));
    add(3, Column::Float(vec![1000.0]), None);
    add(
        4,
        Column::Text(vec!["worse".to_owned()]),
        Some(Status::TimedOut),
    );
    let summary = |options: &TableOptions, with_failed| {
        let summary = SummaryOptions::new().with_failed(with_failed);
        let table = results.summary(options, &summary).unwrap();
        let mut bytes = Vec::new();
        table
            .write(research_results::Format::Csv, &mut bytes)
            .unwrap();
        (String::from_utf8(bytes).unwrap(), table.notes().to_vec())
    };
    let (table, notes) = summary(&all(), false);
    assert_eq!(
        table,
        "a,n,failed,loss_mean,loss_std\n1,2,2,2.0,0.7071067811865476\n"
    );
    assert_eq!(
        notes,
        [
            "1 experiment that has not ended is left out",
            "`loss`: 1 value that is not a number is left out"
        ]
    );
    let (table, notes) = summary(&all(), true);
    assert!(
        table.starts_with("a,n,failed,loss_mean,loss_std\n1,4,2,34.6"),
        "{table}"
    );
    assert_eq!(
        notes[1],
        "`loss`: 2 values that are not numbers are left out"
    );
    // A filter by status includes the values of these experiments.
    let (table, notes) = summary(&all().status(Status::Failed).status(None), false);
    assert!(
        table.starts_with("a,n,failed,loss_mean,loss_std\n1,2,1,550.0,"),
        "{table}"
    );
    assert_eq!(notes, [] as [&str; 0]);
}
