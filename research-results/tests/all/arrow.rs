//! Tables as Arrow record batches.

use crate::events::{saved, started};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use research_core::Column;
use research_domain::{Config, Value};
use research_results::{Results, TableOptions};

fn results() -> Results {
    let mut results = Results::new();
    for number in 0..3 {
        results.apply(&started(
            number,
            1,
            Config::from_pairs([("model", "small")]),
        ));
        let losses = vec![number as f64, f64::NAN];
        results.apply(&saved(number, "loss", 0, Column::Float(losses)));
        results.apply(&saved(number, "good", 1, Column::Bool(vec![true])));
        let list = vec![Value::from(vec![1, 2])];
        results.apply(&saved(number, "list", 1, Column::Value(list)));
    }
    results
}

#[test]
fn batches_hold_each_value_of_the_table() {
    let results = results();
    let table = results.to_table(&TableOptions::new()).unwrap();
    let batches = table.record_batches(4).unwrap();
    let sizes: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [4, 2]);
    let batch = &batches[0];
    let types: Vec<&DataType> = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|f| f.data_type())
        .collect();
    let text = &DataType::Utf8;
    let expected = [
        text,
        text,
        &DataType::Int64,
        &DataType::Float64,
        &DataType::Boolean,
        text,
    ];
    assert_eq!(types, expected);
    let column = |name: &str| batch.column_by_name(name).unwrap();
    assert_eq!(column("id").as_string::<i32>().value(2), "e1");
    assert_eq!(
        column("iteration").as_primitive::<Int64Type>().values(),
        &[0, 1, 0, 1]
    );
    let losses = column("loss").as_primitive::<Float64Type>();
    assert_eq!(losses.value(2), 1.0);
    assert!(losses.is_valid(1) && losses.value(1).is_nan());
    let good = column("good").as_boolean();
    assert!(good.is_null(0) && good.value(1));
    assert_eq!(column("list").as_string::<i32>().value(1), "[1,2]");
}

#[test]
fn a_table_without_rows_is_a_batch_without_rows() {
    let results = Results::new();
    let batches = results.experiments_table().record_batches(10).unwrap();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].num_rows(), 0);
    assert_eq!(batches[0].num_columns(), 7);
}
