//! The laws of the algebra, compared with a model that materialises everything.

use std::collections::HashSet;

use crate::model::{Pairs, all, all_of, expressions, pairs};
use proptest::prelude::*;
use research_domain::{Count, Domain, Iteration, Value, option};

/// Returns small grids with the same names, so that sums have common configs.
fn grids() -> impl Strategy<Value = Domain> {
    let list = || proptest::collection::vec(0i64..4, 1..4);
    (list(), list(), list()).prop_map(|(a, b, c)| option("a", a) * option("b", b) * option("c", c))
}

/// Returns a string that is equal for equal configs, in any order of their keys.
fn key(config: &Pairs) -> String {
    let mut sorted: Vec<String> = config
        .iter()
        .map(|(k, v)| format!("{k}={}", v.literal()))
        .collect();
    sorted.sort();
    sorted.join(",")
}

fn number(config: &Pairs, name: &str) -> i64 {
    config
        .iter()
        .find(|(key, _)| key == name)
        .and_then(|(_, value)| value.as_i64())
        .unwrap()
}

/// Returns the items with repetitions, by the rules of the reference.
fn emitted(items: u128, reps: u64, chunk: u128) -> Vec<(u128, u64)> {
    let mut turns = Vec::new();
    let mut start = 0;
    while start < items {
        let end = items.min(start + chunk);
        for repetition in 0..reps {
            turns.extend((start..end).map(|item| (item, repetition)));
        }
        start = end;
    }
    turns
}

