//! Conditions, in particular at the limits of numbers.

use proptest::prelude::*;
use research_domain::{Condition, Config, Domain, Iteration, Value};

fn holds(condition: &str, config: &Config) -> bool {
    let condition: Condition = condition.parse().unwrap();
    condition.holds(config).unwrap()
}

#[test]
fn the_smallest_integer_has_an_opposite() {
    let config = Config::from_pairs([("x", i64::MIN)]);
    assert!(holds("abs(x) > 0 and abs(x) == 2.0 ** 63", &config));
    assert!(holds("-x > 0 and - -x == x", &config));
    let domain: Domain = "x=(abs(constant(-9223372036854775808)))".parse().unwrap();
    let configs = domain.configs(&Iteration::default()).unwrap();
    let drawn = configs.get(0).unwrap().unwrap().config;
    assert_eq!(drawn.get("x"), Some(&Value::Float(2.0_f64.powi(63))));
}

#[test]
fn integers_and_floats_are_compared_exactly() {
    let large = (1_i64 << 53) + 1;
    let config = Config::from_pairs([("x", Value::from(large)), ("y", (large as f64).into())]);
    assert!(holds("x != y and x > y and y < x and not x <= y", &config));
    let config = Config::from_pairs([("x", Value::from(i64::MAX)), ("y", 2.0_f64.powi(63).into())]);
    assert!(holds("x < y and x != y and x not in [y]", &config));
    let config = Config::from_pairs([("x", Value::from(2)), ("y", 2.5.into())]);
    assert!(holds(
        "x < y and -x > -y and x == 2.0 and x in [2.0]",
        &config
    ));
    let config = Config::from_pairs([("x", Value::from(1)), ("y", f64::NAN.into())]);
    assert!(holds(
        "x != y and not x < y and not x >= y and x < inf and x > -inf",
        &config
    ));
}

#[test]
fn numbers_in_lists_and_maps_are_compared_alike() {
    let map = |number: Value| Value::Map(vec![("depth".to_owned(), number)]);
    let config = Config::from_pairs([("x", map(1.into())), ("y", map(1.0.into()))]);
    assert!(holds(
        "x == y and x == {depth: 1.0} and [x] == [y]",
        &config
    ));
    assert!(holds("x != {depth: 2} and x != {width: 1}", &config));
}

#[test]
fn missing_parameters_are_null_and_satisfy_no_condition() {
    let config = Config::from_pairs([("t", Value::from("adam")), ("flag", true.into())]);
    assert!(holds("flag and 'da' in t and 'x' not in t", &config));
    for condition in [
        "missing",
        "-missing > 0",
        "missing + 1 > 0",
        "missing < 1",
        "missing in [1]",
    ] {
        assert!(!holds(condition, &config), "{condition}");
    }
    assert!(holds("missing == null and -missing == null", &config));
}

#[test]
fn errors_name_the_part_of_the_condition() {
    let config = Config::from_pairs([("t", Value::from("adam")), ("n", 3.into())]);
    for (condition, expected) in [
        ("not n", "`n` is the integer 3,"),
        ("-t > 0", "`-t` needs numbers, found the string \"adam\""),
        (
            "n + t > 0",
            "`n + t` needs numbers, found the string \"adam\"",
        ),
        ("1 in n", "`1 in n` searches the integer 3"),
        (
            "n < t",
            "`n < t` compares the integer 3 with the string \"adam\"",
        ),
    ] {
        let parsed: Condition = condition.parse().unwrap();
        let error = parsed.holds(&config).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{condition}: {error}");
    }
}

proptest! {
    /// Comparisons agree with exact arithmetic: integers of 128 bits hold both numbers.
    #[test]
    fn an_integer_beside_a_float(integer in any::<i64>(), near in -3_i64..4) {
        let float = integer.saturating_add(near) as f64;
        let exact = float as i128;
        let config = Config::from_pairs([("x", Value::from(integer)), ("y", float.into())]);
        prop_assert_eq!(holds("x < y", &config), i128::from(integer) < exact);
        prop_assert_eq!(holds("y < x", &config), exact < i128::from(integer));
        prop_assert_eq!(holds("x == y", &config), i128::from(integer) == exact);
    }
}
