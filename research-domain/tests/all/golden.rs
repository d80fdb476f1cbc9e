//! Facts recorded from the original: configs, their order, lengths, sizes and repetitions.

use research_domain::{Count, Domain, Iteration, Value, option};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
struct Case {
    domain: Expression,
    n_items: Option<u64>,
    n_reps: u64,
    repeat_each: Option<u64>,
    len: u64,
    size: u64,
    configs: Vec<Vec<(String, Value)>>,
    first_alias_strings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Expression {
    Option { name: String, values: Vec<Value> },
    Mul { args: Vec<Expression> },
    Add { args: Vec<Expression> },
    Zip { args: Vec<Expression> },
}

impl Expression {
    fn domain(&self) -> Domain {
        let combine = |args: &[Expression], combine: fn(Domain, Domain) -> Domain| {
            args.iter().map(Expression::domain).reduce(combine).unwrap()
        };
        match self {
            Expression::Option { name, values } => option(name.as_str(), values.clone()),
            Expression::Mul { args } => combine(args, |a, b| a * b),
            Expression::Add { args } => combine(args, |a, b| a + b),
            Expression::Zip { args } => combine(args, Domain::zip),
        }
    }
}

fn cases() -> Vec<Case> {
    let folder = std::env::var_os("RESEARCH_GOLDEN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join("domain.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn iteration(case: &Case) -> Iteration {
    Iteration::default()
        .n_items(case.n_items.map(u128::from))
        .n_reps(case.n_reps)
        .repeat_each(case.repeat_each.map(u128::from))
}

#[test]
fn every_case_has_the_recorded_configs_in_order() {
    let cases = cases();
    assert_eq!(cases.len(), 150);
    for (number, case) in cases.iter().enumerate() {
        let domain = case.domain.domain();
        assert_eq!(
            domain.len().unwrap(),
            Count::Finite(case.len.into()),
            "case {number}"
        );
        let configs = domain.configs(&iteration(case)).unwrap();
        assert_eq!(
            configs.size().unwrap(),
            Count::Finite(case.size.into()),
            "case {number}"
        );
        let found: Vec<Vec<(String, Value)>> = configs
            .iter()
            .map(|item| {
                let config = item.unwrap().full_config();
                config
                    .iter()
                    .map(|(key, value)| (key.to_owned(), value.clone()))
                    .collect()
            })
            .collect();
        assert_eq!(found, case.configs, "case {number}: {domain}");
    }
}

#[test]
fn every_config_is_the_same_by_index_and_from_the_middle() {
    for (number, case) in cases().iter().enumerate() {
        let configs = case.domain.domain().configs(&iteration(case)).unwrap();
        let all: Vec<_> = configs.iter().map(Result::unwrap).collect();
        for (index, item) in all.iter().enumerate() {
            assert_eq!(
                configs.get(index as u128).unwrap().as_ref(),
                Some(item),
                "case {number}"
            );
        }
        assert_eq!(
            configs.get(all.len() as u128).unwrap(),
            None,
            "case {number}"
        );
        let middle = all.len() / 2;
        let rest: Vec<_> = configs
            .iter_from(middle as u128)
            .map(Result::unwrap)
            .collect();
        assert_eq!(rest, all[middle..], "case {number}");
    }
}

#[test]
fn alias_strings_are_the_recorded_ones_but_for_booleans() {
    for case in cases() {
        let configs = case.domain.domain().configs(&iteration(&case)).unwrap();
        for (item, recorded) in configs.iter().zip(&case.first_alias_strings) {
            let recorded = recorded.replace("True", "true").replace("False", "false");
            assert_eq!(item.unwrap().full_config().alias_string(), recorded);
        }
    }
}

#[test]
fn every_case_prints_and_parses_to_itself() {
    for case in cases() {
        let domain = case.domain.domain();
        assert_eq!(domain.to_string().parse::<Domain>().unwrap(), domain);
    }
}
