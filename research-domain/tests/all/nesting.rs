//! Deeply nested domains print an expression that parses back, or are refused.

use proptest::prelude::*;
use research_domain::{
    Distribution, Domain, DomainError, Iteration, Values, choice, constant, int_inclusive, normal,
    option, uniform,
};

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
fn redundant_parentheses_are_not_printed() {
    let deep = |inner: &str| format!("{}{inner}{}", "(".repeat(20), ")".repeat(20));
    round_trip(&format!("a=[1] where {}", deep("a < 3")));
    round_trip(&deep("a=[1] + b=[2]"));
}

/// Recursion over an expression takes stack for each nested operator.
#[test]
fn only_nested_operators_are_limited() {
    let sum = |operand: &str, count: usize| vec![operand; count].join(" + ");
    let condition = |sum: &str| format!("a=[1] where {sum} > 0").parse::<Domain>();
    let distribution = |sum: &str| format!("a=({sum})").parse::<Domain>();
    let long = sum("1", 100_000);
    for refused in [condition(&long), distribution(&long)] {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("more than 256 operators"), "{message}");
    }
    round_trip(&format!("a=[1] where {} > 0", sum("a", 257)));
    round_trip(&format!("a=({})", sum("normal(0, 1)", 257)));

    // Nested operators add up.
    let mut nested = "a".to_owned();
    for _ in 0..20 {
        nested = sum(&format!("({nested})"), 1) + " + " + &sum("a", 20);
    }
    assert!(condition(&nested).is_err());
    // Adjacent operators do not.
    let beside = vec![sum("a", 200) + " > 0"; 50].join(" or ");
    assert!(format!("a=[1] where {beside}").parse::<Domain>().is_ok());
    let options: Vec<String> = (0..300)
        .map(|n| format!("p{n}=(2 * normal(0, 1) + 1)"))
        .collect();
    assert!(options.join(" * ").parse::<Domain>().is_ok());
}

/// Returns a domain with a chain of conditions, each of which excludes one value.
fn chained(count: usize) -> Domain {
    (0..count).fold(option("a", 0..10), |domain, number| {
        domain.matching(&format!("a != {}", number + 5))
    })
}

#[test]
fn chained_conditions_are_joined_and_parse_back() {
    for count in [2, 63, 64, 100, 20_000] {
        let domain = chained(count);
        let left = if count == 2 { 8 } else { 5 };
        assert_eq!(domain.len().unwrap().finite(), Some(left), "{count}");
        let text = domain.expression().unwrap();
        assert_eq!(text.parse::<Domain>().unwrap(), domain);
        drop(domain);
    }
    // Records of earlier versions have nested conditions.
    let nested = "((a=[1, 2, 3] where a > 1) where a < 3)"
        .parse::<Domain>()
        .unwrap();
    assert_eq!(
        nested,
        option("a", 1..=3).matching("a > 1").matching("a < 3")
    );
    assert_eq!(nested.to_string(), "a=[1, 2, 3] where a > 1 and a < 3");
}

/// Builds, checks, prints and drops domains that nest `step` many times.
fn assert_bounded(name: &str, step: impl Fn(Domain, usize) -> Domain) {
    for count in [10, 63, 200, 20_000] {
        let domain = (0..count).fold(option("a", [1]), &step);
        match (domain.validate(), domain.expression()) {
            (Ok(()), Ok(text)) => {
                let again: Domain = text.parse().unwrap();
                assert_eq!(again.to_string(), text, "{name} {count}");
                assert!(count < 20_000, "{name}");
            }
            (Err(error), Err(_)) => {
                assert!(
                    error.to_string().contains("too deep"),
                    "{name} {count}: {error}"
                );
                assert!(count > 10, "{name}");
            }
            // A function has no expression at any depth.
            (Ok(()), Err(DomainError::NoExpression { .. })) => assert!(name == "filter"),
            other => panic!("{name} {count}: {other:?}"),
        }
        let _ = format!("{domain}{domain:?}").len();
    }
}

#[test]
fn nested_domains_have_an_expression_or_are_refused() {
    assert_bounded("weights", |domain, _| domain.weighted(1.5));
    assert_bounded("distinct", |domain, _| domain.distinct());
    assert_bounded("samples", |domain, _| domain.sample(1));
    assert_bounded("difference", |domain, _| {
        domain.difference(option("a", [2]))
    });
    assert_bounded("filter", |domain, _| domain.filter(|_| true));
    assert_bounded("sums and products", |domain, number| match number % 40 {
        0 => Domain::product([domain, option(format!("p{number}"), [1])]),
        _ => Domain::sum([domain]),
    });
    assert_bounded("parentheses", |domain, number| {
        let other = option(format!("p{number}"), [1]);
        let sum = Domain::sum([domain, Domain::sum([])]);
        Domain::product([sum, Domain::product([other, Domain::new()])])
    });
    assert_bounded("filters and conditions", |domain, number| {
        match number % 2 {
            0 => domain.distinct(),
            _ => domain.matching("a < 3 or not a == 7"),
        }
    });
}

