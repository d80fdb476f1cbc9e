//! What is nested as deep as the parser goes prints something that parses again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use research_domain::Domain;

fn round_trip(text: &str) {
    let domain: Domain = text.parse().unwrap();
    let printed = domain.to_string();
    let again: Domain = printed.parse().unwrap();
    assert_eq!(again.to_string(), printed);
}

#[test]
fn signs_add_no_parentheses() {
    let signs = "-".repeat(40);
    round_trip(&format!("a=[1] where a <= {signs}a"));
    round_trip(&format!("a=(1 * {signs}normal(0, 1))"));
    let most = "-".repeat(59);
    round_trip(&format!("a=[1] where a ** {most}a < 1"));
    round_trip(&format!("a=(normal(0, 1) ** {signs}normal(0, 1))"));
    round_trip("a=[1] where a <= -(a + 1) ** -(a - 1)");
}

#[test]
fn parentheses_that_say_nothing_are_left_out() {
    let deep = |inner: &str| format!("{}{inner}{}", "(".repeat(20), ")".repeat(20));
    round_trip(&format!("a=[1] where {}", deep("a < 3")));
    round_trip(&deep("a=[1] + b=[2]"));
}
