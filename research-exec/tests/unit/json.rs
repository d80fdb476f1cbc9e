//! Outputs of programs as JSON.

use super::*;

fn read(text: &str) -> Result<String, String> {
    let value = parse(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(value.to_string())
}

#[test]
fn numbers_that_json_lacks_are_read() {
    assert_eq!(read("NaN").unwrap(), "NaN");
    assert_eq!(
        read(r#"{"a": -Infinity, "b": [Infinity, NaN, 1], "c": "NaN, \"Infinity"}"#).unwrap(),
        r#"{"a": -inf, "b": [inf, NaN, 1], "c": "NaN, \"Infinity"}"#
    );
    assert_eq!(read("\u{feff}[1]").unwrap(), "[1]");
}

#[test]
fn an_error_has_its_place_whatever_numbers_stand_before_it() {
    let error = read("{\"a\": oops}").unwrap_err();
    assert!(error.contains("column 7"), "{error}");
    assert_eq!(
        read("{\"a\": NaN,\n \"b\": [1}").unwrap_err(),
        "expected `,` or `]` at line 2 column 9"
    );
    assert!(read("NaN NaN").is_err());
    let error = read("[{NaN: 1}]").unwrap_err();
    assert!(error.contains("key must be a string"), "{error}");
    assert!(read("").is_err());
}

#[test]
fn integers_that_no_value_holds_are_errors_with_a_place() {
    for fits in ["18446744073709551615", "-9223372036854775808"] {
        assert_eq!(read(fits).unwrap(), fits);
    }
    for text in [
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
    ] {
        let error = read(&format!(
            "{{\"18446744073709551616\": 1,\n\"b\": [{text}]}}"
        ));
        let error = error.unwrap_err();
        assert!(error.contains(text), "{error}");
        assert!(error.contains("line 2 column 7"), "{error}");
    }
    assert_eq!(
        read("1.8446744073709552e19").unwrap(),
        "1.8446744073709552e19"
    );
    assert_eq!(
        read(r#""18446744073709551616""#).unwrap(),
        "18446744073709551616"
    );
}
