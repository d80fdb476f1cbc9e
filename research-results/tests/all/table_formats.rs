//! The formats in which tables are written.

use std::io::{self, Write};

use crate::events::{ended, saved, saved_at, started};
use crate::written::{csv, written};
use research_core::{Column, Iterations, Status};
use research_domain::{Config, Value};
use research_results::{Format, Results, TableOptions};

/// Returns two experiments, the second of which ended first and has an additional parameter.
fn small() -> Results {
    let first = Config::from_pairs([("lr", Value::from(0.1)), ("model", "small".into())]);
    let second = Config::from_pairs([("lr", Value::from(1e-5)), ("model", "größer, 大".into())])
        .with("dropout", 0.5);
    let events = [
        started(1, 1, second),
        saved(1, "loss", 0, Column::Float(vec![1234.5678, f64::NAN])),
        ended(1, 1, Status::Finished, None),
        started(0, 1, first),
        saved(
            0,
            "note",
            0,
            Column::Text(vec!["a \"b\"".into(), String::new()]),
        ),
        saved(0, "loss", 1, Column::Float(vec![0.333_333_333_333])),
        saved_at(
            0,
            "shape",
            Iterations::List(vec![0, 4]),
            Column::Value(vec![Value::from(vec![1, 2]), Value::Null]),
        ),
    ];
    events.iter().collect()
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
    }
    let error = "xml".parse::<Format>().unwrap_err().to_string();
    assert!(
        error.ends_with("available: table, csv, json, jsonl"),
        "{error}"
    );
}

#[test]
fn text_is_aligned_for_users() {
    let expected = "\
id    lr  model       dropout  iteration  note       loss  shape
──  ────  ──────────  ───────  ─────────  ─────  ────────  ──────
e0   0.1  small                        0  a \"b\"            [1, 2]
e0   0.1  small                        1         0.333333
e0   0.1  small                        4
e1  1e-5  größer, 大      0.5          0          1234.57
e1  1e-5  größer, 大      0.5          1              NaN
";
    assert_eq!(small().table().unwrap(), expected);
}

#[test]
fn csv_is_quoted_where_it_must_be() {
    let expected = "\
id,lr,model,dropout,iteration,note,loss,shape
e0,0.1,small,,0,\"a \"\"b\"\"\",,\"[1,2]\"
e0,0.1,small,,1,\"\",0.333333333333,
e0,0.1,small,,4,,,
e1,1e-5,\"größer, 大\",0.5,0,,1234.5678,
e1,1e-5,\"größer, 大\",0.5,1,,NaN,
";
    assert_eq!(csv(&small(), &TableOptions::new()), expected);
}

#[test]
fn json_has_an_object_per_row() {
    let lines = written(&small(), &TableOptions::new(), Format::JsonLines);
    let first = r#"{"id":"e0","lr":0.1,"model":"small","dropout":null,"iteration":0,"note":"a \"b\"","loss":null,"shape":[1,2]}"#;
    let last = r#"{"id":"e1","lr":1e-5,"model":"größer, 大","dropout":0.5,"iteration":1,"note":null,"loss":NaN,"shape":null}"#;
    assert_eq!(lines.lines().next(), Some(first));
    assert_eq!(lines.lines().last(), Some(last));

    let array = written(&small(), &TableOptions::new(), Format::Json);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(array, format!("[\n{}\n]\n", lines.join(",\n")));
}

/// A writer that accepts some bytes and then fails.
struct Full {
    room: usize,
    calls_after: usize,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            self.calls_after += 1;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_output_that_refuses_is_an_error_and_is_left_alone() {
    let mut results: Results = [started(0, 1, Config::new())].iter().collect();
    results.apply(&saved(0, "x", 0, Column::Float(vec![0.125; 50_000])));
    let table = results.to_table(&TableOptions::new()).unwrap();
    for format in Format::ALL {
        for room in [0, 1, 100_000] {
            let mut full = Full {
                room,
                calls_after: 0,
            };
            let error = table.write(format, &mut full).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format}");
            assert_eq!(full.calls_after, 1, "{format}");
        }
    }
}

#[test]
fn tables_without_rows_are_tables() {
    let results: Results = [started(0, 1, Config::from_pairs([("a", 1)]))]
        .iter()
        .collect();
    let options = TableOptions::new();
    assert_eq!(
        results.table().unwrap(),
        "id  a  iteration\n──  ─  ─────────\n"
    );
    assert_eq!(csv(&results, &options), "id,a,iteration\n");
    assert_eq!(written(&results, &options, Format::Json), "[]\n");
    assert_eq!(written(&results, &options, Format::JsonLines), "");
}

