//! `research domain`, through the library.

use clap::Parser;
use research_cli::commands::{CommandError, domain};
use research_cli::exit::Exit;

/// A parser of the arguments of the command.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: domain::Arguments,
}

fn try_domain(arguments: &[&str]) -> Result<String, CommandError> {
    let line = Line::try_parse_from(["domain"].iter().chain(arguments)).unwrap();
    let mut out = Vec::new();
    domain::run(&line.arguments, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn domain(arguments: &[&str]) -> String {
    try_domain(arguments).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_table_has_a_column_for_each_parameter() {
    assert_eq!(
        domain(&[r#"a=[1, 10] * b=["x" as "y", [1, 2]] + c=[0.5]"#]),
        concat!(
            " a  b         c\n",
            " 1  y\n",
            " 1  [1, 2]\n",
            "10  y\n",
            "10  [1, 2]\n",
            "            0.5\n"
        )
    );
}

#[test]
fn json_has_values_in_the_order_of_the_domain() {
    let expression = r#"z=[1, null] * a=["x" as "y"]"#;
    assert_eq!(
        domain(&[expression, "--format", "jsonl"]),
        "{\"z\":1,\"a\":\"x\"}\n{\"z\":null,\"a\":\"x\"}\n"
    );
    assert_eq!(
        domain(&[expression, "--format", "json"]),
        "[\n  {\"z\":1,\"a\":\"x\"},\n  {\"z\":null,\"a\":\"x\"}\n]\n"
    );
}

#[test]
fn repetitions_are_shown_with_the_auxiliary_keys() {
    let flags = [
        "a=[1, 2]",
        "--n-reps",
        "2",
        "--repeat-each",
        "1",
        "--aux",
        "--format",
        "jsonl",
    ];
    let printed = domain(&flags);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1], r#"{"a":1,"repetition":1,"updates":0}"#);
    assert_eq!(lines[2], r#"{"a":2,"repetition":0,"updates":0}"#);
}

#[test]
fn more_items_than_configs_start_over() {
    let printed = domain(&["a=[1, 2]", "--n-items", "3", "--format", "jsonl"]);
    assert_eq!(printed, "{\"a\":1}\n{\"a\":2}\n{\"a\":1}\n");
}

#[test]
fn ids_have_the_numbers_of_the_values() {
    let printed = domain(&["a=[7, 8] * b=[9]", "--id-prefix", "3"]);
    let last = printed.lines().last().unwrap();
    assert!(last.starts_with("001_000_000_"), "{printed}");
    let one_digit = domain(&["a=[7, 8] * b=[9]", "--id-prefix"]);
    assert!(one_digit.contains("\n1_0_0_"), "{one_digit}");
}

#[test]
fn configs_are_counted_without_being_computed() {
    assert_eq!(domain(&["a=[1, 2] * b=[3, 4]", "--count"]), "4\n");
    assert_eq!(domain(&["a=[1, 2]", "--n-reps", "3", "--count"]), "6\n");
    assert_eq!(domain(&["a=uniform(0, 1)", "--count"]), "infinite\n");
    assert_eq!(
        domain(&[
            "a=uniform(0, 1)",
            "--n-items",
            "5",
            "--count",
            "--format",
            "json"
        ]),
        "{\"len\":null,\"size\":5}\n"
    );
}

/// Counting these configs takes a hundred million draws.
#[test]
fn the_head_of_a_domain_that_needs_a_scan_is_printed_at_once() {
    let digits: Vec<String> = (0..8)
        .map(|digit| format!("d{digit}=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"))
        .collect();
    let drawn = format!("{} * x=uniform(0, 1) where x < 0.5", digits.join(" * "));
    let printed = domain(&[&drawn, "--head", "3", "--format", "jsonl"]);
    assert_eq!(printed.lines().count(), 3);
}

#[test]
fn the_head_of_a_domain_of_any_size_is_printed() {
    let digits: Vec<String> = (0..30)
        .map(|digit| format!("d{digit}=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"))
        .collect();
    let printed = domain(&[&digits.join(" * "), "--head", "3", "--format", "jsonl"]);
    assert_eq!(printed.lines().count(), 3);
    assert!(printed.ends_with("\"d29\":2}\n"), "{printed}");
    let drawn = domain(&[
        "x=uniform(0, 1)",
        "--head",
        "3",
        "--seed",
        "1",
        "--format",
        "jsonl",
    ]);
    assert_eq!(drawn.lines().count(), 3);
    assert_ne!(
        drawn,
        domain(&[
            "x=uniform(0, 1)",
            "--head",
            "3",
            "--seed",
            "2",
            "--format",
            "jsonl"
        ])
    );
}

#[test]
fn a_table_has_a_hundred_rows_by_default() {
    let values: Vec<String> = (0..150).map(|value| value.to_string()).collect();
    let expression = format!("a=[{}]", values.join(", "));
    assert_eq!(domain(&[&expression]).lines().count(), 101);
    assert_eq!(
        domain(&[&expression, "--head", "1000"]).lines().count(),
        151
    );
    assert_eq!(
        domain(&[&expression, "--format", "jsonl"]).lines().count(),
        150
    );
}

#[test]
fn the_iteration_settings_of_a_file_apply() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/compression/research.toml"
    );
    assert_eq!(domain(&[file, "--count"]), "84\n");
    assert_eq!(domain(&[file, "--count", "--n-reps", "1"]), "28\n");
    let first = domain(&[file, "--head", "1", "--format", "jsonl"]);
    assert_eq!(first, "{\"codec\":\"zlib\",\"level\":1}\n");
}

#[test]
fn invalid_expressions_are_usage_errors() {
    let wrong = [
        (
            vec!["x=uniform(0, 1)"],
            "the domain is infinite: limit the output",
        ),
        (
            vec!["nothing"],
            "`nothing` is neither a file nor a domain expression",
        ),
        (vec!["nothing.toml"], "cannot read the research file"),
        (
            vec!["a=[1"],
            "expected `,` or `]`, found the end in column 5",
        ),
        (vec!["a=[1] * a=[2]"], "`a` is twice in the product"),
        (vec!["a=[1]", "--n-reps", "0"], "n_reps must be at least 1"),
    ];
    for (arguments, expected) in wrong {
        let error = try_domain(&arguments).unwrap_err();
        assert!(
            error.to_string().starts_with(expected),
            "{arguments:?}: {error}"
        );
        assert_eq!(error.exit(), Exit::Usage);
    }
}
