//! The text form: parsing, printing and errors.
//!
//! The properties on arbitrary text replace a coverage-guided fuzzer, which needs a nightly
//! compiler.

use proptest::prelude::*;
use research_domain::{Condition, Distribution, Domain, Values, option};

fn distributions() -> impl Strategy<Value = Distribution> {
    use research_domain::{choice, constant, int, normal, uniform, weighted_choice};
    let leaf = prop_oneof![
        (-2.0..2.0f64).prop_map(constant),
        (-5i64..5).prop_map(constant),
        Just(uniform(-1.0, 1e-9)),
        Just(normal(0.5, 2.0)),
        Just(int(i64::MIN, 3)),
        Just(choice(["a\"b", "c"])),
        Just(weighted_choice([1.5, f64::INFINITY], [0.25, 1.0])),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(a, b)| a + b),
            two.clone().prop_map(|(a, b)| a - b),
            two.clone().prop_map(|(a, b)| a * b),
            two.clone().prop_map(|(a, b)| a / b),
            two.clone().prop_map(|(a, b)| a | b),
            two.prop_map(|(a, b)| Distribution::mixture([(0.3, a), (0.7, b)])),
            inner.clone().prop_map(|a| -a),
            inner.clone().prop_map(Distribution::exp),
            inner.clone().prop_map(Distribution::round),
            inner.prop_map(|a| a.truncate(-1.5, 3.0)),
        ]
    })
}

fn conditions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("`b c`".to_owned()),
        Just("-2".to_owned()),
        Just("0.5".to_owned()),
        Just("\"x\"".to_owned()),
        Just("[1, -2, \"y\"]".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        let joined = prop_oneof![
            Just("+"),
            Just("-"),
            Just("*"),
            Just("/"),
            Just("%"),
            Just("**"),
            Just("=="),
            Just("!="),
            Just("<"),
            Just("<="),
            Just(">"),
            Just("in"),
            Just("not in"),
            Just("and"),
            Just("or"),
        ];
        prop_oneof![
            (inner.clone(), joined, inner.clone()).prop_map(|(a, o, b)| format!("({a}) {o} ({b})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.prop_map(|a| format!("abs({a})")),
        ]
    })
}