/// Returns the second line of a table whose only variable has this value.
fn value_line(value: Value, format: Format) -> String {
    let results: Results = [
        started(0, 1, Config::new()),
        saved(0, "x", 0, Column::Value(vec![value, Value::from(1)])),
    ]
    .iter()
    .collect();
    let options = TableOptions::new().include_config(false);
    let written = written(&results, &options, format);
    let skipped = if format == Format::Table { 2 } else { 1 };
    let line = written.lines().nth(skipped).unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn floats_are_short_for_users_and_complete_elsewhere() {
    let shown = [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (123_456_789.0, "123456789.0"),
        (1_234_567.891, "1234568"),
        (12_345.678_9, "12345.7"),
        (99_999.999_99, "100000.0"),
        (0.1 + 0.2, "0.3"),
        (-2.0 / 3.0, "-0.666667"),
        (0.000_123_456_789, "0.000123457"),
        (0.000_012_3, "1.23e-5"),
        (1e-300, "1e-300"),
        (1.5e300, "1.5e300"),
        (1e15, "1e15"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "NaN"),
    ];
    for (value, text) in shown {
        let line = value_line(Value::Float(value), Format::Table);
        assert_eq!(line, format!("e0 0 {text}"));
        let line = value_line(Value::Float(value), Format::Csv);
        let read: f64 = line.rsplit(',').next().unwrap().parse().unwrap();
        assert!(
            read.to_bits() == value.to_bits() || value.is_nan() && read.is_nan(),
            "{line}"
        );
    }
}

#[test]
fn texts_cannot_spoil_the_table() {
    let shown = |text: &str| value_line(Value::from(text), Format::Table);
    assert_eq!(shown("a\nb\t\u{1b}[31m"), r"e0 0 a\nb\t\u{1b}[31m");
    assert_eq!(shown(&"x".repeat(80)), format!("e0 0 {}", "x".repeat(80)));
    assert_eq!(shown(&"x".repeat(81)), format!("e0 0 {}…", "x".repeat(79)));
    assert_eq!(
        shown(&"大".repeat(41)),
        format!("e0 0 {}…", "大".repeat(39))
    );
}

#[test]
fn csv_quotes_what_would_be_misread() {
    let cell = |value: Value| {
        let results: Results = [
            started(0, 1, Config::new()),
            saved(0, "x", 0, Column::Value(vec![value])),
        ]
        .iter()
        .collect();
        let written = csv(&results, &TableOptions::new());
        let body = written.strip_prefix("id,iteration,x\ne0,0,").unwrap();
        body.strip_suffix('\n').unwrap().to_owned()
    };
    assert_eq!(cell(Value::from("plain text ")), "plain text ");
    assert_eq!(cell(Value::from("")), "\"\"");
    assert_eq!(cell(Value::Null), "");
    assert_eq!(cell(Value::from("a,b\r\n\"c\"")), "\"a,b\r\n\"\"c\"\"\"");
    assert_eq!(cell(Value::Bytes(vec![10, 255])), "\"b\"\"0aff\"\"\"");
    let map = Value::Map(vec![
        ("k".to_owned(), Value::from(f64::NAN)),
        (
            "l".to_owned(),
            Value::from(vec![Value::Null, Value::from(true)]),
        ),
    ]);
    assert_eq!(cell(map), "\"{\"\"k\"\":NaN,\"\"l\"\":[null,true]}\"");
}

#[test]
fn json_keeps_kinds() {
    let line = |value: Value| value_line(value, Format::Json);
    let object = |json: &str| format!(r#"{{"id":"e0","iteration":0,"x":{json}}},"#);
    assert_eq!(line(Value::from(1.0)), object("1.0"));
    assert_eq!(line(Value::from(1)), object("1"));
    assert_eq!(line(Value::from("q\"\n")), object(r#""q\"\n""#));
    assert_eq!(line(Value::Bytes(vec![1, 2])), object("[1,2]"));
    let map = Value::Map(vec![("ü".to_owned(), Value::from(vec![f64::NEG_INFINITY]))]);
    assert_eq!(line(map), object(r#"{"ü":[-Infinity]}"#));
}
