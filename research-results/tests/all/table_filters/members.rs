//! Compares filters by a domain with a comparison of each experiment with each config.

use proptest::prelude::*;
use research_domain::{Config, Domain, Iteration, Value, option};
use research_results::{Format, Results, TableOptions};

use crate::events::started;

/// Generates values, some of which are equal as numbers.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..3_i64).prop_map(Value::from),
        (0..3_i64).prop_map(|integer| Value::from(integer as f64)),
        Just(Value::from(0.5)),
        Just(Value::from("1")),
        Just(Value::from(true)),
        Just(Value::from(vec![1, 2])),
    ]
}

fn values() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(value(), 1..4)
}

fn config() -> impl Strategy<Value = Config> {
    let parameters = [0.9, 0.8, 0.3].map(|chance| prop::option::weighted(chance, value()));
    parameters.prop_map(|values| {
        let pairs = ["a", "b", "c"].into_iter().zip(values);
        Config::from_pairs(pairs.filter_map(|(key, value)| Some((key, value?))))
    })
}

fn domain() -> impl Strategy<Value = Domain> {
    let list = || (prop::sample::select(vec!["a", "b"]), values());
    let product = (values(), values()).prop_map(|(a, b)| option("a", a) * option("b", b));
    let sum = (list(), list()).prop_map(|((one, a), (other, b))| option(one, a) + option(other, b));
    prop_oneof![
        list().prop_map(|(key, values)| option(key, values)),
        product,
        sum
    ]
}

fn is_equal(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Int(_) | Value::Float(_) => value.as_f64(),
        _ => None,
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

proptest! {
    #[test]
    fn members_are_those_that_a_comparison_of_numbers_finds(
        configs in prop::collection::vec(config(), 0..12),
        domain in domain(),
    ) {
        let wanted = domain.configs(&Iteration::default()).unwrap();
        let wanted: Vec<Config> = wanted.iter().map(|item| item.unwrap().config).collect();
        let is_member = |config: &Config| {
            wanted.iter().any(|wanted| {
                let mut wanted = wanted.iter();
                wanted.all(|(key, value)| config.get(key).is_some_and(|one| is_equal(one, value)))
            })
        };
        let expected: Vec<String> = (0..)
            .zip(&configs)
            .filter(|(_, config)| is_member(config))
            .map(|(number, _)| format!("e{number}"))
            .collect();
        let mut results = Results::new();
        for (number, config) in (0..).zip(configs) {
            results.apply(&started(number, 1, config));
        }
        let options = TableOptions::new()
            .domain(domain.clone())
            .include_config(false);
        // A parameter that no experiment has is an error.
        if let Ok(table) = results.configs(&options) {
            let mut text = Vec::new();
            table.write(Format::Csv, &mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            let found: Vec<&str> = text.lines().skip(1).collect();
            prop_assert_eq!(found, expected, "{}", domain);
        } else {
            prop_assert!(expected.is_empty());
        }
    }
}
