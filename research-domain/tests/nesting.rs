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

/// Whoever walks through an expression needs stack for each operator that lies above another.
#[test]
fn operators_that_follow_each_other_are_bounded_and_all_else_is_not() {
    let sum = |operand: &str, count: usize| vec![operand; count].join(" + ");
    let condition = |sum: &str| format!("a=[1] where {sum} > 0").parse::<Domain>();
    let sampler = |sum: &str| format!("a=({sum})").parse::<Domain>();
    let long = sum("1", 100_000);
    for refused in [condition(&long), sampler(&long)] {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("more than 256 operators"), "{message}");
    }
    round_trip(&format!("a=[1] where {} > 0", sum("a", 257)));
    round_trip(&format!("a=({})", sum("normal(0, 1)", 257)));

    // They add up where they are nested in each other.
    let mut nested = "a".to_owned();
    for _ in 0..20 {
        nested = sum(&format!("({nested})"), 1) + " + " + &sum("a", 20);
    }
    assert!(condition(&nested).is_err());
    // And not where they stand beside each other.
    let beside = vec![sum("a", 200) + " > 0"; 50].join(" or ");
    assert!(format!("a=[1] where {beside}").parse::<Domain>().is_ok());
    let options: Vec<String> = (0..300)
        .map(|n| format!("p{n}=(2 * normal(0, 1) + 1)"))
        .collect();
    assert!(options.join(" * ").parse::<Domain>().is_ok());
}
