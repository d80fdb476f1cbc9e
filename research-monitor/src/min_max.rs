//! Tracks the lowest and the highest value of each saved variable.

use std::sync::Arc;

use research_core::Column;
use research_domain::{Config, ExperimentId, Value};
use serde::Serialize;

/// The number of variables that are tracked; more would not fit a summary.
const MAX_VARIABLES: usize = 64;

/// The lowest and the highest value of a variable, over the last values of the experiments that
/// succeeded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MinMax {
    /// The name of the variable.
    pub variable: Arc<str>,
    /// The number of experiments that saved it.
    pub count: u64,
    /// The lowest value.
    pub lowest: Extreme,
    /// The highest value.
    pub highest: Extreme,
}

/// A value, and the experiment that saved it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Extreme {
    /// The value.
    pub value: f64,
    /// The id of the experiment.
    pub id: ExperimentId,
    /// The parameters of the experiment.
    pub config: Config,
}

/// The last value of each numeric variable of a running experiment.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastValues(Vec<(Arc<str>, f64)>);

impl LastValues {
    /// Keeps the last value of `column`, if it is a number.
    pub(crate) fn update(&mut self, variable: &Arc<str>, column: &Column) {
        let value = match column {
            Column::Float(values) => values.last().copied(),
            Column::Int(values) => values.last().map(|value| *value as f64),
            Column::Value(values) => match values.last() {
                Some(Value::Float(value)) => Some(*value),
                Some(Value::Int(value)) => Some(*value as f64),
                _ => None,
            },
            Column::Bool(_) | Column::Text(_) => None,
        };
        let Some(value) = value else { return };
        if let Some((_, last)) = self.0.iter_mut().find(|(name, _)| name == variable) {
            *last = value;
        } else if self.0.len() < MAX_VARIABLES {
            self.0.push((Arc::clone(variable), value));
        }
    }
}

/// The extremes of all variables, sorted by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(Vec<MinMax>);

impl Variables {
    pub(crate) fn as_slice(&self) -> &[MinMax] {
        &self.0
    }

    /// Adds the values of an experiment that succeeded. NaN is skipped.
    pub(crate) fn add(&mut self, values: LastValues, id: &ExperimentId, config: &Config) {
        for (variable, value) in values.0 {
            if value.is_nan() {
                continue;
            }
            let extreme = || Extreme {
                value,
                id: id.clone(),
                config: config.clone(),
            };
            match self
                .0
                .binary_search_by(|known| known.variable.cmp(&variable))
            {
                Ok(index) => self.0[index].update(value, extreme),
                Err(index) if self.0.len() < MAX_VARIABLES => {
                    let first = MinMax {
                        variable,
                        count: 1,
                        lowest: extreme(),
                        highest: extreme(),
                    };
                    self.0.insert(index, first);
                }
                Err(_) => {}
            }
        }
    }
}

impl MinMax {
    fn update(&mut self, value: f64, extreme: impl Fn() -> Extreme) {
        self.count += 1;
        if value < self.lowest.value {
            self.lowest = extreme();
        }
        if value > self.highest.value {
            self.highest = extreme();
        }
    }
}
