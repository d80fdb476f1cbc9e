//! Reading of values and rows as Rust types.

use research_core::{Column, Status};
use research_domain::{Config, Value};
use research_results::{Results, TableOptions};
use serde::Deserialize;

use crate::events::{ended, saved, started};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Model {
    Small,
    Large,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Row {
    id: String,
    model: Model,
    width: Option<u32>,
    sizes: Option<Vec<u32>>,
    iteration: u64,
    loss: f64,
    #[serde(default)]
    seconds: u64,
}

fn results() -> Results {
    let mut results = Results::new();
    let configs = [
        Config::from_pairs([("model", "small")]).with("width", 8),
        Config::from_pairs([("model", "large")]).with("sizes", vec![1, 2]),
    ];
    for (number, config) in (0..).zip(configs) {
        results.apply(&started(number, 1, config));
        let losses = Column::Value(vec![Value::from(2), Value::from(0.5)]);
        results.apply(&saved(number, "loss", 0, losses));
        results.apply(&ended(number, 1, Status::Finished, None));
    }
    results.apply(&saved(1, "name", 1, Column::Text(vec!["end".to_owned()])));
    results
}

#[test]
fn rows_are_read_as_structs() {
    let results = results();
    let rows = results.rows::<Row>().unwrap();
    let first = Row {
        id: "e0".to_owned(),
        model: Model::Small,
        width: Some(8),
        sizes: None,
        iteration: 0,
        loss: 2.0,
        seconds: 0,
    };
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0], first);
    assert_eq!(rows[3].sizes, Some(vec![1, 2]));
    assert_eq!((&rows[3].model, rows[3].loss), (&Model::Large, 0.5));
    let chosen = TableOptions::new().config("width", 8).iterations([1]);
    let chosen = results.to_table(&chosen).unwrap();
    assert_eq!(chosen.rows::<Row>().unwrap().len(), 1);
}

#[test]
fn errors_name_the_row_and_the_column() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "it is not read")]
    struct Named {
        name: String,
    }
    let results = results();
    let missing = results.rows::<Named>().unwrap_err().to_string();
    assert_eq!(missing, "cannot read row 1: missing field `name`");
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "it is not read")]
    struct Wrong {
        loss: u64,
    }
    let wrong = results.rows::<Wrong>().unwrap_err().to_string();
    assert!(wrong.starts_with("cannot read row 2: `loss`: "), "{wrong}");
}

#[test]
fn values_and_series_are_read_as_types() {
    let results = results();
    let mut experiments = results.experiments();
    let (first, second) = (experiments.next().unwrap(), experiments.next().unwrap());
    assert_eq!(first.value::<f64>("loss").unwrap(), 0.5);
    assert_eq!(first.series::<f64>("loss").unwrap(), [2.0, 0.5]);
    assert_eq!(second.value::<String>("name").unwrap(), "end");
    assert_eq!(
        first.value::<f64>("lost").unwrap_err().to_string(),
        "experiment `e0` has not saved `lost`; did you mean `loss`?"
    );
    assert_eq!(
        first.series::<u64>("loss").unwrap_err().to_string(),
        "cannot read `loss` of experiment `e0` in iteration 1: expected u64, found floating point \
         `0.5`"
    );
}
