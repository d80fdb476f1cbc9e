//! Values that a regular expression finds.

use research_core::UnitError;
use research_core::domain::Value;
use research_exec::program::{Groups, OutputSpec, RegexOutput, RegexType};

use super::{assert_error, sh};

fn find(
    script: &str,
    pattern: &str,
    value_type: RegexType,
    groups: Groups,
) -> Result<Value, UnitError> {
    let regex = RegexOutput {
        pattern: pattern.to_owned(),
        value_type,
        groups,
    };
    sh(script, OutputSpec::Regex(regex))
}

#[test]
fn a_type_can_be_asked_for() {
    let find = |text: &str, value_type| {
        find(
            &format!("echo id={text}"),
            r"id=(\S+)",
            value_type,
            Groups::First,
        )
    };
    assert_eq!(find("007", RegexType::Auto).unwrap(), Value::Int(7));
    assert_eq!(find("007", RegexType::Text).unwrap(), Value::from("007"));
    assert_eq!(find("1e5", RegexType::Text).unwrap(), Value::from("1e5"));
    assert_eq!(find("2.5", RegexType::Number).unwrap(), Value::Float(2.5));
    assert_error(find("x1", RegexType::Number), &["not a number", "`x1`"]);
    // A number that does not fit is kept as a string, with all digits.
    let long = "18446744073709551616";
    assert_eq!(find(long, RegexType::Auto).unwrap(), Value::from(long));
    assert_eq!(find(long, RegexType::Text).unwrap(), Value::from(long));
    assert_eq!(
        find("1e400", RegexType::Auto).unwrap(),
        Value::from("1e400")
    );
    assert_error(
        find(long, RegexType::Number),
        &[long, "does not fit into 64 bits"],
    );
}

#[test]
fn all_groups_are_a_list_or_a_map() {
    let script = "echo 'loss=0.5 acc=90'";
    let all = |pattern| find(script, pattern, RegexType::Auto, Groups::All);
    assert_eq!(
        all(r"loss=(\S+) acc=(\d+)").unwrap().to_string(),
        "[0.5, 90]"
    );
    assert_eq!(
        all(r"loss=(?<loss>\S+) acc=(?<acc>\d+)")
            .unwrap()
            .to_string(),
        r#"{"loss": 0.5, "acc": 90}"#
    );
    // The group of an alternative that did not match is null.
    assert_eq!(
        all(r"loss=(\S+)|acc=(\d+)").unwrap().to_string(),
        "[null, 90]"
    );
    let first = find(
        script,
        r"loss=(\S+) acc=(\d+)",
        RegexType::Auto,
        Groups::First,
    );
    assert_eq!(first.unwrap(), Value::Float(0.5));
}
