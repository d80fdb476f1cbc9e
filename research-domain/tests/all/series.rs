//! `range`, `linspace` and `geomspace`.

use research_domain::{Domain, Values, option};

#[test]
fn series_are_lists() {
    let read = |text: &str| {
        let domain = text.parse::<Domain>();
        domain.map(|domain| domain.to_string()).unwrap()
    };
    assert_eq!(read("a=range(3)"), "a=[0, 1, 2]");
    assert_eq!(read("a=range(2, 4) * b=[1]"), "a=[2, 3] * b=[1]");
    assert_eq!(read("a=range(1, 8, 3)"), "a=[1, 4, 7]");
    assert_eq!(read("a=range(1, -3, -2)"), "a=[1, -1]");
    assert_eq!(
        read("a=range(-9223372036854775808, 9223372036854775807, 9223372036854775807)"),
        "a=[-9223372036854775808, -1, 9223372036854775806]"
    );
    assert_eq!(read("a=linspace(0, 1, 5)"), "a=[0.0, 0.25, 0.5, 0.75, 1.0]");
    let tenths = "a=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0]";
    assert_eq!(read("a=linspace(1, 2, 11)"), tenths);
    assert_eq!(read("a=linspace(3, 3, 1)"), "a=[3.0]");
    assert_eq!(
        read("a=geomspace(1e-4, 0.1, 4)"),
        "a=[0.0001, 0.001, 0.01, 0.1]"
    );
    assert_eq!(read("a=geomspace(8, 1, 4)"), "a=[8.0, 4.0, 2.0, 1.0]");
    assert_eq!(read("range=[1] * linspace=[2]"), "range=[1] * linspace=[2]");
    let values = "range(2)".parse::<Values>().unwrap();
    assert_eq!(option("a", values).to_string(), "a=[0, 1]");
}

#[test]
fn invalid_series_are_errors() {
    let error = |text: &str| text.parse::<Domain>().unwrap_err().to_string();
    for (text, expected) in [
        ("a=range(3, 3)", "`range` from 3 to 3 by 1 is empty"),
        ("a=range(1, 3, -1)", "`range` from 1 to 3 by -1 is empty"),
        ("a=range(1, 3, 0)", "`range` from 1 to 3 by 0 is empty"),
        ("a=range()", "wrong number of arguments of `range`: 0"),
        ("a=range(0, 1, 0.1)", "`range` needs integers"),
        ("a=range(100001)", "`range` has 100001 values"),
        (
            "a=linspace(0, 1)",
            "wrong number of arguments of `linspace`: 2",
        ),
        ("a=linspace(0, 1, 0)", "`linspace` has 0 values"),
        (
            "a=linspace(0, 1, 0.5)",
            "`linspace` needs a number of values",
        ),
        (
            "a=linspace(0, inf, 2)",
            "`linspace` needs two numbers as its ends",
        ),
        (
            "a=linspace(-1e308, 1e308, 5)",
            "the ends of `linspace` are too far apart",
        ),
        ("a=geomspace(0, 1, 3)", "`geomspace` needs numbers above 0"),
        (
            "a=(2 * range(3))",
            "`range` is a list, which cannot be part of a distribution",
        ),
        ("a=rnge(3)", "did you mean `range`?"),
    ] {
        let found = error(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
}