/// Returns tokens of expressions, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("b="),
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("1"),
        Just("-"),
        Just("0.5"),
        Just("*"),
        Just("+"),
        Just("@"),
        Just("&"),
        Just("|"),
        Just(","),
        Just("\"x\""),
        Just("'"),
        Just("`"),
        Just("uniform("),
        Just("choice("),
        Just("sample("),
        Just("distinct("),
        Just(" where "),
        Just(" as "),
        Just(" and "),
        Just(" not "),
        Just(" in "),
        Just("=="),
        Just("**"),
        Just("1e"),
        Just("b\""),
        Just("{"),
        Just("}"),
        Just(":"),
        Just("null"),
        Just("\\"),
        Just("é"),
        Just("\n"),
        Just("\u{0}"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn survives(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Domain>() {
        Ok(domain) => {
            let printed = domain.to_string();
            prop_assert_eq!(printed.parse::<Domain>(), Ok(domain), "{}", printed);
        }
        Err(error) => {
            prop_assert!(error.column() >= 1 && error.line() >= 1);
            prop_assert!(error.to_string().contains('^'));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_text_is_parsed_or_refused(text in any::<String>()) {
        survives(&text)?;
    }

    #[test]
    fn arbitrary_pieces_are_parsed_or_refused(text in pieces()) {
        survives(&text)?;
        let _ = text.parse::<Condition>();
    }

    #[test]
    fn printed_distributions_parse_back(distribution in distributions()) {
        let domain = option("x", distribution);
        let printed = domain.to_string();
        prop_assert_eq!(printed.parse::<Domain>(), Ok(domain), "{}", printed);
    }

    #[test]
    fn printed_conditions_parse_back(text in conditions()) {
        let condition: Condition = text.parse().unwrap();
        let printed = condition.to_string();
        prop_assert_eq!(printed.parse::<Condition>(), Ok(condition), "{} {}", text, printed);
    }
}

#[test]
fn deep_nesting_is_refused() {
    for open in [
        "(",
        "a=[",
        "a=(",
        "a=-",
        "a=(-",
        "distinct(",
        "a=[1] where (",
        "0.5 * ",
        "a=[1] where not ",
    ] {
        let error = open.repeat(100_000).parse::<Domain>().unwrap_err();
        assert!(error.to_string().len() < 1000, "{open}");
    }
    let error = "(".repeat(1000).parse::<Domain>().unwrap_err();
    assert!(error.message().contains("deeper"), "{error}");
}

#[test]
fn the_example_of_the_documentation_is_correct() {
    let text = r#"0.3 * a=[1, 2] + 0.7 * (b=[3, 4] @ c=["x", "y"]) * lr=log_uniform(1e-5, 1e-1)"#;
    let domain: Domain = text.parse().unwrap();
    assert_eq!(domain.len().unwrap().finite(), Some(4));
    let built = 0.3 * option("a", [1, 2])
        + (0.7 * option("b", [3, 4]).zip(option("c", ["x", "y"])))
            * option("lr", research_domain::log_uniform(1e-5, 1e-1));
    assert_eq!(domain, built);
    assert_eq!(domain.to_string().parse::<Domain>().unwrap(), domain);
}

const EVERY_FORM: &str = r#"
        learning.rate as lr=[0.1, 1e-3 as tiny, -2 as "minus two", 1_000]
        * `any name`=[true, false, null, inf, -inf, 'single', "a\u00e9\n", b"00ff", [1, [2]],
            {k: 1, "l m": [2],}]
        * x=(0.3 & normal(0, 1) | 0.7 & 2 * uniform(0, 1) ** 2 - 1)
        * n=truncate(round(exp(normal(0, 1))), 1, 10)
        * c=choice(["a" as "the a", "b"], [1, 2])
        where `learning.rate` < 1 and 0 <= n <= 10
    "#;

#[test]
fn damaged_expressions_are_parsed_or_refused() {
    let places: Vec<usize> = EVERY_FORM.char_indices().map(|(place, _)| place).collect();
    for place in places {
        let (before, after) = EVERY_FORM.split_at(place);
        survives(before).unwrap();
        survives(after).unwrap();
        let rest: String = after.chars().skip(1).collect();
        for put in ["", "(", "]", "1", "\"", ",", "=", "-", " "] {
            survives(&format!("{before}{put}{rest}")).unwrap();
        }
    }
}

#[test]
fn every_form_of_values_parses() {
    let text = EVERY_FORM;
    let domain: Domain = text.parse().unwrap();
    assert_eq!(domain.to_string().parse::<Domain>().unwrap(), domain);
    let Ok(first) = domain
        .configs(&Default::default())
        .unwrap()
        .iter()
        .next()
        .unwrap()
    else {
        panic!("the first config cannot be drawn");
    };
    assert_eq!(first.config.keys().next(), Some("learning.rate"));
    assert_eq!(first.config.entries().next().unwrap().key_alias(), "lr");
}

#[test]
fn errors_have_a_column_and_a_hint() {
    let cases = [
        (
            "a=[1, 2",
            "expected `,` or `]`, found the end in column 8",
            "",
        ),
        (
            "a=[1] b=[2]",
            "expected an operator or the end, found `b` in column 7",
            "",
        ),
        (
            "a=[x]",
            "expected a value, found `x` in column 4",
            "write a string in quotes: \"x\"",
        ),
        (
            "a=[True]",
            "expected a value, found `True` in column 4",
            "lower case",
        ),
        (
            "a==[1]",
            "expected `=` after the parameter `a`, found `==` in column 2",
            "single `=`",
        ),
        (
            "a=unifrom(0, 1)",
            "unknown distribution `unifrom` in column 3",
            "did you mean `uniform`?",
        ),
        (
            "a=uniform(0)",
            "wrong number of arguments of `uniform`: 1 in column 3",
            "write uniform(low, high)",
        ),
        (
            "uniform(0, 1)",
            "unknown function `uniform` of domains",
            "x=uniform",
        ),
        (
            "a=int(0, 1.5)",
            "in `int`: expected an integer, found float 1.5",
            "",
        ),
        (
            "0.5 a=[1]",
            "expected `*` after a weight, found `a` in column 5",
            "a number is a weight",
        ),
        (
            "a=[1] where b = 1",
            "`=` assigns values to a parameter in column 15",
            "compare with `==`",
        ),
        (
            "a=[1] where a && b",
            "unexpected `&&` in column 15",
            "write `and`",
        ),
        (
            "and=[1]",
            "expected a parameter, found `and` in column 1",
            "backquotes",
        ),
        (
            "a=[1]\n * b=[\"x]",
            "missing closing quote in line 2, column 7",
            "",
        ),
        (
            "a=[99999999999999999999]",
            "too large for an integer in column 4",
            "as a float",
        ),
        ("a=[1] ; b", "unexpected character `;` in column 7", ""),
        (
            "",
            "expected a parameter, found the end in column 1",
            "a domain looks like",
        ),
    ];
    for (text, message, hint) in cases {
        let error = text.parse::<Domain>().unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(
            error.hint().unwrap_or_default().contains(hint),
            "{text}: {error}"
        );
    }
}

#[test]
fn the_caret_is_under_the_column_of_characters() {
    let error = "é=[\"ü\", x]".parse::<Domain>().unwrap_err();
    let printed = error.to_string();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[1], "  | é=[\"ü\", x]");
    assert_eq!(lines[2], "  |         ^");
}

#[test]
fn tables_keep_the_order_of_their_keys_and_take_every_form() {
    #[derive(serde::Deserialize)]
    struct File {
        domain: Domain,
    }
    let from_toml: File = toml::from_str(
        r#"
        [domain]
        z = [2, 3]
        a = "log_uniform(1e-5, 1e-1)"
        m = { distribution = "choice", values = ["x", "y"], weights = [1, 2] }
        k = 5
        w = "[1 as one]"
        where = ["z > 2", "k == 5"]
        "#,
    )
    .unwrap();
    let expected = "z=[2, 3] * a=log_uniform(1e-5, 0.1) * m=choice([\"x\", \"y\"], [1.0, 2.0]) \
                    * k=[5] * w=[1 as \"one\"]";
    assert_eq!(
        from_toml.domain.to_string(),
        format!("{expected} where z > 2 and k == 5")
    );
    let from_json: Domain =
        serde_json::from_str(r#"{"z": [2, 3], "a": {"sampler": "int", "low": 0, "high": 4}}"#)
            .unwrap();
    assert_eq!(from_json.to_string(), "z=[2, 3] * a=int(0, 4)");
    let text: Domain = serde_json::from_str(r#""z=[2, 3]""#).unwrap();
    assert_eq!(serde_json::to_string(&text).unwrap(), r#""z=[2, 3]""#);
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(&from_json, config).unwrap();
    let (back, _): (Domain, usize) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert_eq!(back, from_json);
}

#[test]
fn wrong_tables_name_the_key() {
    let cases = [
        (
            r#"{"a": "adam"}"#,
            "`a`: expected a list or a distribution",
            "[\"adam\"]",
        ),
        (
            r#"{"a": {"sampler": "unifrm", "low": 1}}"#,
            "unknown distribution `unifrm`",
            "`uniform`",
        ),
        (
            r#"{"a": {"distribution": "uniform", "low": 1}}"#,
            "the distribution `uniform` needs `high`",
            "",
        ),
        (
            r#"{"a": {"sampler": "poisson", "mean": 1, "x": 2}}"#,
            "has no `x`",
            "",
        ),
        (
            r#"{"a": {"low": 1}}"#,
            "`a`: a table needs the name of its distribution",
            "",
        ),
        (r#"{"a": [1], "where": 3}"#, "`where` needs a condition", ""),
        (
            r#"{"a": [1], "where": "a <"}"#,
            "expected a value, found the end",
            "",
        ),
        ("[1]", "a domain expression, or a table", ""),
    ];
    for (text, message, hint) in cases {
        let error = serde_json::from_str::<Domain>(text)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(message) && error.contains(hint),
            "{text}: {error}"
        );
    }
}

#[test]
fn values_of_rust_become_lists_and_distributions() {
    assert_eq!(option("a", 0..3).to_string(), "a=[0, 1, 2]");
    assert_eq!(option("a", 1..=2).to_string(), "a=[1, 2]");
    assert_eq!(option("a", 0.0..1.0).to_string(), "a=uniform(0.0, 1.0)");
    assert_eq!(option("a", vec![Some(1), None]).to_string(), "a=[1, null]");
    assert_eq!(
        option("a", Values::from([[1.0, 2.0]])).to_string(),
        "a=[[1.0, 2.0]]"
    );
}

#[test]
fn the_caret_is_under_its_character_after_wide_ones() {
    let error = "研究=[\"研究\", 2 * 3]".parse::<Domain>().unwrap_err();
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines[1], "  | 研究=[\"研究\", 2 * 3]");
    // Each of the four characters before the caret takes two columns.
    assert_eq!(lines[2], format!("  | {}^", " ".repeat(16)));
    assert_eq!(error.column(), 13);
}
