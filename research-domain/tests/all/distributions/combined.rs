//! Distributions that are made of others: histograms, steps, powers, functions.

use proptest::prelude::*;
use research_domain::{
    Distribution, Domain, DomainError, Iteration, Value, constant, geometric, histogram, int,
    normal, option, uniform,
};

use super::{check_moments, check_shares, counts, drawn, numbers};

fn parsed(text: &str) -> Distribution {
    let domain: Domain = format!("x={text}").parse().unwrap();
    match domain.values("x").as_slice() {
        [research_domain::Values::Distribution(distribution)] => distribution.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn geometric_numbers_are_trials_up_to_the_first_success() {
    for p in [0.02, 0.3, 0.9] {
        check_moments(geometric(p), 1.0 / p, (1.0 - p) / (p * p));
    }
    let values = drawn(geometric(0.5), 3);
    let shares: Vec<f64> = (1..=5).map(|k| 0.5_f64.powi(k)).collect();
    let of: Vec<Value> = (1..=5).map(Value::Int).collect();
    let found = counts(&values, &of);
    let others = values.len() as u64 - found.iter().sum::<u64>();
    check_shares(
        &[found, vec![others]].concat(),
        &[shares, vec![0.5_f64.powi(5)]].concat(),
    );
    assert!(
        drawn(geometric(1.0), 3)
            .iter()
            .all(|value| *value == Value::Int(1))
    );
    let smallest = geometric(2.0_f64.powi(-53));
    assert!(
        numbers(smallest)
            .iter()
            .all(|number| (1.0..1e18).contains(number))
    );
    for wrong in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(geometric(wrong).validate().is_err(), "{wrong}");
    }
    assert_eq!(parsed("geometric(0.25)"), geometric(0.25));
}

#[test]
fn a_histogram_draws_from_bins_by_their_counts() {
    let histogram = histogram([1.0, 0.0, 3.0], [0.0, 1.0, 2.0, 4.0]);
    let numbers = numbers(histogram.clone());
    let in_bin = |low: f64, high: f64| {
        numbers
            .iter()
            .filter(|number| (low..high).contains(*number))
            .count() as u64
    };
    // The last bin has two halves of equal probability.
    let found = [in_bin(0.0, 1.0), in_bin(2.0, 3.0), in_bin(3.0, 4.0)];
    assert_eq!(in_bin(1.0, 2.0), 0);
    check_shares(&found, &[0.25, 0.375, 0.375]);
    assert_eq!(parsed("hist([1, 0, 3], [0, 1, 2, 4])"), histogram);
    assert_eq!(parsed(&histogram.to_string()), histogram);
    for wrong in [
        "hist([1], [0])",
        "hist([], [0])",
        "hist([0], [0, 1])",
        "hist([1, 1], [0, 2, 1])",
    ] {
        assert!(parsed(wrong).validate().is_err(), "{wrong}");
    }
}

#[test]
fn steps_are_written_as_they_are() {
    let step = |text: &str| {
        let mut values = drawn(parsed(text), 5);
        values.sort_by(|a, b| a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()));
        values.dedup();
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        values.join(" ")
    };
    assert_eq!(step("uniform(0, 0.5, q=0.1)"), "0.0 0.1 0.2 0.3 0.4 0.5");
    assert_eq!(step("uniform(0.5, 1, q=0.25)"), "0.5 0.75 1.0");
    assert_eq!(step("uniform(-10, 40, q=16)"), "-16 0 16 32");
    assert_eq!(step("int(0, 100, q=25)"), "0 25 50 75 100");
    assert_eq!(
        step("quantised(2 * uniform(0, 1) | uniform(5, 6), 1)"),
        "0 1 2 5 6"
    );
    assert_eq!(
        step("log_uniform(1e-3, 4e-3, q=1e-3)"),
        "0.001 0.002 0.003 0.004"
    );
    let both = uniform(0.0, 1.0).quantised(0.1);
    assert_eq!(parsed("uniform(0, 1, q=0.1)"), both);
    assert_eq!(parsed(&both.to_string()), both);
    let table = r#"{"x": {"distribution": "uniform", "low": 0, "high": 1, "q": 0.1}}"#;
    let domain: Domain = serde_json::from_str(table).unwrap();
    assert_eq!(domain, option("x", both));
    for wrong in ["0", "-1", "NaN", "inf", "\"a\""] {
        let text = format!("uniform(0, 1, q={wrong})");
        assert!(parsed(&text).validate().is_err(), "{text}");
    }
}