proptest! {
    #[test]
    fn configs_and_their_order_are_the_models(expression in expressions()) {
        let (domain, grids) = expression.build();
        let expected = grids.concat();
        prop_assert_eq!(domain.len().unwrap(), Count::Finite(expected.len() as u128));
        prop_assert_eq!(all_of(&domain), expected);
    }

    #[test]
    fn a_config_is_the_same_by_index_and_by_skipping(
        expression in expressions(),
        at in any::<u16>(),
    ) {
        let (domain, grids) = expression.build();
        let expected = grids.concat();
        let configs = domain.configs(&Iteration::default()).unwrap();
        let index = usize::from(at) % expected.len();
        let item = configs.get(index as u128).unwrap().unwrap();
        prop_assert_eq!(&pairs(&item), &expected[index]);
        prop_assert_eq!(item.index, index as u128);
        prop_assert!(configs.get(expected.len() as u128).unwrap().is_none());
        let rest: Vec<Pairs> =
            configs.iter_from(index as u128).map(|item| pairs(&item.unwrap())).collect();
        prop_assert_eq!(&rest, &expected[index..]);
        let jumped = configs.iter().nth(index).unwrap().unwrap();
        prop_assert_eq!(&pairs(&jumped), &expected[index]);
    }

    #[test]
    fn a_printed_domain_parses_back_to_itself(expression in expressions(), weight in 0.1..5.0f64) {
        let (domain, _) = expression.build();
        let domain = (weight * domain.clone()) + domain.clone().distinct() * option("x y", [1])
            + option("and", ["a"]).difference(domain.clone().sample(3)).matching("`and` != \"b\"");
        prop_assert_eq!(domain.to_string().parse::<Domain>().unwrap(), domain);
    }

    #[test]
    fn sum_and_product_are_associative(a in grids(), b in expressions(), c in expressions()) {
        let b = b.build().0;
        // The model numbers the parameters of each domain, so the third domain needs other names.
        let c = rename(c.build().0);
        let left = (a.clone() + b.clone()) + c.clone();
        let right = a.clone() + (b.clone() + c.clone());
        prop_assert_eq!(all_of(&left), all_of(&right));
        let nested = Domain::product([Domain::product([a.clone(), b.clone()]), c.clone()]);
        let other = Domain::product([a, Domain::product([b, c])]);
        prop_assert_eq!(all_of(&nested), all_of(&other));
    }

    #[test]
    fn a_product_distributes_over_a_sum_to_its_left(
        a in expressions(),
        b in grids(),
        c in grids(),
    ) {
        let a = a.build().0;
        let left = (b.clone() + c.clone()) * a.clone();
        prop_assert_eq!(all_of(&left), all_of(&(b * a.clone() + c * a)));
    }

    #[test]
    fn one_and_none_are_neutral(a in expressions()) {
        let a = a.build().0;
        prop_assert_eq!(all_of(&(Domain::new() * a.clone() * Domain::new())), all_of(&a));
        prop_assert_eq!(all_of(&(Domain::sum([]) + a.clone())), all_of(&a));
        prop_assert!((a * Domain::sum([])).is_empty().unwrap());
    }

    #[test]
    fn repetitions_come_chunk_by_chunk(
        items in proptest::option::of(0u128..12),
        reps in 1u64..4,
        each in proptest::option::of(1u128..6),
        len in 1i64..7,
    ) {
        let domain = option("a", 0..len);
        let iteration = Iteration::default().n_items(items).n_reps(reps);
        let iteration = iteration.repeat_each(each).updates(7);
        let configs = domain.configs(&iteration).unwrap();
        let n = items.unwrap_or(len as u128);
        let expected = emitted(n, reps, each.unwrap_or(n.max(1)));
        prop_assert_eq!(configs.size().unwrap(), Count::Finite(n * u128::from(reps)));
        let found: Vec<_> = configs.iter().map(Result::unwrap).collect();
        prop_assert_eq!(found.len(), expected.len());
        for (index, (item, (number, repetition))) in found.iter().zip(expected).enumerate() {
            let value = (number % len as u128) as i64;
            prop_assert_eq!(item.config.read::<i64>("a").unwrap(), value);
            let expected = (index as u128, repetition, 7);
            prop_assert_eq!((item.index, item.repetition, item.updates), expected);
            prop_assert_eq!(&configs.get(index as u128).unwrap().unwrap(), item);
        }
    }

    #[test]
    fn conditions_keep_what_the_model_keeps(grid in grids(), limit in 0i64..4) {
        let text = format!("a <= b and (a + c != {limit} or b in [1, 2]) and c < 3 and not a == 3");
        let found = all_of(&grid.clone().matching(&text));
        let keep = move |config: &Pairs| {
            let (a, b, c) = (number(config, "a"), number(config, "b"), number(config, "c"));
            a <= b && (a + c != limit || b == 1 || b == 2) && c < 3 && a != 3
        };
        let expected: Vec<Pairs> = all_of(&grid).into_iter().filter(keep).collect();
        prop_assert_eq!(&found, &expected);
        let by_function = grid.clone().filter(move |config| {
            let pairs: Pairs = config.iter().map(|(k, v)| (k.to_owned(), v.clone())).collect();
            keep(&pairs)
        });
        prop_assert_eq!(&all_of(&by_function), &expected);
        // The same as a factor, and by index from the last to the first.
        let factor = grid.matching(&text) * option("d", ["x", "y"]);
        prop_assert_eq!(factor.len().unwrap(), Count::Finite(2 * expected.len() as u128));
        let configs = factor.configs(&Iteration::default()).unwrap();
        let forward = all(&configs);
        for index in (0..forward.len()).rev() {
            prop_assert_eq!(&pairs(&configs.get(index as u128).unwrap().unwrap()), &forward[index]);
        }
    }

    #[test]
    fn distinct_keeps_first_places(a in grids(), b in grids(), extra in 0i64..3) {
        let sum = a + b.clone() + option("b", [extra]) * option("a", [1]) * option("c", [2]) + b;
        let mut seen = HashSet::new();
        let expected: Vec<Pairs> =
            all_of(&sum).into_iter().filter(|config| seen.insert(key(config))).collect();
        prop_assert_eq!(all_of(&sum.clone().distinct()), expected.clone());
        // The same by a scan, which drawn parameters need.
        let drawn = (sum * option("s", research_domain::constant(0))).distinct();
        prop_assert_eq!(drawn.len().unwrap(), Count::Finite(expected.len() as u128));
    }

    #[test]
    fn a_difference_is_what_the_other_has_not(a in grids(), b in grids(), c in grids()) {
        let others: HashSet<String> = all_of(&(b.clone() + c.clone())).iter().map(key).collect();
        let expected: Vec<Pairs> =
            all_of(&a).into_iter().filter(|config| !others.contains(&key(config))).collect();
        prop_assert_eq!(&all_of(&a.clone().difference(b.clone() + c.clone())), &expected);
        let listed = a.difference((b + c).filter(|_| true));
        prop_assert_eq!(&all_of(&listed), &expected);
    }

    #[test]
    fn a_sample_has_no_config_twice(grid in grids(), count in 0u64..40, seed in any::<u64>()) {
        let numbered = option("place", 0..40) * grid;
        let sampled = numbered.clone().sample(count);
        let configs = sampled.configs(&Iteration::default().seed(seed)).unwrap();
        let found = all(&configs.clone());
        let whole = numbered.len().unwrap().finite().unwrap();
        prop_assert_eq!(found.len() as u128, whole.min(u128::from(count)));
        let all: Vec<Pairs> = all_of(&numbered);
        prop_assert!(found.iter().all(|config| all.contains(config)));
        let again = sampled.configs(&Iteration::default().seed(seed)).unwrap();
        prop_assert_eq!(crate::model::all(&again), found);
    }
}

