//! An extended domain keeps its draws.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::Index;
use research_domain::{Domain, Iteration, Rules, choice, int, normal, option, uniform};

fn configs(text: &str, iteration: &Iteration) -> Vec<String> {
    let domain: Domain = text.parse().unwrap();
    configs_of(&domain, iteration)
}

fn configs_of(domain: &Domain, iteration: &Iteration) -> Vec<String> {
    let configs = domain.configs(iteration).unwrap();
    configs
        .iter()
        .map(|item| item.unwrap().config.to_string())
        .collect()
}

/// Returns the configs of the first list that are missing in the second, with multiplicity.
fn lost(before: &[String], after: &[String]) -> Vec<String> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    after
        .iter()
        .for_each(|config| *left.entry(config.as_str()).or_default() += 1);
    let is_lost = |config: &&String| match left.get_mut(config.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    before.iter().filter(is_lost).cloned().collect()
}

fn assert_kept(before: &str, after: &str) {
    let iteration = Iteration::default().seed(3);
    let (old, new) = (configs(before, &iteration), configs(after, &iteration));
    assert_eq!(
        lost(&old, &new),
        Vec::<String>::new(),
        "{before} -> {after}"
    );
    // Otherwise the test would check nothing.
    assert!(
        !old.is_empty() && new.len() > old.len(),
        "{before} -> {after}"
    );
}

#[test]
fn values_may_be_inserted_anywhere_in_any_list() {
    let study = "hidden=[8, 32] * lr=log_uniform(1e-5, 1e-1) * act=[\"relu\", \"tanh\"]";
    for extended in [
        "hidden=[8, 32] * lr=log_uniform(1e-5, 1e-1) * act=[\"relu\", \"tanh\", \"gelu\"]",
        "hidden=[8, 32] * lr=log_uniform(1e-5, 1e-1) * act=[\"gelu\", \"relu\", \"tanh\"]",
        "hidden=[4, 8, 16, 32] * lr=log_uniform(1e-5, 1e-1) * act=[\"tanh\", \"relu\"]",
        "act=[\"relu\", \"tanh\", \"gelu\"] * hidden=[32, 8, 8] * lr=log_uniform(1e-5, 1e-1)",
    ] {
        // The order of factors is the order of keys, so only the values are compared.
        let sorted = |text: &str| -> Vec<String> {
            let lines = configs(text, &Iteration::default().seed(3));
            let sorted = lines.iter().map(|line| {
                let mut pairs: Vec<&str> = line.split(", ").collect();
                pairs.sort_unstable();
                pairs.join(", ")
            });
            sorted.collect()
        };
        assert_eq!(
            lost(&sorted(study), &sorted(extended)),
            Vec::<String>::new()
        );
    }
}

#[test]
fn every_part_of_a_domain_may_be_extended() {
    let draws =
        "x=uniform(0, 1) * k=choice([1, 2, 3]) * m=(0.5 & normal(0, 1) | 0.5 & uniform(5, 6))";
    for (before, after) in [
        // Lists with lists as values, zips, and equal values.
        ("h=[[8], [8, 8]]", "h=[[16], [8], [8, 8]]"),
        ("(a=[1, 2] @ b=[3, 4])", "(a=[0, 1, 2] @ b=[9, 3, 4])"),
        (
            "(a=[1, 2] @ b=[3, 4]) * c=[1, 2]",
            "(a=[0, 1, 2] @ b=[9, 3, 4]) * c=[0, 1, 2]",
        ),
        ("a=[1, 1, 2]", "a=[2, 1, 3, 1, 1]"),
        ("a=[1, 1] * b=[2, 2]", "a=[1, 1, 1] * b=[2, 2, 3, 2]"),
        // Conditions on lists, and others.
        (
            "(a=[1, 2, 3] * b=[1, 2, 3] where a < b)",
            "(a=[0, 1, 2, 3] * b=[1, 2, 3, 4] where a < b)",
        ),
    ] {
        assert_kept(
            &format!("{before} * {draws}"),
            &format!("{after} * {draws}"),
        );
    }
    for (before, after) in [
        (
            "a=[1, 2] * x=uniform(0, 1)",
            "b=[1] * x=uniform(0, 1) + a=[1, 2] * x=uniform(0, 1)",
        ),
        (
            "a=[1, 2] * x=uniform(0, 1)",
            "a=[2] * x=uniform(0, 1) + a=[1, 2] * x=uniform(0, 1)",
        ),
        (
            "a=[1, 2] * x=uniform(0, 1)",
            "a=[2] * x=normal(0, 1) + a=[1, 2] * x=uniform(0, 1)",
        ),
        (
            "a=[1, 2] * x=uniform(0, 1)",
            "(a=[1, 2] * x=uniform(0, 1) where x < 0.99) + a=[1, 2] * x=uniform(0, 1)",
        ),
        (
            "a=[1, 2, 3] * x=uniform(0, 1) where x < a / 4",
            "a=[0, 1, 2, 3, 4, 4] * x=uniform(0, 1) where x < a / 4",
        ),
        (
            "a=[1, 2] * (x=uniform(0, 1) * y=uniform(0, 1) where x < y)",
            "a=[1, 3, 2] * (x=uniform(0, 1) * y=uniform(0, 1) where x < y)",
        ),
        (
            "(a=[1, 2, 3] * x=uniform(0, 1) where x < 0.7) * b=[1, 2] * y=int(0, 1000)",
            "(a=[4, 1, 2, 3] * x=uniform(0, 1) where x < 0.7) * b=[0, 1, 2] * y=int(0, 1000)",
        ),
        (
            "(a=[1, 2] @ b=[1, 2]) * (c=[1] * x=uniform(0, 1) + d=[1, 2])",
            "(a=[3, 1, 2] @ b=[3, 1, 2]) * (e=[1] + c=[2, 1] * x=uniform(0, 1) + d=[1, 2])",
        ),
        (
            "0.5 * a=[1, 2] * x=uniform(0, 1) + 0.5 * b=[1, 2] * x=uniform(0, 1)",
            "0.1 * c=[1] + 0.5 * a=[0, 1, 2] * x=uniform(0, 1) + 0.5 * b=[2, 3, 1] * x=uniform(0, \
             1)",
        ),
        (
            "distinct(a=[1, 2] * n=int(0, 1000))",
            "distinct(a=[2, 1, 3] * n=int(0, 1000))",
        ),
    ] {
        assert_kept(before, after);
    }
}

