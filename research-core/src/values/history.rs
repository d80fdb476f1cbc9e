//! The values that an experiment has saved and sent, for its own units.

use std::collections::HashMap;
use std::sync::Arc;

use research_domain::Value;

use super::column::{Column, Iterations};

/// The size limit, in bytes, of the kept values of variables that no expression names.
const MOST_OF_OTHERS: usize = 16 << 20;

/// The variables whose values are kept.
#[derive(Debug, Default)]
pub(crate) struct KeptVariables {
    /// The variables that expressions name.
    pub(crate) named: Vec<String>,
    /// Whether other variables may be read, because some code may read anything.
    pub(crate) others: bool,
}

/// The kept values.
#[derive(Debug, Default)]
pub(crate) struct History {
    kept: Arc<KeptVariables>,
    variables: HashMap<Arc<str>, Series>,
    /// The size of the values of variables that no expression names.
    bytes_of_others: usize,
}

#[derive(Debug)]
enum Series {
    Kept(Vec<(Iterations, Column)>),
    Dropped(&'static str),
}

impl History {
    pub(crate) fn new(kept: Arc<KeptVariables>) -> Self {
        Self {
            kept,
            ..Self::default()
        }
    }

    /// Keeps values that are sent; `bytes` is their approximate size.
    pub(super) fn add(
        &mut self,
        variable: &Arc<str>,
        (iterations, column): (&Iterations, &Column),
        bytes: usize,
    ) {
        let is_named = self.kept.named.iter().any(|name| **name == **variable);
        if !is_named && !self.kept.others {
            return;
        }
        if !is_named {
            self.bytes_of_others += bytes;
            if self.bytes_of_others > MOST_OF_OTHERS {
                let reason = "the experiment has saved more than 16 MiB; name the variable in an \
                              expression, such as `saved(\"loss\")`, to keep all its values";
                self.drop(variable, reason);
                return;
            }
        }
        let series = self.variables.entry(Arc::clone(variable));
        if let Series::Kept(parts) = series.or_insert_with(|| Series::Kept(Vec::new())) {
            parts.push((iterations.clone(), column.clone()));
        }
    }

    /// Drops the values of a variable that has values in separate files.
    pub(super) fn drop_large(&mut self, variable: Arc<str>) {
        let reason = "one has 1 MiB or more; read the output of its unit instead";
        self.variables.insert(variable, Series::Dropped(reason));
    }

    fn drop(&mut self, variable: &Arc<str>, reason: &'static str) {
        let dropped = Series::Dropped(reason);
        self.variables.insert(Arc::clone(variable), dropped);
    }

    /// Returns the sent values of a variable, or the reason that they were not kept.
    pub(super) fn parts(&self, variable: &str) -> Result<&[(Iterations, Column)], String> {
        match self.variables.get(variable) {
            None => Ok(&[]),
            Some(Series::Kept(parts)) => Ok(parts),
            Some(Series::Dropped(reason)) => Err((*reason).to_owned()),
        }
    }
}

/// Returns the values in the order of their iterations. If an iteration has several values, the
/// last one counts.
pub(super) fn values_of<'c>(
    parts: impl Iterator<Item = (&'c Iterations, &'c Column)>,
) -> Vec<Value> {
    let mut values = Vec::new();
    let mut last = None;
    for (iterations, column) in parts {
        for (position, iteration) in iterations.iter().enumerate() {
            if last.replace(iteration) == Some(iteration) {
                values.pop();
            }
            values.extend(column.get(position));
        }
    }
    values
}