/// Returns the domain with other parameter names.
fn rename(domain: Domain) -> Domain {
    let text = domain.to_string();
    let mut renamed = String::new();
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if quoted && character == '\\' {
            renamed.push(character);
            renamed.extend(characters.next());
            continue;
        }
        quoted ^= character == '"';
        renamed.push(character);
        if !quoted && character == 'p' && characters.peek().is_some_and(char::is_ascii_digit) {
            renamed.push('q');
        }
    }
    renamed.parse().unwrap()
}

#[test]
fn a_long_sample_is_a_permutation() {
    let domain = option("a", 0..500) * option("b", 0..400);
    let sampled = domain.sample(u64::MAX);
    assert_eq!(sampled.len().unwrap(), Count::Finite(200_000));
    let configs = sampled.configs(&Iteration::default().seed(3)).unwrap();
    let seen: HashSet<String> = configs
        .iter()
        .map(|item| item.unwrap().config.alias_string())
        .collect();
    assert_eq!(seen.len(), 200_000);
}

#[test]
fn a_sample_is_the_same_for_every_value_that_it_is_multiplied_with() {
    let domain = option("a", 0..1000).sample(3) * (option("b", [1]) + option("c", [2]));
    let found = all_of(&domain);
    let first: Vec<&Value> = found[..3].iter().map(|config| &config[0].1).collect();
    let second: Vec<&Value> = found[3..].iter().map(|config| &config[0].1).collect();
    assert_eq!(first, second);
}

#[test]
fn zips_vary_slowest_and_pair_with_each_grid_to_their_right() {
    let domain: Domain = "c=[1, 2] * (a=[3, 4] @ b=[5, 6])".parse().unwrap();
    let lines: Vec<String> = domain
        .configs(&Iteration::default())
        .unwrap()
        .iter()
        .map(|item| item.unwrap().config.to_string())
        .collect();
    assert_eq!(
        lines,
        [
            "c=1, a=3, b=5",
            "c=2, a=3, b=5",
            "c=1, a=4, b=6",
            "c=2, a=4, b=6"
        ]
    );
}

#[test]
fn huge_domains_are_counted_exactly_and_accessed_at_once() {
    let digits = |count: usize| {
        Domain::product((0..count).map(|number| option(format!("d{number}"), 0..10)))
    };
    let configs = digits(18).configs(&Iteration::default()).unwrap();
    assert_eq!(configs.size().unwrap(), Count::Finite(10u128.pow(18)));
    let index = 123_456_789_012_345_678u128;
    let written: String = configs
        .get(index)
        .unwrap()
        .unwrap()
        .config
        .iter()
        .map(|(_, v)| v.to_string())
        .collect();
    assert_eq!(written, index.to_string());
    assert_eq!(digits(38).len().unwrap(), Count::Finite(10u128.pow(38)));
    let error = digits(39).len().unwrap_err();
    assert!(error.to_string().contains("more than 2^128"), "{error}");
    let sum = Domain::sum((0..4).map(|_| digits(38)));
    assert!(
        sum.len()
            .unwrap_err()
            .to_string()
            .contains("more than 2^128")
    );
    let repeated = digits(38)
        .configs(&Iteration::default().n_reps(100))
        .unwrap();
    assert!(
        repeated
            .size()
            .unwrap_err()
            .to_string()
            .contains("more than 2^128")
    );
}

#[test]
fn conditions_over_one_parameter_each_cost_nothing_in_huge_domains() {
    let digits = Domain::product((0..18).map(|number| option(format!("d{number}"), 0..10)));
    let domain = digits.matching("d0 >= 5 and d17 in [1, 2] and d3 * 2 == 4");
    assert_eq!(domain.len().unwrap(), Count::Finite(10u128.pow(16)));
    let configs = domain.configs(&Iteration::default()).unwrap();
    let last = configs.get(10u128.pow(16) - 1).unwrap().unwrap().config;
    assert_eq!(last.read::<i64>("d0").unwrap(), 9);
    assert_eq!(last.read::<i64>("d17").unwrap(), 2);
}

