//! The lowest and the highest values of what is saved.

use std::sync::Arc;

use research_core::Column;
use research_domain::{Config, ExperimentId, Value};

/// How many variables are followed; more would say nothing in a summary.
const MOST_VARIABLES: usize = 64;

/// The lowest and the highest value of a variable: of the last values of the experiments that did
/// what they were asked to.
#[derive(Clone, Debug, PartialEq)]
pub struct Extremes {
    /// The name that the values were saved under.
    pub variable: Arc<str>,
    /// How many experiments have saved one.
    pub count: u64,
    /// The lowest.
    pub lowest: Extreme,
    /// The highest.
    pub highest: Extreme,
}

/// A value, and the experiment that saved it.
#[derive(Clone, Debug, PartialEq)]
pub struct Extreme {
    /// The value.
    pub value: f64,
    /// The experiment's id.
    pub id: ExperimentId,
    /// Its parameters.
    pub config: Config,
}

/// The last value of each numeric variable of an experiment that runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastValues(Vec<(Arc<str>, f64)>);

impl LastValues {
    /// Takes what was saved last, if it is a number.
    pub(crate) fn take(&mut self, variable: &Arc<str>, column: &Column) {
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
        } else if self.0.len() < MOST_VARIABLES {
            self.0.push((Arc::clone(variable), value));
        }
    }
}

/// The extremes of all variables, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(Vec<Extremes>);

impl Variables {
    pub(crate) fn extremes(&self) -> &[Extremes] {
        &self.0
    }

    /// Takes the values of an experiment that ended well. What is no number is neither low nor
    /// high.
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
                Ok(place) => self.0[place].see(value, extreme),
                Err(place) if self.0.len() < MOST_VARIABLES => {
                    let first = Extremes {
                        variable,
                        count: 1,
                        lowest: extreme(),
                        highest: extreme(),
                    };
                    self.0.insert(place, first);
                }
                Err(_) => {}
            }
        }
    }
}

impl Extremes {
    fn see(&mut self, value: f64, extreme: impl Fn() -> Extreme) {
        self.count += 1;
        if value < self.lowest.value {
            self.lowest = extreme();
        }
        if value > self.highest.value {
            self.highest = extreme();
        }
    }
}