type Step = fn(Distribution) -> Distribution;

#[test]
fn nested_distributions_have_an_expression_or_are_refused() {
    let steps: [(&str, Step); 5] = [
        ("left", |distribution| distribution + 1.0),
        ("right", |distribution| 1.0 + distribution),
        ("signs", |distribution| -distribution),
        ("calls", |distribution| distribution.truncate(-1e300, 1e300)),
        ("mixtures", |distribution| distribution | normal(0.0, 1.0)),
    ];
    for (name, step) in steps {
        for count in [10, 63, 200, 20_000] {
            let distribution =
                (0..count).fold(uniform(0.0, 1.0), |distribution, _| step(distribution));
            let domain = option("a", distribution);
            let drawn = domain.configs(&Iteration::default().n_items(2));
            match domain.expression() {
                Ok(text) => {
                    drawn.unwrap().get(1).unwrap().unwrap();
                    assert_eq!(text.parse::<Domain>().unwrap().to_string(), text, "{name}");
                }
                Err(error) => {
                    assert!(error.to_string().contains("too deep"), "{name}: {error}");
                    assert!(drawn.is_err() && count > 10, "{name} {count}");
                }
            }
        }
    }
}

#[test]
fn a_domain_without_an_expression_is_not_serialised() {
    let filtered = option("a", [1, 2]).filter(|config| config.read::<i64>("a") == Ok(2));
    assert_eq!(filtered.len().unwrap().finite(), Some(1));
    let refused = serde_json::to_string(&filtered).unwrap_err().to_string();
    assert!(refused.contains("it has a function of Rust"), "{refused}");
    // The printed form is read as a domain with an unknown function.
    let read: Domain = filtered.to_string().parse().unwrap();
    assert_eq!(read.to_string(), "a=[1, 2] where <a function>");
    assert!(matches!(
        read.len(),
        Err(DomainError::UnknownFunction { .. })
    ));
    assert!(matches!(
        read.expression(),
        Err(DomainError::NoExpression { .. })
    ));
    let inside = (filtered * option("b", [1])).distinct();
    assert!(matches!(
        inside.expression(),
        Err(DomainError::NoExpression { .. })
    ));
    let invalid = option("a", [1]).matching("a <");
    assert!(serde_json::to_string(&invalid).is_err());
}

fn domains() -> impl Strategy<Value = Domain> {
    let distributions = prop_oneof![
        Just(uniform(0.0, 1.0)),
        Just(int_inclusive(1, 3)),
        Just(choice([u64::MAX, 1])),
        Just(constant(-2)),
    ]
    .prop_recursive(6, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a + b),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a | b),
            inner.clone().prop_map(|a| -(a.exp())),
            inner.prop_map(|a| a.truncate(0.0, 1.0)),
        ]
    });
    let values = prop_oneof![
        proptest::collection::vec(any::<u64>(), 1..3).prop_map(Values::from),
        proptest::collection::vec(any::<f64>(), 1..3).prop_map(Values::from),
        distributions.prop_map(Values::from),
    ];
    let leaf = ("[a-c]", values).prop_map(|(name, values)| option(name, values));
    leaf.prop_recursive(24, 40, 3, |inner| {
        let several = || proptest::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            several().prop_map(Domain::sum),
            several().prop_map(Domain::product),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.zip(b)),
            (0.1f64..2.0, inner.clone()).prop_map(|(weight, domain)| domain.weighted(weight)),
            (inner.clone(), "[ab] < 3|not a > b|a == 1 or b != 2")
                .prop_map(|(domain, condition)| domain.matching(&condition)),
            inner.clone().prop_map(Domain::distinct),
            inner.clone().prop_map(|domain| domain.sample(3)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.difference(b)),
        ]
    })
}

proptest! {
    #[test]
    fn every_domain_has_an_expression_that_parses_back(domain in domains()) {
        let text = domain.expression().unwrap();
        let again: Domain = text.parse().unwrap();
        prop_assert_eq!(again.to_string(), text);
        let counted = |domain: &Domain| domain.len().map_err(|error| error.to_string());
        prop_assert_eq!(counted(&again), counted(&domain));
    }
}
