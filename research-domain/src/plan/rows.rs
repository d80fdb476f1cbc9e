//! The values of an option, or of several that are zipped, ready to be put into configs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::config::{Config, Entry};
use crate::id::{parameter_digest, values_digest};
use crate::option::{Key, Listed};
use crate::value::Value;

/// A list of rows; each row is an entry of every column.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    columns: Vec<Arc<[Arc<Entry>]>>,
    len: usize,
    /// Made when draws ask for it.
    digests: OnceLock<Arc<Digests>>,
}

/// What tells which rows have the same values.
#[derive(Debug)]
struct Digests {
    /// Of the parameter and its value, for each column and row.
    parameters: Vec<Box<[u128]>>,
    /// For each row, how many rows before it have the same values; empty where none has.
    places: Box<[u32]>,
    /// How often the values of a row occur; made when they are searched for.
    counts: OnceLock<HashMap<u128, u32>>,
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
            digests: OnceLock::new(),
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
            digests: OnceLock::new(),
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
            digests: OnceLock::new(),
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

    fn digests(&self) -> &Digests {
        self.digests.get_or_init(|| Arc::new(Digests::new(self)))
    }

    /// A digest of the row's parameters and values: the sum of those of each parameter, so that
    /// the order of columns plays no part, and which of them are zipped.
    #[inline]
    pub(super) fn parameters(&self, row: usize) -> u128 {
        self.digests().row(row)
    }

    /// The name and the digest of each of the row's parameters.
    pub(super) fn parameters_of(&self, row: usize) -> impl Iterator<Item = (&str, u128)> {
        let digests = self.digests().parameters.iter();
        self.names()
            .map(|name| &**name)
            .zip(digests.map(move |column| column[row]))
    }

    /// How often a row with these parameters and values occurs.
    pub(super) fn times(&self, parameters: u128) -> u32 {
        self.digests().times(parameters)
    }

    /// How many rows before this one have the same values, and how many there are.
    #[inline]
    pub(super) fn repeat(&self, row: usize) -> (u32, u32) {
        let digests = self.digests();
        match digests.places.get(row) {
            None => (0, 1),
            Some(place) => (*place, self.times(digests.row(row))),
        }
    }

    /// A digest of the row's values.
    pub(super) fn digest(&self, row: usize) -> u128 {
        values_digest(self.columns.iter().map(|column| column[row].value()))
    }
}

impl Digests {
    fn new(rows: &Rows) -> Digests {
        let column = |column: &Arc<[Arc<Entry>]>| {
            let digest = |entry: &Arc<Entry>| parameter_digest(entry.key(), entry.value());
            column.iter().map(digest).collect()
        };
        let mut digests = Digests {
            parameters: rows.columns.iter().map(column).collect(),
            places: Box::default(),
            counts: OnceLock::new(),
        };
        if rows.len > 1 {
            let mut counts = HashMap::with_capacity(rows.len);
            let places: Vec<u32> = (0..rows.len)
                .map(|row| digests.add(row, &mut counts))
                .collect();
            if counts.len() < rows.len {
                digests.places = places.into();
                digests.counts = counts.into();
            }
        }
        digests
    }

    /// Counts a row, and returns how often its values were counted before.
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

/// The entry of a parameter that has this value.
pub(super) fn entry(key: &Key, value: Listed) -> Entry {
    let (value, alias) = value.into_parts();
    Entry::from_parts(key.name.clone(), key.alias.clone(), value, alias)
}
