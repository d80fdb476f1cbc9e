//! Values and configs: conversions from and to Rust, and serde formats.

use std::collections::BTreeMap;

use proptest::prelude::*;
use research_domain::{Config, Domain, Entry, Value, Values, choice, constant, option};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            proptest::collection::vec((any::<String>(), inner), 0..4).prop_map(Value::Map),
        ]
    })
}

fn through_bincode<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(value, config).unwrap();
    let (back, read): (T, usize) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert_eq!(read, bytes.len());
    back
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Box(i32, i32),
    Named { side: u8 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    flag: bool,
    small: i8,
    large: u64,
    float: f32,
    letter: char,
    text: String,
    none: Option<i32>,
    some: Option<i32>,
    unit: (),
    pair: (i32, String),
    list: Vec<f64>,
    map: BTreeMap<i32, bool>,
    shapes: Vec<Shape>,
    new: Wrapped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Key {
    Wide,
    Deep,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(i32, bool);

fn everything() -> Everything {
    Everything {
        flag: true,
        small: -3,
        large: i64::MAX as u64,
        float: 0.5,
        letter: 'é',
        text: "x".to_owned(),
        none: None,
        some: Some(4),
        unit: (),
        pair: (1, "y".to_owned()),
        list: vec![1.0, 2.5],
        map: [(1, true), (2, false)].into(),
        shapes: vec![
            Shape::Point,
            Shape::Circle(1.0),
            Shape::Box(1, 2),
            Shape::Named { side: 3 },
        ],
        new: Wrapped(9),
    }
}

proptest! {
    #[test]
    fn values_go_through_bincode(value in values()) {
        prop_assert_eq!(through_bincode(&value), value);
    }

    #[test]
    fn values_go_through_serde(value in values()) {
        prop_assert_eq!(Value::from_serialize(&value).unwrap(), value.clone());
        prop_assert_eq!(value.to::<Value>().unwrap(), value);
    }

    #[test]
    fn configs_go_through_bincode_with_their_aliases(
        entries in proptest::collection::vec(
            ("[a-e]", values(), proptest::option::of("[x-z]{1,2}")),
            0..9,
        ),
    ) {
        let config: Config = entries
            .into_iter()
            .map(|(key, value, alias)| {
                let entry = Entry::new(key.as_str(), value);
                match alias {
                    Some(alias) => entry.with_alias(alias.clone()).with_key_alias(alias),
                    None => entry,
                }
            })
            .collect();
        let back = through_bincode(&config);
        prop_assert_eq!(&back, &config);
        prop_assert_eq!(back.alias_string(), config.alias_string());
    }

    #[test]
    fn printed_floats_read_back(float in any::<f64>()) {
        let printed = Value::from(float).to_string();
        let back: f64 = printed.parse().unwrap();
        prop_assert!(back == float || (back.is_nan() && float.is_nan()));
        prop_assert!(printed.contains(['.', 'e', 'N', 'i']), "{} looks like an integer", printed);
    }
}

#[test]
fn rust_types_go_through_values_and_back() {
    let value = Value::from_serialize(&everything()).unwrap();
    assert_eq!(value.to::<Everything>().unwrap(), everything());
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    assert_eq!(
        serde_json::from_str::<Everything>(&json).unwrap(),
        everything()
    );
}

#[test]
fn variants_are_names_or_maps_with_one_entry() {
    let by_key: BTreeMap<Key, i32> = [(Key::Wide, 1), (Key::Deep, 2)].into();
    let value = Value::from_serialize(&by_key).unwrap();
    assert_eq!(value.to::<BTreeMap<Key, i32>>().unwrap(), by_key);
    let pair = Value::from_serialize(&Pair(1, true)).unwrap();
    assert_eq!(pair.to::<Pair>().unwrap(), Pair(1, true));
    assert_eq!(pair.as_list().unwrap()[1].as_bool(), Some(true));
    assert_eq!((pair.as_bool(), Value::from(1).as_list()), (None, None));

    let entries = |name: &str, value: Value| Value::Map(vec![(name.to_owned(), value)]);
    assert_eq!(
        entries("Point", Value::Null).to::<Shape>().unwrap(),
        Shape::Point
    );
    for (value, expected) in [
        (
            Value::from(1),
            "the name of a variant, or a map with one entry",
        ),
        (entries("Point", 1.into()), "a variant without content"),
        (Value::from("Circle"), "Circle"),
        (Value::from("Ring"), "unknown variant `Ring`"),
    ] {
        let error = value.to::<Shape>().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(Value::from(1).to::<()>().is_err());
}

#[test]
fn numbers_are_never_truncated() {
    assert_eq!(Value::from(3).to::<f64>().unwrap(), 3.0);
    assert_eq!(Value::from(3).to::<f32>().unwrap(), 3.0);
    assert!(Value::from(3.0).to::<i64>().is_err());
    assert!(Value::from(300).to::<u8>().is_err());
    assert!(Value::from(-1).to::<u64>().is_err());
}

#[test]
fn integers_of_64_bits_are_exact_in_every_form() {
    for number in [0, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let value = Value::from(number);
        assert_eq!(Value::from(number as usize), value);
        assert_eq!(Value::from_serialize(&number).unwrap(), value);
        assert_eq!(value.to::<u64>().unwrap(), number);
        assert_eq!(value.as_u64(), Some(number));
        assert_eq!(value.to_string(), number.to_string());
        assert_eq!(value.kind(), "integer");
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, number.to_string());
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
        assert_eq!(through_bincode(&value), value);
        let domain: Domain = format!("a=[{number}]").parse().unwrap();
        assert_eq!(domain, option("a", [number]));
        assert_eq!(domain.to_string(), format!("a=[{number}]"));
    }
    // Adjacent integers are equal as floats, but not as integers, values and ids.
    let (a, b) = (Value::from(u64::MAX), Value::from(u64::MAX - 1));
    assert_eq!(a.as_f64(), b.as_f64());
    assert_ne!(a, b);
    let largest = format!("a=[{}, {}] where a < {}", u64::MAX, u64::MAX - 1, u64::MAX);
    let left = largest.parse::<Domain>().unwrap().len().unwrap();
    assert_eq!(left.finite(), Some(1));
    assert!(a.to::<i64>().is_err());
}

#[test]
fn integers_that_no_value_holds_are_refused() {
    let error = Value::from_serialize(&(i128::from(u64::MAX) + 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the integer 18446744073709551616 is out of range \
         (-9223372036854775808 to 18446744073709551615); use a float or a string"
    );
    assert!(Value::from_serialize(&u128::MAX).is_err());
    assert!(Value::try_from(i128::from(i64::MIN) - 1).is_err());
    for text in ["a=[18446744073709551616]", "a=[-9223372036854775809]"] {
        assert!(text.parse::<Domain>().is_err(), "{text}");
    }
}

/// Returns a number in this many nested lists.
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::from(1), |inner, _| Value::from(vec![inner]))
}

#[test]
fn every_reader_of_values_has_the_same_limit_of_nesting() {
    let deepest = nested(Value::MAX_DEPTH);
    let beyond = nested(Value::MAX_DEPTH + 1);
    assert!(!deepest.is_too_deep() && beyond.is_too_deep());
    let json = |value: &Value| serde_json::to_string(value).unwrap();
    let toml = |value: &Value| format!("v = {}", json(value));
    let expression = |value: &Value| format!("a=[{value}]");

    assert_eq!(Value::from_serialize(&deepest).unwrap(), deepest);
    assert_eq!(
        serde_json::from_str::<Value>(&json(&deepest)).unwrap(),
        deepest
    );
    assert!(toml::from_str::<Value>(&toml(&nested(Value::MAX_DEPTH - 1))).is_ok());
    let domain: Domain = expression(&deepest).parse().unwrap();
    assert_eq!(domain.to_string().parse::<Domain>().unwrap(), domain);
    option("a", [deepest.clone()]).validate().unwrap();

    let errors = [
        Value::from_serialize(&beyond).unwrap_err().to_string(),
        serde_json::from_str::<Value>(&json(&beyond))
            .unwrap_err()
            .to_string(),
        toml::from_str::<Value>(&toml(&deepest))
            .unwrap_err()
            .to_string(),
        expression(&beyond)
            .parse::<Domain>()
            .unwrap_err()
            .to_string(),
        option("a", [beyond.clone()])
            .validate()
            .unwrap_err()
            .to_string(),
        option("a", constant(beyond.clone()))
            .validate()
            .unwrap_err()
            .to_string(),
        option("a", choice([beyond]))
            .validate()
            .unwrap_err()
            .to_string(),
    ];
    for error in errors {
        assert!(error.contains("deeper than 64 levels"), "{error}");
    }
}

#[test]
fn wrong_types_name_the_location_and_both_types() {
    let config = Config::from_pairs([(
        "layers",
        Value::from(vec![Value::from(1), Value::from("x")]),
    )])
    .with("lr", 0.1)
    .with("name", "adam");
    let cases = [
        (
            config.read::<i64>("lr").unwrap_err().to_string(),
            "cannot read `lr` of the config: expected i64, found floating point `0.1`",
        ),
        (
            config.read::<Vec<i64>>("layers").unwrap_err().to_string(),
            "cannot read `layers` of the config: `1`: expected i64, found string \"x\"",
        ),
        (
            config.read::<f64>("lrr").unwrap_err().to_string(),
            "the config has no `lrr`; did you mean `lr`?",
        ),
        (
            config.read::<f64>("zzz").unwrap_err().to_string(),
            "the config has no `zzz`; available: layers, lr, name",
        ),
        (
            Config::new().read::<f64>("x").unwrap_err().to_string(),
            "the config has no `x`; none are available",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read only to see the errors")]
    struct Model {
        lr: f64,
        name: i64,
    }
    let error = config.parse::<Model>().unwrap_err().to_string();
    assert!(
        error.contains("`name`: expected i64, found string \"adam\""),
        "{error}"
    );

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read only to see the errors")]
    struct Missing {
        names: String,
    }
    let error = config.parse::<Missing>().unwrap_err().to_string();
    assert_eq!(error, "the config has no `names`; did you mean `name`?");
}

#[test]
fn endlessly_nested_bytes_are_refused() {
    // The tag of a list with one item, repeated.
    let bytes: Vec<u8> = [6, 1].repeat(100_000);
    let config = bincode::config::standard();
    let error = bincode::serde::decode_from_slice::<Value, _>(&bytes, config).unwrap_err();
    assert!(error.to_string().contains("deeper"), "{error}");
    // An error resets the depth.
    assert_eq!(through_bincode(&Value::from(vec![1])), Value::from(vec![1]));
}

#[test]
fn configs_are_maps_in_readable_formats_and_keep_their_order() {
    let config = Config::from_pairs([("b", 1), ("a", 2)]).with("t", "x");
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(json, r#"{"b":1,"a":2,"t":"x"}"#);
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
    assert_eq!(config.alias_string(), "a_2-b_1-t_x");
    assert_eq!(
        config
            .merged(&Config::from_pairs([("a", 5), ("z", 6)]))
            .alias_string(),
        "a_5-b_1-t_x-z_6"
    );
    assert_eq!(config.to_string(), "b=1, a=2, t=\"x\"");
    assert_eq!(
        Config::from_serialize(&everything())
            .unwrap()
            .read::<i8>("small")
            .unwrap(),
        -3
    );
    assert!(Config::from_serialize(&5).is_err());
}

#[test]
fn an_integer_in_json_that_no_value_holds_is_the_nearest_float_to_serde_json() {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read("9223372036854775807"), Value::Int(i64::MAX));
    assert_eq!(read("9223372036854775808"), Value::Uint(1 << 63));
    assert_eq!(read("18446744073709551616"), Value::Float(2.0_f64.powi(64)));
    assert_eq!(
        read("-9223372036854775809"),
        Value::Float(-(2.0_f64.powi(63)))
    );
}

#[test]
fn rust_values_become_lists_and_domains() {
    let rates = vec![0.1, 0.2];
    let array = ["x", "y"].map(String::from);
    for (domain, text) in [
        (option("a", &rates), "a=[0.1, 0.2]"),
        (option("a", &array), "a=[\"x\", \"y\"]"),
        (option("a", array.clone()), "a=[\"x\", \"y\"]"),
        (option("a", 0..rates.len()), "a=[0, 1]"),
        (option("a", 1..=2_u32), "a=[1, 2]"),
        (option("a", 0..2), "a=[0, 1]"),
        (option("a", -1..1_i64), "a=[-1, 0]"),
        (option("a", 0.0..1.0), "a=uniform(0.0, 1.0)"),
        (
            option("a", (0..3).map(|x| x * x).collect::<Values>()),
            "a=[0, 1, 4]",
        ),
        (2 * option("a", [1]), "2.0 * a=[1]"),
        (option("a", [1]) * 0.5, "0.5 * a=[1]"),
        (3_usize * &option("a", [1]), "3.0 * a=[1]"),
        (&option("a", [1]) * &option("b", [2]), "a=[1] * b=[2]"),
        (option("a", [1]) + &option("b", [2]), "a=[1] + b=[2]"),
        (&option("a", [1]) + option("b", [2]), "a=[1] + b=[2]"),
        ((0..2).map(|x| option("a", [x])).sum(), "a=[0] + a=[1]"),
        (
            ["a", "b"].map(|key| option(key, [1])).into_iter().product(),
            "a=[1] * b=[1]",
        ),
        (Domain::from("a=[1] * b=[2]"), "a=[1] * b=[2]"),
        (Domain::from(String::from("a=[1]")), "a=[1]"),
    ] {
        assert_eq!(domain.to_string(), text);
        domain.validate().unwrap();
    }
    let error = Domain::from("a=[1").validate().unwrap_err().to_string();
    assert!(error.contains("expected"), "{error}");

    let config = Config::new().with("b", 1).with("a", "x");
    let mut found = Vec::new();
    for (key, value) in &config {
        found.push(format!("{key}={value}"));
    }
    assert_eq!(found, ["b=1", "a=x"]);
    assert_eq!((&config).into_iter().len(), 2);
}

proptest! {
    /// All that JSON has comes back as it was; serde's own conversion is the model.
    #[test]
    fn values_of_serde_json_are_converted_both_ways(value in values()) {
        let json = serde_json::Value::from(value.clone());
        prop_assert_eq!(serde_json::Value::from(Value::from(json.clone())), json.clone());
        let deserialized: Value = serde_json::from_value(json.clone()).unwrap();
        prop_assert_eq!(Value::from(json), deserialized);
    }
}
