//! The names of tests in the arguments of a harness.

use super::*;

#[test]
fn one_test_is_named_alone() {
    let named = |arguments: &str| {
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        named_alone(&arguments)
    };
    assert_eq!(named("a::b --exact --nocapture").as_deref(), Some("a::b"));
    assert_eq!(named("--exact --test-threads 1 a").as_deref(), Some("a"));
    for others in ["a --nocapture", "a b --exact", "--exact --skip a", ""] {
        assert_eq!(named(others), None, "{others}");
    }
}

#[test]
fn this_is_a_harness_and_has_this_test() {
    assert!(is_linked());
    let tests = list().unwrap_or_default();
    let this = "relaunch::harness::tests::this_is_a_harness_and_has_this_test";
    assert!(tests.contains(this), "{tests:?}");
    assert!(!tests.contains("helper"));
}

#[test]
fn what_spans_two_pieces_is_found() {
    let mut bytes = vec![b'.'; PIECE - 3];
    bytes.extend(b"needle");
    assert!(contains(bytes.as_slice(), b"needle").is_ok_and(|found| found));
    bytes.pop();
    assert!(contains(bytes.as_slice(), b"needle").is_ok_and(|found| !found));
}
