//! Results and tables against a naive model, for random logs.

use std::collections::BTreeMap;

use crate::events::{ended, saved_at, saved_large, started_at_place};
use proptest::prelude::*;
use research_core::{Column, Event, ExperimentNumber, Iterations, Status};
use research_domain::{Config, Value};
use research_results::{Cell, Results, TableOptions};

/// One row: the value of each column, `Null` where it is missing.
type Row = Vec<Value>;

/// An experiment of the model: the values of each iteration, by variable.
#[derive(Default)]
struct Modelled {
    attempt: u32,
    status: Option<Status>,
    config: Config,
    variables: Vec<String>,
    values: BTreeMap<u64, BTreeMap<String, Value>>,
}

/// Applies all events in order to a model with a map entry for each value.
fn model(log: &[Event]) -> BTreeMap<(u64, u64), Modelled> {
    let mut experiments: BTreeMap<u64, (u64, Modelled)> = BTreeMap::new();
    for event in log {
        match event {
            Event::ExperimentStarted {
                experiment,
                attempt,
                record,
                ..
            } => {
                let begun = Modelled {
                    attempt: *attempt,
                    config: record.config.clone(),
                    ..Modelled::default()
                };
                experiments.insert(experiment.0, (record.place, begun));
            }
            Event::Values {
                experiment,
                variable,
                iterations,
                column,
            } => {
                let Some((_, known)) = experiments.get_mut(&experiment.0) else {
                    continue;
                };
                for (position, iteration) in iterations.iter().enumerate() {
                    if !known.variables.contains(&variable.to_string()) {
                        known.variables.push(variable.to_string());
                    }
                    let row = known.values.entry(iteration).or_default();
                    row.insert(variable.to_string(), column.get(position).unwrap());
                }
            }
            Event::LargeValue {
                experiment,
                variable,
                iteration,
                value,
            } => {
                let Some((_, known)) = experiments.get_mut(&experiment.0) else {
                    continue;
                };
                if !known.variables.contains(&variable.to_string()) {
                    known.variables.push(variable.to_string());
                }
                let row = known.values.entry(*iteration).or_default();
                row.insert(variable.to_string(), value.stand_in());
            }
            Event::Moved { experiment, place } => {
                if let Some((known, _)) = experiments.get_mut(&experiment.0) {
                    *known = *place;
                }
            }
            Event::ExperimentEnded {
                experiment,
                attempt,
                status,
                ..
            } => {
                let known = experiments.get_mut(&experiment.0);
                if let Some((_, known)) = known.filter(|(_, known)| known.attempt == *attempt) {
                    known.status = Some(*status);
                }
            }
            _ => {}
        }
    }
    let by_place = |(number, (place, known))| ((place, number), known);
    experiments.into_iter().map(by_place).collect()
}

/// Returns the names of lists by first appearance, each before those that follow it in the first
/// list that has it.
fn merged<'a>(lists: impl Iterator<Item = &'a [String]>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for list in lists {
        for name in list.iter().map(String::as_str) {
            if names.contains(&name) {
                continue;
            }
            let position = list.iter().position(|one| one == name).unwrap();
            let mut following = list[position + 1..].iter();
            let at = following.find_map(|one| names.iter().position(|known| known == one));
            names.insert(at.unwrap_or(names.len()), name);
        }
    }
    names
}

fn first_appearances<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    names.for_each(|name| {
        if !found.contains(&name) {
            found.push(name);
        }
    });
    found
}

/// Returns the columns and rows that the default table must have.
fn expected(model: &BTreeMap<(u64, u64), Modelled>) -> (Vec<String>, Vec<Row>) {
    let keys = first_appearances(model.values().flat_map(|known| known.config.keys()));
    let variables = merged(model.values().map(|known| known.variables.as_slice()));
    let mut columns = vec!["id".to_owned()];
    columns.extend(keys.iter().map(|key| (*key).to_owned()));
    columns.push("iteration".to_owned());
    columns.extend(variables.iter().map(|name| (*name).to_owned()));
    let mut rows = Vec::new();
    for ((_, number), known) in model {
        for (iteration, values) in &known.values {
            let mut row = vec![Value::Text(format!("e{number}"))];
            let parameters = keys.iter().map(|key| known.config.get(key));
            row.extend(parameters.map(|value| value.cloned().unwrap_or_default()));
            row.push(Value::from(*iteration));
            let values = variables.iter().map(|name| values.get(*name));
            row.extend(values.map(|value| value.cloned().unwrap_or_default()));
            rows.push(row);
        }
    }
    (columns, rows)
}

fn to_value(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Missing => Value::Null,
        Cell::Bool(value) => Value::Bool(*value),
        Cell::Int(value) => Value::Int(*value),
        Cell::Count(value) => Value::from(*value),
        Cell::Float(value) => Value::Float(*value),
        Cell::Text(text) => Value::from(text.as_ref()),
        Cell::Nested(value) => (*value).clone(),
    }
}

