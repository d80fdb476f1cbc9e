//! Summaries: means and deviations over repetitions.

use research_core::{Column, Status};
use research_domain::{Config, Value};
use research_results::{Results, SummaryOptions, TableOptions};

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
