//! Facts recorded from the original: when units are due.

use std::path::PathBuf;

use research_core::When;
use serde::Deserialize;

#[derive(Deserialize, Debug)]
struct Case {
    when: When,
    iteration: u64,
    n_iters: Option<u64>,
    last: bool,
    expect: bool,
}

#[test]
fn golden_when() {
    let folder = std::env::var_os("RESEARCH_GOLDEN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join("when.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let due = case.when.is_due(case.iteration, case.n_iters, case.last);
        assert_eq!(due, case.expect, "{case:?}");
    }
}

#[test]
fn rules_are_read_and_printed() {
    for (text, printed) in [("5", "5"), ("#3", "#3"), ("%3", "#3"), (" last ", "last")] {
        assert_eq!(text.parse::<When>().unwrap().to_string(), printed);
    }
    for text in ["0", "-1", "", "#", "#x", "first", "1.5"] {
        let error = text.parse::<When>().unwrap_err().to_string();
        assert!(error.contains("use a number n"), "{error}");
    }
    let list: When = serde_json::from_str(r##"[5, "#0", "last"]"##).unwrap();
    assert_eq!(list.to_string(), "5, #0, last");
    let again: When = serde_json::from_str(&serde_json::to_string(&list).unwrap()).unwrap();
    assert_eq!(again, list);
}
