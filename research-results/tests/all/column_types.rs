//! The types of the columns of tables, and the values that a fold for one table keeps.

use crate::events::{ended, saved, saved_at, started};
use crate::written::csv;
use proptest::prelude::*;
use research_core::{Column, Event, Iterations, Status};
use research_domain::{Config, Value, option};
use research_results::{ColumnType, Results, TableError, TableOptions};

fn type_of(columns: &[Column]) -> ColumnType {
    let mut results = Results::new();
    results.apply(&started(0, 1, Config::new()));
    for (first, column) in (0..).zip(columns) {
        results.apply(&saved(0, "x", first * 10, column.clone()));
    }
    // A second variable, so that the column exists even if `x` was not saved.
    results.apply(&saved(0, "y", 0, Column::Int(vec![1])));
    let table = results.to_table(&TableOptions::new()).unwrap();
    let place = table.columns().iter().position(|name| name == "x").unwrap();
    table.column_types()[place]
}

#[test]
fn a_column_has_the_type_that_holds_all_its_values() {
    let (int, float) = (Column::Int(vec![1]), Column::Float(vec![0.5, f64::NAN]));
    let text = Column::Text(vec!["a".to_owned()]);
    let bool = Column::Bool(vec![true]);
    let list = Column::Value(vec![Value::from(vec![1, 2])]);
    let null = Column::Value(vec![Value::Null]);
    let long = Column::Int(vec![i64::MAX]);
    assert_eq!(type_of(std::slice::from_ref(&int)), ColumnType::Int);
    assert_eq!(type_of(&[long.clone(), null.clone()]), ColumnType::Int);
    assert_eq!(type_of(&[int.clone(), float.clone()]), ColumnType::Float);
    assert_eq!(type_of(&[long, float]), ColumnType::Json);
    assert_eq!(type_of(std::slice::from_ref(&bool)), ColumnType::Bool);
    assert_eq!(type_of(&[bool, int.clone()]), ColumnType::Json);
    assert_eq!(type_of(std::slice::from_ref(&text)), ColumnType::Text);
    assert_eq!(type_of(&[text.clone(), int]), ColumnType::Mixed);
    assert_eq!(type_of(&[text, list.clone()]), ColumnType::Mixed);
    assert_eq!(type_of(&[list]), ColumnType::Json);
    assert_eq!(type_of(&[null]), ColumnType::Text);
}

#[test]
fn configs_are_a_table_of_their_own() {
    let mut results = Results::new();
    for number in 0..3 {
        let config = Config::from_pairs([("lr", 0.5)]).with("n", number);
        results.apply(&started(number, 1, config));
    }
    let table = |options: &TableOptions| {
        let mut bytes = Vec::new();
        let table = results.configs(options).unwrap();
        table
            .write(research_results::Format::Csv, &mut bytes)
            .unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let all = TableOptions::new();
    assert_eq!(table(&all), "id,lr,n\ne0,0.5,0\ne1,0.5,1\ne2,0.5,2\n");
    let some = all.clone().config("n", 1).aux(true);
    assert_eq!(table(&some), "id,lr,n,repetition,updates\ne1,0.5,1,1,0\n");
    let some = all.concat_config(true).ids(["e2"]);
    assert_eq!(table(&some), "id,config\ne2,lr_0.5-n_2\n");
    assert!(matches!(
        results.configs(&TableOptions::new().config("m", 1)),
        Err(TableError::UnknownKey { .. })
    ));
}

/// Twenty experiments with values of several variables, of which some overlap.
fn log() -> Vec<Event> {
    let mut log = Vec::new();
    for number in 0..20_u64 {
        let config = Config::from_pairs([("a", number % 3)]).with("b", number % 2 == 0);
        log.push(started(number, 1, config));
        let losses = (0..4).map(|it| f64::from(it) + number as f64);
        log.push(saved(number, "loss", 0, Column::Float(losses.collect())));
        if number % 2 == 0 {
            let list = Iterations::List(vec![3, 1]);
            log.push(saved_at(number, "note", list, Column::Int(vec![7, 8])));
        }
        log.push(saved(number, "loss", 2, Column::Float(vec![-1.0])));
        log.push(ended(number, 1, Status::Finished, None));
    }
    log
}

fn options() -> impl Strategy<Value = TableOptions> {
    let ids = prop::collection::vec(0..20_u64, 0..3);
    let iterations = prop::collection::vec(0..5_u64, 0..3);
    let variables = prop::sample::subsequence(vec!["loss", "note"], 0..=2);
    let filter = prop::option::of((0..4_i64, any::<bool>(), 0..3));
    (ids, iterations, variables, filter, any::<bool>()).prop_map(
        |(ids, iterations, variables, filter, long)| {
            let options = TableOptions::new()
                .ids(ids.iter().map(|id| format!("e{id}")))
                .iterations(iterations)
                .variables(variables)
                .long(long);
            match filter {
                Some((a, b, 0)) => options.config("a", a).config("b", b),
                Some((a, _, 1)) => options.alias("a", a.to_string()),
                Some((a, ..)) => options.domain(option("a", [a]) * option("b", [true, false])),
                None => options,
            }
        },
    )
}

proptest! {
    /// A fold that keeps only the values for a table shows the same table.
    #[test]
    fn a_table_is_the_same_when_nothing_else_was_kept(options in options()) {
        let log = log();
        let all: Results = log.iter().collect();
        let mut some = Results::for_table(&options);
        some.extend(&log);
        prop_assert_eq!(csv(&all, &options), csv(&some, &options));
        let counted = |results: &Results| {
            let series = results.experiments().flat_map(|e| e.variables());
            series.map(|s| s.len()).sum::<usize>()
        };
        prop_assert!(counted(&some) <= counted(&all));
    }
}

#[test]
fn what_is_not_asked_for_is_not_kept() {
    let log = log();
    let options = TableOptions::new()
        .variables(["loss"])
        .iterations([3])
        .ids(["e4"]);
    let mut results = Results::for_table(&options);
    results.extend(&log);
    let kept: Vec<(u64, &str, usize)> = results
        .experiments()
        .flat_map(|one| {
            one.variables()
                .iter()
                .map(|s| (one.number.0, s.variable(), s.len()))
        })
        .collect();
    assert_eq!(kept, [(4, "loss", 1)]);
    assert_eq!(results.len(), 20);
    // A filter may name a variable that no experiment has saved yet.
    let options = TableOptions::new().variables(["lost"]);
    let mut results = Results::for_table(&options);
    results.extend(&log);
    let error = results.to_table(&options).unwrap_err().to_string();
    assert_eq!(
        error,
        "no experiment has saved `lost`; did you mean `loss`?"
    );
}