#[test]
fn conditions_over_several_parameters_are_counted_in_huge_domains() {
    let digits = Domain::product((0..18).map(|number| option(format!("d{number}"), 0..10)));
    let domain = digits.matching("d0 < d17 and d3 + d4 == 9 and d9 != d10");
    let size = 45 * 10 * 90 * 10u128.pow(12);
    assert_eq!(domain.len().unwrap(), Count::Finite(size));
    let configs = domain.configs(&Iteration::default()).unwrap();
    let last = configs.get(size - 1).unwrap().unwrap().config;
    let numbers: Vec<i64> = last
        .iter()
        .map(|(_, value)| value.as_i64().unwrap())
        .collect();
    assert_eq!(
        numbers,
        [8, 9, 9, 9, 0, 9, 9, 9, 9, 9, 8, 9, 9, 9, 9, 9, 9, 9]
    );
    assert_eq!(configs.get(size).unwrap(), None);
}

#[test]
fn a_condition_on_all_parameters_is_scanned() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let digits = Domain::product(names.map(|name| option(name, 0..10)));
    let domain = digits.matching("a + b + c + d + e + f + g + h + i >= 3");
    let configs = domain.configs(&Iteration::default()).unwrap();
    let found: Vec<i64> = configs
        .iter()
        .take(9)
        .map(|item| item.unwrap().config.read("i").unwrap())
        .collect();
    assert_eq!(found, [3, 4, 5, 6, 7, 8, 9, 2, 3]);
    assert_eq!(
        configs
            .get(7)
            .unwrap()
            .unwrap()
            .config
            .read::<i64>("h")
            .unwrap(),
        1
    );
}

#[test]
fn huge_domains_are_compared_without_a_scan() {
    let grid = |digits: i64| {
        Domain::product((0..18).map(|number| option(format!("d{number}"), 0..digits)))
    };
    let larger = grid(10).difference(grid(9));
    let size = 10u128.pow(18) - 9u128.pow(18);
    assert_eq!(larger.len().unwrap(), Count::Finite(size));
    let configs = larger.clone().configs(&Iteration::default()).unwrap();
    let first = configs.get(0).unwrap().unwrap().config;
    assert_eq!(first.read::<i64>("d17").unwrap(), 9);
    let factor = larger * option("extra", ["x", "y"]);
    assert_eq!(factor.len().unwrap(), Count::Finite(2 * size));
    let sum = (grid(9) + grid(10) + grid(8)).distinct();
    assert_eq!(sum.len().unwrap(), Count::Finite(10u128.pow(18)));
}

proptest! {
    #[test]
    fn limits_of_all_kinds_hold_together(
        a in grids(),
        b in grids(),
        c in grids(),
        least in 0i64..5,
    ) {
        let condition = format!("a + b >= {least}");
        let others: HashSet<String> = all_of(&(b.clone() + c.clone())).iter().map(key).collect();
        let kept = |config: &Pairs| {
            number(config, "a") + number(config, "b") >= least && !others.contains(&key(config))
        };
        let mut seen = HashSet::new();
        let expected: Vec<Pairs> = all_of(&a)
            .into_iter()
            .filter(kept)
            .filter(|config| seen.insert(key(config)))
            .collect();
        let domain = a.distinct().matching(&condition).difference(b).difference(c);
        prop_assert_eq!(domain.len().unwrap(), Count::Finite(expected.len() as u128));
        prop_assert_eq!(&all_of(&domain), &expected);
        let product = domain * option("d", [1, 2]);
        prop_assert_eq!(product.len().unwrap(), Count::Finite(2 * expected.len() as u128));
    }

    #[test]
    fn differences_see_through_zips(
        rows in proptest::collection::vec((0i64..3, 0i64..3), 1..6),
        grid in grids(),
    ) {
        let (a, b): (Vec<i64>, Vec<i64>) = rows.iter().copied().unzip();
        let zipped = option("a", a).zip(option("b", b)) * option("c", [0, 1]);
        for (left, right) in [(zipped.clone(), grid.clone()), (grid, zipped)] {
            let others: HashSet<String> = all_of(&right).iter().map(key).collect();
            let expected: Vec<Pairs> =
                all_of(&left).into_iter().filter(|config| !others.contains(&key(config))).collect();
            prop_assert_eq!(all_of(&left.difference(right)), expected);
        }
    }
}