#[test]
fn more_passes_and_repetitions_keep_the_draws() {
    let study = "a=[1, 2, 2] * x=uniform(0, 1)";
    let iteration = Iteration::default().seed(7);
    let few = configs(study, &iteration.clone().n_items(6));
    let more = configs(
        "a=[2, 3, 1, 2] * x=uniform(0, 1)",
        &iteration.clone().n_items(12),
    );
    assert_eq!(lost(&few, &more), Vec::<String>::new());
    // Each pass has its own draws.
    let mut once = few.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), few.len());
    let repeated = configs(study, &iteration.n_items(6).n_reps(2));
    assert_eq!(lost(&few, &repeated), Vec::<String>::new());
}

/// Configs with equal listed values have different draws.
#[test]
fn equal_values_have_draws_of_their_own() {
    for text in [
        "a=[1, 1, 1] * x=uniform(0, 1)",
        "a=[1] * x=uniform(0, 1) + a=[1] * x=uniform(0, 1)",
        "a=[1] * x=uniform(0, 1) + (a=[1] * x=uniform(0, 1) where x > 0.1)",
        "(a=[1, 1] @ b=[1, 1]) * (c=[1] + c=[1]) * x=uniform(0, 1)",
        "x=uniform(0, 1)",
        "0.5 * x=uniform(0, 1) + 0.5 * x=uniform(0, 1)",
        "x=uniform(0, 1) where x > 0.5",
        "a=[1, 1] * (x=uniform(0, 1) where x > 0.5)",
        "(k=int(0, 2) where k < 1) * y=uniform(0, 1)",
        "(a=[1, 1, 1] * k=int(0, 2) where k < 2) * y=uniform(0, 1)",
        "sample(a=[1, 1, 1], 3) * x=uniform(0, 1)",
        "sample(a=[1, 1], 2) * x=uniform(0, 1) + sample(a=[1, 1], 2) * x=uniform(0, 1)",
        "distinct(x=uniform(0, 1)) * b=[1, 1]",
        "0.5 * x=uniform(0, 1) + 0.5 * x=uniform(0, 1) * z=constant(1)",
    ] {
        let domain: Domain = text.parse().unwrap();
        let mut iteration = Iteration::default().seed(1);
        if domain.len().unwrap().finite().is_none() {
            iteration = iteration.n_items(40);
        }
        let mut found = configs_of(&domain, &iteration);
        assert!(found.len() > 1, "{text}");
        // Both terms have the parameter `x`, with different draws.
        found
            .iter_mut()
            .for_each(|line| *line = line.replace(", z=1", ""));
        found.sort_unstable();
        let count = found.len();
        found.dedup();
        assert_eq!(found.len(), count, "{text}: {found:?}");
    }
}

