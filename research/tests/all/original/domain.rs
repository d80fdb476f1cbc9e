//! Domains.

use std::collections::HashSet;

use research::Domain;
use research::domain::{Config, Count, Item, Iteration, normal, option};

fn items(domain: &Domain, iteration: &Iteration) -> Vec<Item> {
    let configs = domain.configs(iteration).unwrap();
    configs.iter().map(Result::unwrap).collect()
}

fn finite(count: u64) -> Count {
    Count::Finite(count.into())
}

#[test]
fn operations_have_the_sizes_of_their_lists() {
    let b = || option("b", [2, 3, 4]);
    for a in [vec![0, 1, 2], vec![0, 1, 2, 4]] {
        let length = a.len() as u64;
        let a = || option("a", a.clone());
        let sizes = [(a() + b(), length + 3), (a() * b(), length * 3)];
        let zip = (length == 3).then(|| (a().zip(b()), length));
        for (domain, size) in sizes.into_iter().chain(zip) {
            for n_reps in [1, 2] {
                let iteration = Iteration::default().n_reps(n_reps);
                let configs = domain.configs(&iteration).unwrap();
                assert_eq!(domain.len().unwrap(), finite(size), "{domain}");
                assert_eq!(configs.size().unwrap(), finite(size * n_reps), "{domain}");
                assert_eq!(configs.iter().count() as u64, size * n_reps, "{domain}");
            }
        }
    }
    let unequal = option("a", [0, 1, 2, 4]).zip(b());
    assert!(unequal.len().is_err(), "a zip of lists of 4 and of 3");
}

#[test]
fn repetitions_are_numbered_in_blocks() {
    let domain = option("a", [1, 2]) * option("b", [3, 4]) * option("c", normal(0.0, 1.0));
    for repeat_each in [None, Some(1), Some(2)] {
        for n_reps in 1..=3 {
            let repeated = repeat_each.map(u128::from);
            let iteration = Iteration::default().n_reps(n_reps).repeat_each(repeated);
            let items = items(&domain, &iteration);
            assert_eq!(items.len() as u64, 4 * n_reps);
            for (index, item) in (0_u64..).zip(&items) {
                let each = repeat_each.unwrap_or(4);
                let expected = index % (each * n_reps) / each;
                assert_eq!(
                    item.repetition, expected,
                    "{repeat_each:?}, {n_reps}, {index}"
                );
            }
        }
    }
}

/// The original draws other numbers. In both, the same seed draws the same numbers, and the
/// repetitions of a config have the same number.
#[test]
fn draws_follow_from_the_seed_and_are_repeated() {
    let domain = option("a", normal(0.0, 1.0));
    let drawn = |seed| -> Vec<f64> {
        let iteration = Iteration::default().n_items(3).n_reps(2).seed(seed);
        let items = items(&domain, &iteration);
        let read = |item: &Item| item.config.read("a").unwrap();
        items.iter().map(read).collect()
    };
    let first = drawn(42);
    assert_eq!(first[..3], first[3..]);
    assert_eq!(first, drawn(42));
    assert_ne!(first, drawn(41));
}

/// Consecutive terms with weights are a block of which each config takes one at random; a term
/// without a weight is a block of its own; blocks are in order.
#[test]
fn weights_mix_the_terms_of_a_block() {
    let domain = 1.0 * option("a", [1, 2])
        + 1.0 * option("b", [3, 4])
        + option("a", [5, 6])
        + 0.3 * option("a", normal(0.0, 1.0))
        + 0.7 * option("b", normal(10.0, 1.0));
    let iteration = Iteration::default().n_items(8).n_reps(2).seed(41);
    let items = items(&domain, &iteration);
    let value = |config: &Config| -> f64 {
        let value = config.read("a").or_else(|_| config.read("b"));
        value.unwrap()
    };
    let values: Vec<f64> = items.iter().map(|item| value(&item.config)).collect();
    assert_eq!(values[..8], values[8..]);
    let block: HashSet<i64> = values[..4].iter().map(|value| *value as i64).collect();
    assert_eq!(block, HashSet::from([1, 2, 3, 4]));
    assert_eq!(values[4..6], [5.0, 6.0]);
    for item in &items[6..8] {
        let value = value(&item.config);
        let centre = if item.config.get("a").is_some() {
            0.0
        } else {
            10.0
        };
        assert!((value - centre).abs() < 6.0, "{value}");
    }
}
