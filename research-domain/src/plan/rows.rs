//! The values of an option, or of several that are zipped, ready to be put into configs.

use std::collections::HashSet;
use std::sync::Arc;

use crate::config::{Config, Entry};
use crate::id::values_digest;
use crate::option::{Key, Listed};
use crate::value::Value;

/// A list of rows; each row is an entry of every column.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    columns: Vec<Arc<[Arc<Entry>]>>,
    len: usize,
}

impl Rows {
    pub(super) fn of_option(key: &Key, values: &[Listed]) -> Rows {
        let column = values
            .iter()
            .map(|value| Arc::new(entry(key, value.clone())))
            .collect();
        Rows {
            columns: vec![column],
            len: values.len(),
        }
    }

    /// Columns of equal length side by side.
    pub(super) fn zip(parts: &[&Rows]) -> Rows {
        let columns = parts
            .iter()
            .flat_map(|rows| rows.columns.iter().cloned())
            .collect();
        Rows {
            columns,
            len: parts.first().map_or(0, |rows| rows.len),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The number of parameters.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The names of the parameters; rows are never without one.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.columns
            .iter()
            .filter_map(|column| column.first())
            .map(|entry| entry.shared_key())
    }

    /// The value of a column in a row.
    pub(super) fn value(&self, row: usize, column: usize) -> &Value {
        self.columns[column][row].value()
    }

    #[inline]
    pub(super) fn push(&self, row: usize, config: &mut Config) {
        for column in &self.columns {
            config.push_shared(Arc::clone(&column[row]));
        }
    }

    /// Replaces the row's entries in a config that has them from the place on.
    #[inline]
    pub(super) fn replace(&self, row: usize, config: &mut Config, place: usize) {
        let slots = &mut config.shared_mut()[place..];
        for (slot, column) in slots.iter_mut().zip(&self.columns) {
            slot.clone_from(&column[row]);
        }
    }

    /// One row as a config.
    pub(super) fn config(&self, row: usize) -> Config {
        let mut config = Config::new();
        self.push(row, &mut config);
        config
    }

    /// Only the given rows.
    pub(super) fn only(&self, rows: &[usize]) -> Rows {
        let pick =
            |column: &Arc<[Arc<Entry>]>| rows.iter().map(|row| column[*row].clone()).collect();
        Rows {
            columns: self.columns.iter().map(pick).collect(),
            len: rows.len(),
        }
    }

    /// Each row of values once, at its first place.
    pub(super) fn distinct(&self) -> Rows {
        let mut seen = HashSet::new();
        let rows: Vec<usize> = (0..self.len)
            .filter(|row| seen.insert(self.digest(*row)))
            .collect();
        self.only(&rows)
    }

    /// A digest of the row's values.
    pub(super) fn digest(&self, row: usize) -> u128 {
        values_digest(self.columns.iter().map(|column| column[row].value()))
    }
}

/// The entry of a parameter that has this value.
pub(super) fn entry(key: &Key, value: Listed) -> Entry {
    let (value, alias) = value.into_parts();
    Entry::from_parts(key.name.clone(), key.alias.clone(), value, alias)
}