#[test]
fn aliases_and_orders_change_no_draws() {
    let iteration = Iteration::default().seed(2);
    let plain = configs("a=[1, 2] * x=uniform(0, 1)", &iteration);
    let aliased = configs(
        "a as A=[1 as one, 2] * x as X=uniform(0.0, 1e0)",
        &iteration,
    );
    assert_eq!(plain, aliased);
    let choices = configs("a=[1] * x=choice([1, 2, 3]) * y=uniform(0, 1)", &iteration);
    let named = "a=[1] * x=choice([1 as one, 2 as two, 3]) * y=uniform(0, 1)";
    assert_eq!(choices, configs(named, &iteration));
    let listed = configs("a=[1, 2] * b=[1] * x=uniform(0, 1)", &iteration);
    let zipped = configs("(a=[1, 2] @ b=[1, 1]) * x=uniform(0, 1)", &iteration);
    assert_eq!(listed, zipped);
    // Different values have different draws.
    let floats = configs("a=[1.0, 2.0] * x=uniform(0, 1)", &iteration);
    assert_ne!(floats[0].split("x=").nth(1), plain[0].split("x=").nth(1));
}

/// A term of a sum: lists, of which the first two may be zipped, and drawn parameters.
#[derive(Clone, Debug)]
struct Term {
    lists: Vec<Vec<i64>>,
    is_zipped: bool,
    is_limited: bool,
    /// The distribution of `x`; `has_other` is whether the term also has `y`.
    distribution: u8,
    has_other: bool,
}

impl Term {
    fn domain(&self) -> Domain {
        let option = |place: usize| option(["a", "b", "c"][place], self.lists[place].clone());
        let mut domain = if self.is_zipped {
            option(0).zip(option(1))
        } else {
            option(0) * option(1)
        };
        domain = domain * option(2);
        if self.is_limited {
            domain = domain.matching("a <= b or c == 1");
        }
        let drawn = match self.distribution {
            0 => uniform(0.0, 1.0),
            1 => normal(0.0, 1.0),
            _ => choice(["u", "v"]),
        };
        domain = domain * research_domain::option("x", drawn);
        if self.has_other {
            domain = domain * research_domain::option("y", int(0, 1_000_000));
        }
        domain
    }

    /// Adds a value to a list, or a row to a zip.
    fn extend(&mut self, list: usize, place: Index, value: i64) {
        let mut insert = |list: usize| {
            let place = place.index(self.lists[list].len() + 1);
            self.lists[list].insert(place, value);
        };
        match list {
            0 | 1 if self.is_zipped => {
                insert(0);
                insert(1);
            }
            list => insert(list),
        }
    }
}

fn terms() -> impl Strategy<Value = Term> {
    let lists = (1usize..3).prop_flat_map(|rows| {
        let column = || proptest::collection::vec(0i64..3, rows);
        let last = proptest::collection::vec(0i64..3, 1..3);
        (column(), column(), last).prop_map(|(a, b, c)| vec![a, b, c])
    });
    (lists, any::<bool>(), any::<bool>(), 0u8..3, any::<bool>()).prop_map(
        |(lists, is_zipped, is_limited, distribution, has_other)| Term {
            lists,
            is_zipped,
            is_limited,
            distribution,
            has_other,
        },
    )
}

fn sum(terms: &[Term]) -> Domain {
    Domain::sum(terms.iter().map(Term::domain))
}

proptest! {
    #[test]
    fn an_extended_domain_keeps_every_config(
        mut terms in proptest::collection::vec(terms(), 1..4),
        values in proptest::collection::vec(
            (any::<Index>(), 0usize..3, any::<Index>(), 0i64..3),
            0..4,
        ),
        added in proptest::collection::vec((any::<Index>(), terms()), 0..3),
        n_reps in 1u64..3,
    ) {
        let iteration = Iteration::default().seed(5).n_reps(n_reps);
        let before = configs_of(&sum(&terms), &iteration);
        for (term, list, place, value) in values {
            let term = term.index(terms.len());
            terms[term].extend(list, place, value);
        }
        for (place, term) in added {
            let place = place.index(terms.len() + 1);
            terms.insert(place, term);
        }
        let after = sum(&terms);
        let lost = lost(&before, &configs_of(&after, &iteration));
        prop_assert!(lost.is_empty(), "{}: {:?}", after, lost);
    }

    #[test]
    fn a_config_is_the_same_by_number_and_forward(
        terms in proptest::collection::vec(terms(), 1..4),
        n_items in 1u128..60,
    ) {
        prop_assume!(!sum(&terms).is_empty().unwrap());
        for rules in [Rules::V1, Rules::V2] {
            let iteration = Iteration::default().seed(5).n_items(n_items).rules(rules);
            let configs = sum(&terms).configs(&iteration).unwrap();
            let fresh = sum(&terms).configs(&iteration).unwrap();
            for item in &configs {
                let item = item.unwrap();
                prop_assert_eq!(fresh.get(item.index).unwrap(), Some(item));
            }
        }
    }
}
