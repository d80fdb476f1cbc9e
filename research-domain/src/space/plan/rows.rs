//! The values of an option, or of several zipped ones, as entries of configs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::config::{Config, Entry};
use crate::digest::{parameter_digest, values_digest};
use crate::space::option::Key;
use crate::value::{Listed, Value};

/// The entries of one parameter.
type Column = Arc<[Arc<Entry>]>;

/// A table: a column for each parameter, a row for each value.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    columns: Vec<Column>,
    len: usize,
    /// Computed on first use.
    digests: OnceLock<Arc<Digests>>,
}

/// Digests by which rows with equal values are found.
#[derive(Debug)]
struct Digests {
    /// The digest of the parameter and its value, for each column and row.
    parameters: Vec<Box<[u128]>>,
    /// The number of rows before each row that have the same values; empty if there are no equal
    /// rows.
    ranks: Box<[u32]>,
    /// The number of rows by the digest of their values; computed on first use.
    counts: OnceLock<HashMap<u128, u32>>,
}

impl Rows {
    fn new(columns: Vec<Column>) -> Rows {
        Rows {
            len: columns.first().map_or(0, |column| column.len()),
            columns,
            digests: OnceLock::new(),
        }
    }

    /// Returns the rows of one option.
    pub(crate) fn from_option(key: &Key, values: &[Listed]) -> Rows {
        let values = values.iter().cloned();
        Rows::new(vec![
            values.map(|value| Arc::new(entry(key, value))).collect(),
        ])
    }

    /// Columns of equal length side by side.
    pub(crate) fn zip(parts: &[Arc<Rows>]) -> Rows {
        Rows::new(parts.iter().flat_map(|rows| rows.columns.clone()).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.columns
            .iter()
            .filter_map(|column| column.first())
            .map(|entry| &entry.key)
    }

    /// Returns the value of a column in a row.
    pub(crate) fn value(&self, row: usize, column: usize) -> &Value {
        self.columns[column][row].value()
    }

    #[inline]
    pub(crate) fn push(&self, row: usize, config: &mut Config) {
        for column in &self.columns {
            config.push_shared(Arc::clone(&column[row]));
        }
    }

    /// Replaces the entries of a config from `start` on by those of a row.
    #[inline]
    pub(crate) fn replace(&self, row: usize, config: &mut Config, start: usize) {
        let slots = &mut config.shared_mut()[start..];
        for (slot, column) in slots.iter_mut().zip(&self.columns) {
            slot.clone_from(&column[row]);
        }
    }

    pub(crate) fn config(&self, row: usize) -> Config {
        let mut config = Config::new();
        self.push(row, &mut config);
        config
    }

    pub(crate) fn only(&self, rows: &[usize]) -> Rows {
        let pick = |column: &Column| rows.iter().map(|row| column[*row].clone()).collect();
        Rows::new(self.columns.iter().map(pick).collect())
    }

    /// Returns the rows without duplicates.
    pub(crate) fn distinct(&self) -> Rows {
        let mut seen = HashSet::new();
        let is_new = |row: &usize| seen.insert(self.digest(*row));
        self.only(&(0..self.len).filter(is_new).collect::<Vec<_>>())
    }

    fn digests(&self) -> &Digests {
        self.digests.get_or_init(|| Arc::new(Digests::new(self)))
    }

    /// Returns a digest of the row's parameters and values: the sum of the digests of each
    /// parameter, so the order and the zipping of columns do not matter.
    #[inline]
    pub(crate) fn parameters(&self, row: usize) -> u128 {
        self.digests().row(row)
    }

    /// Returns the name and the digest of each parameter of a row.
    pub(crate) fn parameters_of(&self, row: usize) -> impl Iterator<Item = (&str, u128)> {
        let digests = self.digests().parameters.iter();
        self.names()
            .map(|name| &**name)
            .zip(digests.map(move |column| column[row]))
    }

    /// Returns the number of rows with this digest of parameters and values.
    pub(crate) fn times(&self, parameters: u128) -> u32 {
        self.digests().times(parameters)
    }

    /// Returns the number of rows before this one with the same values, and the number of all.
    #[inline]
    pub(crate) fn rank(&self, row: usize) -> (u32, u32) {
        let digests = self.digests();
        match digests.ranks.get(row) {
            None => (0, 1),
            Some(rank) => (*rank, self.times(digests.row(row))),
        }
    }

    /// Returns a digest of the row's values.
    pub(crate) fn digest(&self, row: usize) -> u128 {
        values_digest(self.columns.iter().map(|column| column[row].value()))
    }
}

impl Digests {
    fn new(rows: &Rows) -> Digests {
        let column = |column: &Column| {
            let digest = |entry: &Arc<Entry>| parameter_digest(entry.key(), entry.value());
            column.iter().map(digest).collect()
        };
        let mut digests = Digests {
            parameters: rows.columns.iter().map(column).collect(),
            ranks: Box::default(),
            counts: OnceLock::new(),
        };
        if rows.len > 1 {
            let mut counts = HashMap::with_capacity(rows.len);
            let ranks: Vec<u32> = (0..rows.len)
                .map(|row| digests.add(row, &mut counts))
                .collect();
            if counts.len() < rows.len {
                digests.ranks = ranks.into();
                digests.counts = counts.into();
            }
        }
        digests
    }

    /// Counts a row; returns the number of equal rows counted before.
    fn add(&self, row: usize, counts: &mut HashMap<u128, u32>) -> u32 {
        let count = counts.entry(self.row(row)).or_default();
        *count += 1;
        *count - 1
    }

    fn times(&self, parameters: u128) -> u32 {
        let rows = self.parameters.first().map_or(0, |column| column.len());
        if rows == 1 {
            return u32::from(parameters == self.row(0));
        }
        let counts = self.counts.get_or_init(|| {
            let mut counts = HashMap::with_capacity(rows);
            for row in 0..rows {
                self.add(row, &mut counts);
            }
            counts
        });
        counts.get(&parameters).copied().unwrap_or(0)
    }

    #[inline]
    fn row(&self, row: usize) -> u128 {
        let columns = self.parameters.iter();
        columns.fold(0, |sum, column| sum.wrapping_add(column[row]))
    }
}

/// Returns the entry of a parameter with this value.
pub(crate) fn entry(key: &Key, value: Listed) -> Entry {
    let (value, alias) = value.into_parts();
    Entry {
        key: key.name.clone(),
        key_alias: key.alias.clone(),
        value,
        alias,
    }
}
