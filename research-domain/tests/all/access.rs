//! Every access returns the same config: forward, by index, from the middle, in threads.

use research_domain::{Configs, Domain, Item, Iteration, option};

const EXPRESSIONS: [&str; 22] = [
    "a=[1, 2, 3]",
    "a=[1, 2] * x=uniform(0, 1) * b=[3, 4]",
    "x=uniform(0, 1) * y=normal(0, 1)",
    "a=[1, 2] + x=uniform(0, 1)",
    "0.5 * a=[1, 2, 3] + 0.25 * b=[1, 2] * x=uniform(0, 1) + c=[1] + 0.1 * (a=[7] + d=[8, 9])",
    "0.5 * x=uniform(0, 1) + 0.5 * a=[1, 2, 3]",
    "c=[1, 2] * (a=[3, 4] @ b=[5, 6]) * (d=[1, 2] + e=[3])",
    "a=[1, 2, 3] * b=[1, 2, 3] * c=[1, 2] where a < b",
    "(a=[1, 2, 3] * b=[1, 2, 3] where a != b) * (c=[1, 2] + d=[3] * x=uniform(0, 1))",
    "a=[1, 2, 3, 4, 5] * x=uniform(0, 1) where x < 0.5 + a / 10",
    "x=uniform(0, 1) * y=uniform(0, 1) where x < y",
    "a=[1, 2] * (x=uniform(0, 1) * y=uniform(0, 1) where x < y) * z=uniform(0, 1)",
    "0.3 * (a=[1, 2, 3] * b=[1, 2] where a > b) + 0.7 * (a=[5, 6] * x=uniform(0, 1) where x > 0.3)",
    "distinct(a=[1, 1, 2] * b=[1, 2] + a=[2, 3] * b=[2, 3])",
    "distinct(k=choice([1, 2, 3]) * a=[1, 1, 1, 1, 2]) + a=[9]",
    "sample(a=[1, 2, 3] * b=[1, 2, 3], 5) * c=[1, 2]",
    "sample(x=uniform(0, 1), 4) * c=[1, 2]",
    "sample(distinct(a=[1, 2, 2] + a=[1, 5]), 10) + sample(a=[1, 2, 3, 4], 2)",
    "difference(a=[1, 2, 3] * b=[1, 2, 3], a=[1, 2] * b=[2, 3] where a == b)",
    "difference(a=[1, 2, 3] * k=int(0, 3), a=[1, 2, 3] * k=int(0, 3) where k > 0)",
    "kind=[\"n\", \"t\"] * v=[1, \"x\"] where (kind == \"t\") == (v == \"x\") and v != 7",
    "(a=[1, 2] * b=[1, 2] where a == b) + (c=[3, 4] where c > 3) + (a=[1] where a > 5)",
];

fn iterations() -> Vec<Iteration> {
    let base = Iteration::default().seed(5).n_items(23);
    vec![
        base.clone(),
        base.clone().n_reps(3),
        base.clone().n_reps(2).repeat_each(4),
        base.n_items(1500).updates(2),
    ]
}

fn configs(text: &str, iteration: &Iteration) -> Configs {
    text.parse::<Domain>().unwrap().configs(iteration).unwrap()
}

fn forward(configs: &Configs) -> Vec<Item> {
    configs.iter().map(Result::unwrap).collect()
}

#[test]
fn every_access_returns_the_same_config() {
    for text in EXPRESSIONS {
        for iteration in iterations() {
            let all = forward(&configs(text, &iteration));
            assert_eq!(
                Some(all.len() as u128),
                configs(text, &iteration).size().unwrap().finite()
            );
            // A new plan has nothing cached.
            let fresh = configs(text, &iteration);
            for index in (0..all.len()).rev().step_by(1 + all.len() / 100) {
                let item = fresh.get(index as u128).unwrap().unwrap();
                assert_eq!(item, all[index], "{text}: {index} of {iteration:?}");
            }
            assert_eq!(fresh.get(all.len() as u128).unwrap(), None, "{text}");
            for start in [1, all.len() / 2, all.len() - 1] {
                let rest: Vec<Item> = fresh
                    .iter_from(start as u128)
                    .take(40)
                    .map(Result::unwrap)
                    .collect();
                let end = all.len().min(start + 40);
                assert_eq!(
                    rest,
                    all[start..end],
                    "{text}: from {start} of {iteration:?}"
                );
            }
        }
    }
}

#[test]
fn finite_domains_end_at_their_count() {
    let mut finite = 0;
    for text in EXPRESSIONS {
        let configs = configs(text, &Iteration::default().seed(5));
        if let Some(size) = configs.size().unwrap().finite() {
            finite += 1;
            assert_eq!(configs.iter().count() as u128, size, "{text}");
        }
    }
    assert_eq!(finite, EXPRESSIONS.len() - 4);
}

#[test]
fn a_printed_domain_has_the_same_configs() {
    for text in EXPRESSIONS {
        let domain: Domain = text.parse().unwrap();
        let iteration = Iteration::default().n_items(30).seed(5);
        let again = configs(&domain.to_string(), &iteration);
        assert_eq!(
            forward(&domain.configs(&iteration).unwrap()),
            forward(&again),
            "{text}"
        );
    }
}

#[test]
fn threads_that_share_a_domain_see_the_same_configs() {
    for text in EXPRESSIONS {
        let shared = configs(text, &Iteration::default().n_items(200).seed(8));
        let expected = forward(&shared);
        let fresh = configs(text, &Iteration::default().n_items(200).seed(8));
        std::thread::scope(|scope| {
            for offset in 0..4usize {
                let (fresh, expected) = (&fresh, &expected);
                scope.spawn(move || {
                    for step in 0..200 {
                        let index = (step * 37 + offset * 51) % 200;
                        assert_eq!(fresh.get(index as u128).unwrap().unwrap(), expected[index]);
                    }
                });
            }
        });
    }
}

#[test]
fn samples_of_large_domains_are_uniform() {
    // Pearson's chi-square of the first config's digits over 4000 seeds; 9 degrees of freedom, so
    // 9 + 5 standard deviations of sqrt(18) bound it.
    let digits = (0..6).map(|number| option(format!("d{number}"), 0..10));
    let sample = Domain::product(digits).sample(1);
    let mut found = [[0u32; 10]; 6];
    for seed in 0..4000 {
        let configs = sample.configs(&Iteration::default().seed(seed)).unwrap();
        let config = configs.get(0).unwrap().unwrap().config;
        for (counts, (_, value)) in found.iter_mut().zip(config.iter()) {
            counts[value.as_i64().unwrap() as usize] += 1;
        }
    }
    for counts in found {
        let chi: f64 = counts
            .iter()
            .map(|n| (f64::from(*n) - 400.0).powi(2) / 400.0)
            .sum();
        assert!(chi < 9.0 + 5.0 * 18f64.sqrt(), "{chi}: {counts:?}");
    }
}
