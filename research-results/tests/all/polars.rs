//! Tables as polars data frames.

use crate::events::{saved, started};
use polars_core::prelude::{AnyValue, DataType};
use research_core::Column;
use research_domain::{Config, Value};
use research_results::{Results, TableOptions};

#[test]
fn a_frame_holds_each_value_of_the_table() {
    let mut results = Results::new();
    for number in 0..3 {
        results.apply(&started(number, 1, Config::from_pairs([("n", number)])));
        let losses = vec![number as f64, f64::NAN];
        results.apply(&saved(number, "loss", 0, Column::Float(losses)));
        results.apply(&saved(number, "good", 1, Column::Bool(vec![true])));
        let list = vec![Value::from(vec![1, 2])];
        results.apply(&saved(number, "list", 1, Column::Value(list)));
    }
    let table = results.to_table(&TableOptions::new()).unwrap();
    let frame = table.data_frame().unwrap();
    assert_eq!(frame.shape(), (6, 6));
    let [text, int] = [DataType::String, DataType::Int64];
    let types = [
        text.clone(),
        int.clone(),
        int,
        DataType::Float64,
        DataType::Boolean,
        text,
    ];
    assert_eq!(frame.dtypes(), types);
    let at = |name: &str, row: usize| frame.column(name).unwrap().get(row).unwrap().into_static();
    assert_eq!(at("id", 2), AnyValue::String("e1").into_static());
    assert_eq!(at("loss", 2), AnyValue::Float64(1.0));
    assert!(matches!(at("loss", 3), AnyValue::Float64(value) if value.is_nan()));
    assert_eq!(
        (at("good", 0), at("good", 1)),
        (AnyValue::Null, AnyValue::Boolean(true))
    );
    assert_eq!(at("list", 1), AnyValue::String("[1,2]").into_static());
}

#[test]
fn a_table_without_rows_is_a_frame_without_rows() {
    let results = Results::new();
    let frame = results.experiments_table().data_frame().unwrap();
    assert_eq!(frame.shape(), (0, 7));
}
