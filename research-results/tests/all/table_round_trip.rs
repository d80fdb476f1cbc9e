//! Written tables read back unchanged, whatever the names and values are.

use crate::events::{saved, started};
use crate::written::{csv, written};
use proptest::prelude::*;
use research_core::Column;
use research_domain::{Config, Value};
use research_results::{Format, Results, TableOptions};
use unicode_width::UnicodeWidthStr;

/// Reads CSV strictly according to RFC 4180; `None` is an empty cell without quotes.
fn read_csv(text: &str) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let cell;
        if let Some(mut quoted) = rest.strip_prefix('"') {
            let mut content = String::new();
            loop {
                let (part, after) = quoted.split_once('"').expect("quotes are closed");
                content.push_str(part);
                match after.strip_prefix('"') {
                    Some(more) => {
                        content.push('"');
                        quoted = more;
                    }
                    None => {
                        rest = after;
                        break;
                    }
                }
            }
            cell = Some(content);
        } else {
            let end = rest.find([',', '\n']).expect("the last line ends");
            assert!(!rest[..end].contains(['"', '\r']));
            cell = (end > 0).then(|| rest[..end].to_owned());
            rest = &rest[end..];
        }
        row.push(cell);
        if let Some(after) = rest.strip_prefix('\n') {
            rows.push(std::mem::take(&mut row));
            rest = after;
        } else {
            rest = rest.strip_prefix(',').expect("a comma follows");
        }
    }
    assert!(row.is_empty());
    rows
}

/// Generates strings in which separators, quotes, line ends, wide and invisible characters are
/// frequent.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a,\"\r\n ]{0,6}",
        "[大ü\u{301}\u{200d}👩\u{1b}\t]{0,50}",
        any::<String>()
    ]
}

/// Returns one experiment with a parameter, a string per iteration and a float per iteration.
fn results(key: &str, parameter: &str, texts: &[String], floats: &[f64]) -> Results {
    let config = Config::from_pairs([(key, parameter)]);
    let events = [
        started(0, 1, config),
        saved(0, "text", 0, Column::Text(texts.to_vec())),
        saved(0, "float", 0, Column::Float(floats.to_vec())),
    ];
    events.iter().collect()
}

proptest! {
    #[test]
    fn csv_reads_back(
        key in text(),
        parameter in text(),
        values in prop::collection::vec((text(), any::<f64>()), 1..5),
    ) {
        let (texts, floats): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        let results = results(&key, &parameter, &texts, &floats);
        let rows = read_csv(&csv(&results, &TableOptions::new()));
        prop_assert_eq!(rows.len(), texts.len() + 1);
        let heading = results.to_table(&TableOptions::new()).unwrap().columns().to_vec();
        prop_assert_eq!(rows[0].iter().flatten().cloned().collect::<Vec<_>>(), heading);
        for ((row, text), float) in rows[1..].iter().zip(&texts).zip(&floats) {
            prop_assert_eq!(row[1].as_ref(), Some(&parameter));
            prop_assert_eq!(row[3].as_ref(), Some(text));
            let read: f64 = row[4].as_ref().unwrap().parse().unwrap();
            prop_assert!(read.to_bits() == float.to_bits() || read.is_nan() && float.is_nan());
        }
    }

    #[test]
    fn json_reads_back(
        key in text(),
        parameter in text(),
        values in prop::collection::vec((text(), any::<f64>()), 1..5),
    ) {
        let (texts, floats): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        let results = results(&key, &parameter, &texts, &floats);
        let options = TableOptions::new();
        let lines = written(&results, &options, Format::JsonLines);
        let array = written(&results, &options, Format::Json);
        let array: Vec<serde_json::Value> = serde_json::from_str(&array).unwrap();
        let columns = results.to_table(&options).unwrap().columns().to_vec();
        prop_assert_eq!(lines.lines().count(), texts.len());
        for (place, line) in lines.lines().enumerate() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            prop_assert_eq!(&row, &array[place]);
            prop_assert_eq!(row.as_object().unwrap().len(), columns.len());
            prop_assert_eq!(row[&columns[1]].as_str(), Some(parameter.as_str()));
            prop_assert_eq!(row["text"].as_str(), Some(texts[place].as_str()));
            match row["float"].as_f64() {
                Some(read) => {
                    let error = (read - floats[place]).abs();
                    prop_assert!(error <= read.abs() * 1e-15 + f64::MIN_POSITIVE);
                }
                None => {
                    let shown = Value::Float(floats[place]).to_string();
                    prop_assert_eq!(row["float"].as_str(), Some(shown.as_str()));
                }
            }
        }
    }

    #[test]
    fn no_line_is_wider_than_the_rule_under_the_heading(
        key in text(),
        parameter in text(),
        values in prop::collection::vec((text(), any::<f64>()), 1..5),
    ) {
        let (texts, floats): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        let table = results(&key, &parameter, &texts, &floats).table().unwrap();
        let lines: Vec<&str> = table.split_terminator('\n').collect();
        prop_assert_eq!(lines.len(), 2 + texts.len());
        let rule = lines[1].width();
        prop_assert!(rule <= 5 * 82);
        for line in lines {
            prop_assert!(line.width() <= rule && !line.contains(char::is_control));
        }
    }
}
