//! The distributions of draws, their independence, and their values in every version.
//!
//! Every statistical test has a fixed seed, so its outcome does not vary. Its bound is five
//! standard errors of the estimate, which a correct distribution exceeds for one seed in two
//! million.

mod combined;
mod extension;

use std::collections::HashMap;

use research_domain::{
    Distribution, Domain, Iteration, Rules, Value, beta, binomial, choice, constant, exponential,
    gamma, int, log_normal, log_uniform, normal, option, poisson, uniform, weighted_choice,
};

const DRAWS: u128 = 10_000;
const ERRORS: f64 = 5.0;

fn drawn(distribution: Distribution, seed: u64) -> Vec<Value> {
    let iteration = Iteration::default().n_items(DRAWS).seed(seed);
    let configs = option("x", distribution).configs(&iteration).unwrap();
    configs
        .iter()
        .map(|item| item.unwrap().config.get("x").unwrap().clone())
        .collect()
}

fn numbers(distribution: Distribution) -> Vec<f64> {
    drawn(distribution, 11)
        .iter()
        .map(|value| value.as_f64().unwrap())
        .collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn variance(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (numbers.len() - 1) as f64
}

/// Compares the sample mean and variance with the expected ones.
fn check_moments(distribution: Distribution, expected_mean: f64, expected_variance: f64) {
    let name = distribution.to_string();
    let found = numbers(distribution);
    let n = found.len() as f64;
    let (m, v) = (mean(&found), variance(&found));
    let error = ERRORS * (expected_variance / n).sqrt();
    assert!(
        (m - expected_mean).abs() <= error,
        "{name}: mean {m}, not {expected_mean} ± {error}"
    );
    // The standard error of a variance, from the fourth moment of the sample.
    let fourth = found.iter().map(|x| (x - m).powi(4)).sum::<f64>() / n;
    let error = ERRORS * ((fourth - v * v).max(0.0) / n).sqrt();
    assert!(
        (v - expected_variance).abs() <= error,
        "{name}: variance {v}, not {expected_variance} ± {error}"
    );
}

#[test]
fn distributions_have_their_mean_and_variance() {
    check_moments(uniform(-1.0, 3.0), 1.0, 16.0 / 12.0);
    check_moments(normal(2.0, 3.0), 2.0, 9.0);
    check_moments(exponential(0.5), 2.0, 4.0);
    for (shape, scale) in [(0.3, 2.0), (1.0, 1.0), (9.0, 0.5)] {
        check_moments(gamma(shape, scale), shape * scale, shape * scale * scale);
    }
    for (a, b) in [(0.5, 0.5), (2.0, 5.0)] {
        let sum: f64 = a + b;
        check_moments(beta(a, b), a / sum, a * b / (sum * sum * (sum + 1.0)));
    }
    for mean in [0.3, 7.0, 10.0, 400.0, 1e6] {
        check_moments(poisson(mean), mean, mean);
    }
    for (n, p) in [
        (5, 0.1),
        (30, 0.5),
        (40, 0.9),
        (1000, 0.3),
        (1_000_000, 0.999),
    ] {
        check_moments(binomial(n, p), n as f64 * p, n as f64 * p * (1.0 - p));
    }
    check_moments(int(-2, 5), 1.0, 4.0);
    check_moments(
        log_normal(0.0, 0.25),
        (0.03125f64).exp(),
        (0.0625f64.exp() - 1.0) * 0.0625f64.exp(),
    );
    check_moments(
        log_uniform(1e-5, 1e-1).log(),
        -3.0 * 10f64.ln(),
        (4.0 * 10f64.ln()).powi(2) / 12.0,
    );
    check_moments(2.0 * uniform(0.0, 1.0) + 1.0, 2.0, 4.0 / 12.0);
    check_moments(uniform(0.0, 1.0) - uniform(0.0, 1.0), 0.0, 2.0 / 12.0);
    check_moments(
        Distribution::mixture([(1.0, constant(0.0)), (3.0, constant(1.0))]),
        0.75,
        0.1875,
    );
}

#[test]
fn draws_stay_in_their_support() {
    let within = |distribution: Distribution, low: f64, high: f64| {
        let name = distribution.to_string();
        assert!(
            numbers(distribution)
                .iter()
                .all(|x| (low..=high).contains(x)),
            "{name}"
        );
    };
    within(uniform(-1.0, 3.0), -1.0, 3.0);
    within(log_uniform(1e-5, 1e-1), 1e-5, 1e-1);
    within(beta(0.01, 0.01), 0.0, 1.0);
    within(gamma(0.01, 1.0), 0.0, f64::MAX);
    within(binomial(40, 0.6), 0.0, 40.0);
    within(normal(0.0, 1.0).truncate(0.5, 1.0), 0.5, 1.0);
    within(binomial(0, 0.5), 0.0, 0.0);
    within(binomial(7, 1.0), 7.0, 7.0);
    within(normal(4.0, 0.0), 4.0, 4.0);
    let integers = drawn(int(i64::MIN / 2, i64::MIN / 2 + 3), 1);
    for lowest in 0..3 {
        assert!(integers.contains(&Value::Int(i64::MIN / 2 + lowest)));
    }
    assert!(!integers.contains(&Value::Int(i64::MIN / 2 + 3)));
    assert!(
        drawn(normal(0.0, 9.0).round(), 1)
            .iter()
            .all(|value| value.as_i64().is_some())
    );
}

/// Checks Pearson's chi-square of expected shares; its mean is the number of degrees of freedom,
/// its variance twice that.
fn check_shares(found: &[u64], shares: &[f64]) {
    let total: u64 = found.iter().sum();
    let sum: f64 = shares.iter().sum();
    let chi: f64 = found
        .iter()
        .zip(shares)
        .map(|(count, share)| {
            let expected = total as f64 * share / sum;
            (*count as f64 - expected).powi(2) / expected
        })
        .sum();
    let freedom = (shares.len() - 1) as f64;
    assert!(
        chi <= freedom + ERRORS * (2.0 * freedom).sqrt(),
        "chi-square {chi}: {found:?}"
    );
}

fn counts(values: &[Value], of: &[Value]) -> Vec<u64> {
    let mut counts: HashMap<&Value, u64> = HashMap::new();
    values
        .iter()
        .for_each(|value| *counts.entry(value).or_default() += 1);
    of.iter()
        .map(|value| counts.get(value).copied().unwrap_or(0))
        .collect()
}

#[test]
fn choices_are_drawn_by_their_weights() {
    let values = [Value::from("a"), Value::from("b"), Value::from("c")];
    check_shares(
        &counts(&drawn(choice(["a", "b", "c"]), 5), &values),
        &[1.0; 3],
    );
    let weighted = weighted_choice(["a", "b", "c"], [1.0, 2.0, 5.0]);
    check_shares(&counts(&drawn(weighted, 5), &values), &[1.0, 2.0, 5.0]);
    let never = drawn(weighted_choice(["a", "b"], [0.0, 1.0]), 5);
    assert!(never.iter().all(|value| *value == Value::from("b")));
    let mixed = choice(["a"]) | choice(["b"]) | choice(["c"]);
    check_shares(&counts(&drawn(mixed, 5), &values), &[1.0; 3]);
}

#[test]
fn blocks_are_drawn_by_their_weights_until_a_grid_is_exhausted() {
    let domain: Domain =
        "0.2 * a=uniform(0, 1) + 0.5 * b=uniform(0, 1) + 0.3 * c=[1, 2] * d=uniform(0, 1)"
            .parse()
            .unwrap();
    let configs = domain
        .configs(&Iteration::default().n_items(DRAWS).seed(9))
        .unwrap();
    let all: Vec<_> = configs.iter().map(Result::unwrap).collect();
    let kind = |name: &str| all.iter().filter(|item| item.config.contains(name)).count() as u64;
    assert_eq!(kind("c"), 2);
    check_shares(&[kind("a"), kind("b")], &[0.2, 0.5]);
    // Access by index, in any order, returns the same.
    for index in [9_999u128, 5, 1024, 1023, 7_345, 7_344, 0] {
        assert_eq!(
            configs.get(index).unwrap().as_ref(),
            Some(&all[index as usize])
        );
    }
}

#[test]
fn a_zip_is_one_grid_to_a_weight() {
    let domain: Domain = "0.25 * a=uniform(0, 1) + 0.75 * (b=[1, 2, 3] @ c=[1, 2, 3]) * d=[1, 2]"
        .parse()
        .unwrap();
    let mut found = [0, 0];
    for seed in 0..4000 {
        let configs = domain
            .configs(&Iteration::default().n_items(1).seed(seed))
            .unwrap();
        let config = configs.get(0).unwrap().unwrap().config;
        found[usize::from(config.contains("b"))] += 1;
    }
    check_shares(&found, &[0.25, 0.75]);
    // If the zip was split, its rows could come in any order.
    let factors: Domain = "0.5 * (b=[1, 2] @ c=[1, 2]) * (d=[1] + e=[2])"
        .parse()
        .unwrap();
    for seed in 0..50 {
        let configs = factors.configs(&Iteration::default().seed(seed)).unwrap();
        let configs: Vec<_> = configs.iter().map(|item| item.unwrap().config).collect();
        for name in ["d", "e"] {
            let own = configs.iter().filter(|config| config.contains(name));
            let rows: Vec<i64> = own.map(|config| config.read("b").unwrap()).collect();
            assert_eq!(rows, [1, 2]);
        }
    }
}

#[test]
fn weighted_finite_grids_are_complete_and_in_order() {
    let domain: Domain = "0.7 * a=[1, 2, 3] + 0.3 * (a=[4, 5] @ b=[1, 2]) + a=[6]"
        .parse()
        .unwrap();
    for seed in 0..50 {
        let configs = domain
            .configs(&Iteration::default().seed(seed).n_items(12))
            .unwrap();
        let all: Vec<i64> = configs
            .iter()
            .map(|item| item.unwrap().config.read("a").unwrap())
            .collect();
        for pass in all.chunks(6) {
            assert_eq!(pass[5], 6);
            let of = |range: std::ops::Range<i64>| -> Vec<i64> {
                pass.iter().copied().filter(|a| range.contains(a)).collect()
            };
            assert_eq!((of(1..4), of(4..6)), (vec![1, 2, 3], vec![4, 5]));
        }
    }
}

#[test]
fn parameters_and_indexes_are_independent() {
    // The correlation of n independent pairs has a standard error of 1 / sqrt(n).
    let correlation = |a: &[f64], b: &[f64]| {
        let (x, y) = (mean(a), mean(b));
        let covariance =
            a.iter().zip(b).map(|(a, b)| (a - x) * (b - y)).sum::<f64>() / a.len() as f64;
        covariance / (variance(a) * variance(b)).sqrt()
    };
    let column = |text: &str, name: &str, seed: u64| -> Vec<f64> {
        let domain: Domain = text.parse().unwrap();
        let configs = domain
            .configs(&Iteration::default().n_items(DRAWS).seed(seed))
            .unwrap();
        configs
            .iter()
            .filter_map(|item| item.unwrap().config.get(name).and_then(Value::as_f64))
            .collect()
    };
    let bound = ERRORS / (DRAWS as f64).sqrt();
    let text = "a=uniform(0, 1) * b=uniform(0, 1)";
    let (a, b) = (column(text, "a", 1), column(text, "b", 1));
    assert!(correlation(&a, &b).abs() < bound);
    assert!(correlation(&a[1..], &a[..a.len() - 1]).abs() < bound);
    assert!(correlation(&a, &column(text, "a", 2)).abs() < bound);
    let same = "x=[1, 2] * a=uniform(0, 1) + x=[1, 2] * a=uniform(0, 1)";
    let terms = column(same, "a", 1);
    assert!(terms[..2] != terms[2..4]);
    let updated =
        option("a", uniform(0.0, 1.0)).configs(&Iteration::default().updates(1).n_items(1));
    assert_ne!(
        updated
            .unwrap()
            .get(0)
            .unwrap()
            .unwrap()
            .config
            .read::<f64>("a")
            .unwrap(),
        a[0]
    );
}

fn values_of(text: &str, iteration: &Iteration) -> Vec<String> {
    let domain: Domain = text.parse().unwrap();
    let configs = domain.configs(iteration).unwrap();
    configs
        .iter()
        .map(|item| item.unwrap().config.to_string())
        .collect()
}

#[test]
fn repetitions_of_a_config_have_the_same_draws_and_passes_have_new_ones() {
    let iteration = Iteration::default().n_items(4).n_reps(2).repeat_each(2);
    let found = values_of("a=[1, 2] * x=uniform(0, 1)", &iteration);
    assert_eq!(found[..2], found[2..4]);
    assert_eq!(found[4..6], found[6..8]);
    assert_ne!(found[..2], found[4..6]);
}

#[test]
fn extensions_and_conditions_change_no_draws() {
    let iteration = Iteration::default().seed(4);
    let plain = values_of("a=[1, 2, 3] * x=uniform(0, 1)", &iteration);
    let extended = values_of(
        "a=[1, 2, 3] * x=uniform(0, 1) + b=[1] * x=uniform(0, 1)",
        &iteration,
    );
    assert_eq!(extended[..3], plain);
    let condition = values_of(
        "a=[1, 2, 3] * x=uniform(0, 1) where x * a > 0.2",
        &iteration,
    );
    let kept = |line: &&String| {
        let x: f64 = line.split("x=").nth(1).unwrap().parse().unwrap();
        let a: f64 = line[2..3].parse().unwrap();
        x * a > 0.2
    };
    assert_eq!(
        condition,
        plain.iter().filter(kept).cloned().collect::<Vec<_>>()
    );
    let listed = values_of("a=[1, 2, 3] * x=uniform(0, 1) where a > 1", &iteration);
    assert_eq!(listed, plain[1..]);
    let ends = values_of(
        "x=uniform(0, 1) where x > 0.5",
        &iteration.clone().n_items(50),
    );
    let all = values_of("x=uniform(0, 1)", &iteration.n_items(200));
    assert!(ends.iter().all(|line| all.contains(line)));
}

#[test]
fn draws_are_the_same_on_every_machine_and_in_every_version() {
    let text = "a=uniform(0, 1) * b=normal(0, 1) * c=log_uniform(1e-5, 0.1) * d=int(0, 1000) \
                * e=gamma(0.5, 2) * f=beta(2, 3) * g=poisson(3) * h=poisson(50) \
                * i=binomial(20, 0.3) * j=binomial(1000, 0.4) * k=exponential(1) \
                * l=choice([\"x\", \"y\"], [1, 2]) * m=log_normal(0, 1)";
    let two = Iteration::default().n_items(2).seed(42);
    let first = two.clone().rules(Rules::V1);
    assert_eq!(values_of(text, &first), GOLDEN_DRAWS_V1);
    assert_eq!(values_of(text, &two), GOLDEN_DRAWS);
    let listed = "a=[1, 2, 1] * x=uniform(0, 1) * (b=[1] + b=[\"one\", 1]) * y=normal(0, 1)";
    let all = Iteration::default().seed(42);
    let first = all.clone().rules(Rules::V1);
    assert_eq!(values_of(listed, &first), GOLDEN_LISTED_V1);
    assert_eq!(values_of(listed, &all), GOLDEN_LISTED);
    let sampled = values_of(
        "sample(a=[1, 2, 3, 4, 5, 6, 7, 8], 4)",
        &Iteration::default().seed(42),
    );
    assert_eq!(sampled.join(" "), GOLDEN_SAMPLE);
    let many = format!(
        "sample({}, 3)",
        (0..6)
            .map(|n| format!("d{n}=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"))
            .collect::<Vec<_>>()
            .join(" * ")
    );
    let sampled = values_of(&many, &Iteration::default().seed(42));
    assert_eq!(sampled.join(" | "), GOLDEN_LONG_SAMPLE);
    let block = values_of(
        "0.5 * a=[1, 2, 3] + 0.5 * b=[1, 2, 3]",
        &Iteration::default().seed(42),
    );
    assert_eq!(block.join(" "), GOLDEN_BLOCK);
}

const GOLDEN_DRAWS: [&str; 2] = [
    "a=0.010298955339907434, b=-1.172882871319069, c=1.4323262325512385e-5, d=418, \
     e=3.365832604658348, f=0.6390092622309905, g=1, h=58, i=6, j=421, k=2.5114992631746937, \
     l=\"x\", m=0.6120911335175218",
    "a=0.5452181088588325, b=0.4503767717614866, c=0.01172302831242117, d=448, \
     e=0.4885645801959329, f=0.4743962630721168, g=3, h=52, i=5, j=405, k=1.069216395338839, \
     l=\"x\", m=3.4727353526696874",
];
const GOLDEN_LISTED_V1: [&str; 9] = [
    "a=1, x=0.9428617783263977, b=1, y=-0.47868737473842704",
    "a=2, x=0.10731974856967197, b=1, y=-0.2671632808351939",
    "a=1, x=0.9419233277445691, b=1, y=0.6055957521199802",
    "a=1, x=0.28211573688120173, b=\"one\", y=1.2713497659248847",
    "a=1, x=0.7174178876608623, b=1, y=0.864550238581069",
    "a=2, x=0.9430084326251625, b=\"one\", y=0.35643894240374246",
    "a=2, x=0.8701825061037378, b=1, y=0.011000536000734286",
    "a=1, x=0.29677451926783616, b=\"one\", y=0.4575712631913571",
    "a=1, x=0.5924653859484579, b=1, y=-1.3443698476503219",
];
const GOLDEN_LISTED: [&str; 9] = [
    "a=1, x=0.840069582720402, b=1, y=-0.4429289983308086",
    "a=2, x=0.5829548617832799, b=1, y=0.5870834212225399",
    "a=1, x=0.9836590160975718, b=1, y=0.16308938303159817",
    "a=1, x=0.9949537875717434, b=\"one\", y=-0.4793342687784236",
    "a=1, x=0.3243115320538932, b=1, y=1.0614096802275068",
    "a=2, x=0.6219224056745688, b=\"one\", y=0.25917811479889824",
    "a=2, x=0.9999072263122523, b=1, y=0.7276434133187041",
    "a=1, x=0.2883067399691286, b=\"one\", y=-0.842519615125986",
    "a=1, x=0.5754149368823475, b=1, y=0.5579438505082843",
];

const GOLDEN_DRAWS_V1: [&str; 2] = [
    "a=0.025103408644798098, b=1.0479702632632029, c=5.000729357676119e-5, d=915, \
     e=2.582349265163942, f=0.37385520958633195, g=1, h=58, i=5, j=417, k=0.8327998564441748, \
     l=\"y\", m=8.814150938270142",
    "a=0.5942715527763826, b=0.274533726184338, c=0.02759092072394491, d=762, \
     e=0.5070248825188507, f=0.45501680798688654, g=2, h=54, i=7, j=390, k=0.6641207295677477, \
     l=\"x\", m=3.386746781341716",
];
const GOLDEN_SAMPLE: &str = "a=3 a=1 a=4 a=7";
const GOLDEN_LONG_SAMPLE: &str = "d0=3, d1=9, d2=5, d3=3, d4=4, d5=0 \
    | d0=7, d1=8, d2=4, d3=7, d4=3, d5=0 | d0=8, d1=4, d2=0, d3=8, d4=7, d5=3";
const GOLDEN_BLOCK: &str = "b=1 b=2 b=3 a=1 a=2 a=3";
