//! Tables as Parquet files, which the tests read back row by row.

use std::fs;
use std::path::Path;

use crate::events::{ended, saved, started};
use crate::log::BatchLog;
use crate::random::random_log;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use proptest::prelude::*;
use research_core::{Column, Event, Status};
use research_domain::{Config, Value};
use research_results::{Cell, Format, Results, Table, TableExport, TableOptions};

fn log() -> Vec<Event> {
    let config = Config::from_pairs([("lr", 0.5)]).with("größe", "klein, \"fein\"");
    let mixed = vec![
        Value::Int(1),
        Value::from("a"),
        Value::Null,
        Value::from(vec![1, 2]),
    ];
    vec![
        started(0, 1, config.clone().with("n", 1)),
        saved(
            0,
            "f",
            0,
            Column::Float(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]),
        ),
        saved(0, "i", 1, Column::Int(vec![i64::MIN, i64::MAX])),
        saved(0, "b", 0, Column::Bool(vec![true, false])),
        saved(
            0,
            "t",
            2,
            Column::Text(vec![String::new(), "ü\n".to_owned()]),
        ),
        saved(0, "m", 0, Column::Value(mixed)),
        ended(0, 1, Status::Finished, None),
        started(1, 1, config),
        saved(1, "f", 0, Column::Float(vec![0.1])),
        ended(1, 1, Status::Killed, Some("killed by signal 9")),
    ]
}

/// Returns the rows of a file, each value printed without loss.
fn read(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let schema = reader.metadata().file_metadata().schema();
    let names = schema
        .get_fields()
        .iter()
        .map(|f| f.name().to_owned())
        .collect();
    let shown = |field: &Field| match field {
        Field::Null => "-".to_owned(),
        Field::Str(text) => format!("{text:?}"),
        Field::Double(value) => format!("{value:?}"),
        Field::Long(value) => value.to_string(),
        Field::Bool(value) => value.to_string(),
        other => panic!("a column of an unknown type: {other:?}"),
    };
    let rows = reader.get_row_iter(None).unwrap();
    let rows = rows.map(|row| {
        row.unwrap()
            .get_column_iter()
            .map(|(_, f)| shown(f))
            .collect()
    });
    (names, rows.collect())
}

/// Returns the rows of a table, printed in the same way, unless a column holds JSON.
fn shown(table: &Table<'_>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let cell = |cell: &Cell<'_>| match cell {
        Cell::Missing => "-".to_owned(),
        Cell::Text(text) => format!("{text:?}"),
        Cell::Float(value) => format!("{value:?}"),
        Cell::Int(value) => value.to_string(),
        Cell::Count(value) => value.to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Nested(value) => panic!("{value}"),
    };
    table
        .for_each_row(|row| {
            rows.push(row.iter().map(cell).collect());
            Ok::<(), ()>(())
        })
        .unwrap();
    rows
}

#[test]
fn a_file_holds_each_value_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let results: Results = log().iter().collect();
    let table = results.to_table(&TableOptions::new()).unwrap();
    table
        .write_parquet(fs::File::create(&path).unwrap())
        .unwrap();
    let (names, rows) = read(&path);
    assert_eq!(names, table.columns());
    // Strings are unchanged, all other values are JSON.
    let mixed: Vec<&str> = rows
        .iter()
        .map(|row| row.last().unwrap().as_str())
        .collect();
    assert_eq!(mixed, [r#""1""#, r#""a""#, "-", r#""[1,2]""#, "-"]);
    let kinds = ("m", "numbers, strings and lists or maps".to_owned());
    assert_eq!(table.mixed_columns(), [kinds]);
    let plain = TableOptions::new().variables(["f", "i", "b", "t"]);
    let plain = results.to_table(&plain).unwrap();
    let without_mixed: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row[..row.len() - 1].to_vec())
        .collect();
    assert_eq!(without_mixed, shown(&plain));
}

#[test]
fn many_rows_are_several_groups() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let count = 150_000_i64;
    let events = [
        started(0, 1, Config::new()),
        saved(0, "i", 0, Column::Int((0..count).collect())),
        saved(0, "b", 0, Column::Bool(vec![true])),
    ];
    let results: Results = events.iter().collect();
    let table = results.to_table(&TableOptions::new()).unwrap();
    table
        .write_parquet(fs::File::create(&path).unwrap())
        .unwrap();
    let file = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
    assert!(file.num_row_groups() > 1);
    let (_, rows) = read(&path);
    assert_eq!(rows.len(), 150_000);
    for (place, row) in rows.iter().enumerate() {
        let (place, bool) = (place.to_string(), if place == 0 { "true" } else { "-" });
        assert_eq!(row[1..], [place.as_str(), place.as_str(), bool]);
    }
}

#[test]
fn a_table_without_rows_is_a_file_without_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let results = Results::new();
    let table = results.experiments_table();
    table
        .write_parquet(fs::File::create(&path).unwrap())
        .unwrap();
    let (names, rows) = read(&path);
    assert_eq!(names, table.columns());
    assert_eq!(rows, Vec::<Vec<String>>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn exported_tables_are_the_tables_of_results(
        log in random_log(),
        bytes in prop_oneof![Just(1_usize), 1..4000_usize, 500..1000_usize],
        batch in 1..5_usize,
    ) {
        let results: Results = log.iter().collect();
        let written = |table: &Table<'_>| {
            let mut file = Vec::new();
            table.write_parquet(&mut file).unwrap();
            file
        };
        let table = results.to_table(&TableOptions::new()).unwrap();
        let expected = [written(&table), written(&results.experiments_table())];
        let mut export = TableExport::with_memory(BatchLog::new(&log, batch), bytes).unwrap();
        let mut found = [Vec::new(), Vec::new()];
        let [found_results, found_experiments] = &mut found;
        let rows = export.write_parquet(found_results, found_experiments).unwrap();
        prop_assert_eq!(rows.results, table.row_count() as u64);
        prop_assert_eq!(rows.experiments, results.len() as u64);
        prop_assert!(found == expected, "{} events in parts of {bytes} bytes", log.len());
        let [mut expected, mut found] = [Vec::new(), Vec::new()];
        let every = TableOptions::new().aux(true).every_experiment(true);
        let table = results.to_table(&every).unwrap();
        table.write(Format::Csv, &mut expected).unwrap();
        export.write_csv(&mut found).unwrap();
        prop_assert!(found == expected, "{} events in parts of {bytes} bytes", log.len());
    }
}