#[test]
fn powers_and_remainders_are_those_of_expressions() {
    let exponent = || int(1, 5);
    for (rust, text) in [
        (constant(2).pow(exponent()), "(2 ** int(1, 5))"),
        (exponent().pow(2), "(int(1, 5) ** 2)"),
        (exponent() % 3, "(int(1, 5) % 3)"),
        (7 % exponent(), "(7 % int(1, 5))"),
        (2.0 * exponent() % 1.5, "(2.0 * int(1, 5) % 1.5)"),
    ] {
        assert_eq!(rust.to_string(), text);
        assert_eq!(parsed(text), rust);
    }
    let sizes = drawn(constant(2).pow(exponent()), 3);
    assert!(
        sizes
            .iter()
            .all(|size| [2, 4, 8, 16].map(Value::Int).contains(size))
    );
}

#[test]
fn a_function_is_applied_to_each_draw() {
    let name = |value: Value| format!("size-{}", value.as_i64().unwrap() * 2);
    let mapped = int(1, 4).map(name);
    let of = ["size-2", "size-4", "size-6"].map(Value::from);
    check_shares(&counts(&drawn(mapped.clone(), 9), &of), &[1.0 / 3.0; 3]);
    assert_eq!(mapped, mapped.clone());
    assert_ne!(mapped, int(1, 4).map(name));
    let domain = option("x", mapped) * option("y", [1, 2]);
    assert!(matches!(
        domain.expression(),
        Err(DomainError::NoExpression { .. })
    ));
    assert!(domain.to_string().parse::<Domain>().is_err());
    let error = drawn_error(normal(0.0, 1.0).map(|_| "text") + 1.0);
    assert!(error.contains("needs numbers"), "{error}");
}

fn drawn_error(distribution: Distribution) -> String {
    let configs = option("x", distribution)
        .configs(&Iteration::default().n_items(1))
        .unwrap();
    let error = configs.iter().next().unwrap().unwrap_err();
    error.to_string()
}

/// The step as integers: how many of `10^-digits`.
fn steps() -> impl Strategy<Value = (i64, u32)> {
    (1..1_000_i64, 0..6_u32)
}

proptest! {
    /// Against integers: the number of steps, and the digits of the decimal number.
    #[test]
    fn a_quantised_number_is_the_nearest_multiple((step, digits) in steps(), x in -1e4..1e4_f64) {
        let width: f64 = format!("{step}e-{digits}").parse().unwrap();
        let distribution = constant(x).quantised(width);
        let drawn = numbers(distribution);
        let count = (x / width).round() as i64;
        let decimal: f64 = format!("{}e-{digits}", count * step).parse().unwrap();
        prop_assert_eq!(drawn[0], decimal, "{} of {}", x, width);
        prop_assert!((drawn[0] - x).abs() <= width * 0.500_001);
    }

    #[test]
    fn a_draw_of_a_histogram_is_in_a_bin_with_a_count(
        bins in prop::collection::vec((0..3_u8, 0.1..5.0_f64), 1..6), seed: u64,
    ) {
        prop_assume!(bins.iter().any(|(count, _)| *count > 0));
        let mut edges = vec![-1.0];
        for (_, width) in &bins {
            edges.push(edges[edges.len() - 1] + width);
        }
        let counts = bins.iter().map(|(count, _)| f64::from(*count));
        let domain = option("x", histogram(counts, edges.clone()));
        let configs = domain.configs(&Iteration::default().n_items(20).seed(seed)).unwrap();
        for item in configs.iter() {
            let x = item.unwrap().config.get("x").unwrap().as_f64().unwrap();
            let bin = edges.windows(2).position(|edges| (edges[0]..edges[1]).contains(&x));
            prop_assert!(bins[bin.unwrap()].0 > 0, "{}", x);
        }
    }
}