fn rows(results: &Results, options: &TableOptions) -> (Vec<String>, Vec<Row>) {
    let table = results.to_table(options).unwrap();
    let mut rows = Vec::new();
    table
        .for_each_row(|row| {
            rows.push(row.iter().map(to_value).collect::<Row>());
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap();
    assert_eq!(table.row_count(), rows.len());
    (table.columns().to_vec(), rows)
}

fn column(length: usize) -> impl Strategy<Value = Column> {
    prop_oneof![
        prop::collection::vec(any::<f64>(), length).prop_map(Column::Float),
        prop::collection::vec(any::<i64>(), length).prop_map(Column::Int),
        prop::collection::vec(any::<bool>(), length).prop_map(Column::Bool),
        prop::collection::vec("[a,\"\n]{0,3}", length).prop_map(Column::Text),
        prop::collection::vec(value(), length).prop_map(Column::Value),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Int),
        Just(Value::Float(f64::NAN)),
        "[a-c]{0,2}".prop_map(Value::Text),
        Just(Value::Bytes(vec![0, 255])),
        prop::collection::vec(any::<i64>(), 0..3).prop_map(Value::from),
    ]
}

fn iterations() -> impl Strategy<Value = Iterations> {
    prop_oneof![
        (0..12_u64, 0..5_u64).prop_map(|(first, count)| Iterations::Run { first, count }),
        prop::collection::vec(0..16_u64, 0..5).prop_map(Iterations::List),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let pairs = prop::collection::vec(("[abc]", 0..3_i64), 0..3);
    pairs.prop_map(Config::from_pairs)
}

fn event() -> impl Strategy<Value = Event> {
    let number = 0..4_u64;
    let saves = (number.clone(), "[xyz]", iterations());
    let saves = saves.prop_flat_map(|(number, variable, iterations)| {
        column(iterations.len())
            .prop_map(move |column| saved_at(number, &variable, iterations.clone(), column))
    });
    let large = (number.clone(), "[xyz]", 0..16_u64, 0..9_u64);
    let large = large.prop_map(|(number, variable, iteration, bytes)| {
        saved_large(number, &variable, iteration, bytes)
    });
    let moved = (number.clone(), 0..3_u64).prop_map(|(number, place)| Event::Moved {
        experiment: ExperimentNumber(number),
        place,
    });
    prop_oneof![
        2 => large,
        1 => moved,
        1 => (number.clone(), 0..3_u64, 1..4_u32, config())
            .prop_map(|(number, place, attempt, config)| {
                started_at_place(number, place, attempt, config)
            }),
        6 => saves,
        1 => (number, 1..4_u32).prop_map(|(number, attempt)| {
            ended(number, attempt, Status::Failed, Some("so"))
        }),
    ]
}

proptest! {
    #[test]
    fn tables_show_what_a_naive_model_keeps(
        log in prop::collection::vec(event(), 0..60),
        split in 0..60_usize,
    ) {
        let model = model(&log);
        // A log that is still written is read in several steps.
        let (earlier, later) = log.split_at(split.min(log.len()));
        let mut results: Results = earlier.iter().collect();
        let _ = rows(&results, &TableOptions::new());
        results.extend(later);

        let (columns, expected) = expected(&model);
        prop_assert_eq!(rows(&results, &TableOptions::new()), (columns.clone(), expected.clone()));

        let (_, long) = rows(&results, &TableOptions::new().long(true).include_config(false));
        let variables = columns.iter().position(|name| name == "iteration").unwrap() + 1;
        let mut unpivoted = Vec::new();
        for row in &expected {
            for (name, value) in columns.iter().zip(row).skip(variables) {
                let (id, iteration) = (row[0].clone(), row[variables - 1].clone());
                unpivoted.push(vec![id, iteration, Value::from(name.as_str()), value.clone()]);
            }
        }
        // In the long table, a saved `null` has a row; a value that was not saved has none.
        let seen = |rows: Vec<Row>| -> Vec<Row> {
            rows.into_iter().filter(|row| !row[3].is_null()).collect()
        };
        prop_assert_eq!(seen(long), seen(unpivoted));

        // The file of each large value in the table is known, and no other file.
        for (experiment, known) in results.experiments().zip(model.values()) {
            let mut large = 0;
            for (iteration, values) in &known.values {
                for (name, value) in values {
                    if let Some(found) = experiment.large_value(name, *iteration) {
                        prop_assert_eq!(&found.stand_in(), value);
                        large += 1;
                    }
                }
            }
            let stand_ins = known.values.values().flat_map(BTreeMap::values);
            let stand_ins = stand_ins.filter(|value| value.as_map().is_some()).count();
            prop_assert_eq!((large, experiment.large_values().count()), (stand_ins, stand_ins));
        }

        let statuses: Vec<Option<Status>> = results.experiments().map(|e| e.status).collect();
        let wanted: Vec<Option<Status>> = model.values().map(|known| known.status).collect();
        prop_assert_eq!(statuses, wanted);
    }

    #[test]
    fn filters_leave_rows_out_and_change_none(
        log in prop::collection::vec(event(), 0..40),
        iterations in prop::collection::btree_set(0..16_u64, 1..4),
        wanted in prop::collection::btree_set("[xyz]", 1..3),
    ) {
        let results: Results = log.iter().collect();
        let all = TableOptions::new().long(true);
        let (columns, mut rows_of_all) = rows(&results, &all);
        let saved: Vec<Value> = rows_of_all.iter().map(|row| row[row.len() - 2].clone()).collect();
        let wanted: Vec<String> = wanted
            .into_iter()
            .filter(|name| saved.contains(&Value::from(name.as_str())))
            .collect();
        let filtered = all.iterations(iterations.clone()).variables(wanted.clone());
        let (same_columns, rows) = rows(&results, &filtered);
        rows_of_all.retain(|row| {
            let [.., iteration, name, _] = row.as_slice() else {
                return false;
            };
            iterations.contains(&(iteration.as_i64().unwrap() as u64))
                && (wanted.is_empty()
                    || wanted.iter().any(|wanted| Some(wanted.as_str()) == name.as_str()))
        });
        prop_assert_eq!(columns, same_columns);
        prop_assert_eq!(&rows, &rows_of_all);
        // A fold that keeps only the requested values shows the same rows.
        let mut kept = Results::for_table(&filtered);
        kept.extend(&log);
        let (_, rows_of_kept) = self::rows(&kept, &filtered);
        prop_assert_eq!(rows_of_kept, rows);
    }
}
