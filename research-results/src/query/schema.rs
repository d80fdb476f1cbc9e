//! The state that the virtual tables of a query share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use research_core::StorageError;
use rusqlite::types::ValueRef;

use super::sql_columns::{Columns, Stored};
use crate::options::TableOptions;
use crate::results::ExperimentResult;
use crate::source::{Partition, Source, Values};

/// If reading the experiments group by group takes more passes over the log than this, SQLite sorts
/// the rows instead.
const MOST_PASSES: usize = 6;

/// A name that no variable has.
const NOTHING: &str = "\0\0nothing";

/// A cache by table and columns.
type OfColumns<T> = Mutex<HashMap<(usize, Vec<usize>), T>>;

/// The state that the tables and the cursors of a query share.
pub(super) struct Schema<'a> {
    source: &'a dyn Source,
    /// All experiments, in the order of the domain.
    pub(super) experiments: Vec<&'a ExperimentResult>,
    pub(super) tables: [Columns; 2],
    /// The approximate number of rows of the table of results.
    pub(super) rows: u64,
    /// The selection of the values that are read.
    values: TableOptions,
    standard: Arc<Layout>,
    indexes: OfColumns<Arc<Index>>,
    grouped: OfColumns<Option<Arc<Layout>>>,
    failure: Mutex<Option<StorageError>>,
}

/// An order of experiments, divided into partitions whose values are in memory together.
pub(super) struct Layout {
    /// Positions among the experiments.
    pub(super) order: Vec<usize>,
    partitions: Vec<Partition>,
}

impl Layout {
    /// Returns the first partition that has values of the experiment at a position of the order.
    pub(super) fn partition_at(&self, position: usize) -> usize {
        let is_before = |partition: &Partition| partition.experiments.end <= position;
        self.partitions.partition_point(is_before)
    }

    /// Returns the partition with later iterations of the experiment of a partition, if there is
    /// one.
    pub(super) fn following(&self, partition: usize) -> Option<usize> {
        let next = self.partitions.get(partition + 1)?;
        let is_same = next.experiments == self.partitions[partition].experiments;
        is_same.then_some(partition + 1)
    }

    /// Whether a partition may have values of an iteration.
    pub(super) fn may_have(&self, partition: usize, iteration: u64) -> bool {
        let partition = self.partitions.get(partition);
        let iterations = partition.and_then(|partition| partition.iterations.as_ref());
        iterations.is_none_or(|iterations| iterations.contains(&iteration))
    }
}

/// The positions among all experiments of those with certain values.
pub(super) type Index = HashMap<Vec<Key>, Vec<usize>>;

/// A value by which experiments are looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Null,
    Int(i64),
    /// The bits of a float.
    Number(u64),
    Text(String),
}

impl Key {
    /// Returns a key that is the same for all values that SQLite considers equal, and perhaps for
    /// more.
    fn loose(value: &Stored) -> Self {
        let number = |number: f64| Self::Number((number + 0.0).to_bits());
        match value {
            Stored::Null => Self::Null,
            Stored::Int(integer) => number(*integer as f64),
            Stored::Float(float) => number(*float),
            Stored::Text(text) => match text.trim().parse() {
                Ok(float) => number(float),
                Err(_) => Self::Text(text.clone()),
            },
        }
    }

    /// Returns a key that is the same only for equal values.
    fn exact(value: Stored) -> Self {
        match value {
            Stored::Null => Self::Null,
            Stored::Int(integer) => Self::Int(integer),
            Stored::Float(float) if float.fract() == 0.0 && float.abs() < 9e15 => {
                Self::Int(float as i64)
            }
            Stored::Float(float) => Self::Number(float.to_bits()),
            Stored::Text(text) => Self::Text(text),
        }
    }

    /// Returns the loose key of a value in a query; `None` if it cannot equal a stored value.
    pub(super) fn of_question(value: ValueRef<'_>) -> Option<Self> {
        Some(Self::loose(&match value {
            ValueRef::Null | ValueRef::Blob(_) => return None,
            ValueRef::Integer(integer) => Stored::Int(integer),
            ValueRef::Real(float) => Stored::Float(float),
            ValueRef::Text(text) => Stored::Text(String::from_utf8_lossy(text).into_owned()),
        }))
    }
}

impl<'a> Schema<'a> {
    pub(super) fn new(source: &'a dyn Source, question: &str) -> Result<Self, StorageError> {
        let results = source.results();
        let experiments: Vec<&ExperimentResult> = results.experiments().collect();
        let tables = [
            Columns::of_results(results, question),
            Columns::of_experiments(results, question),
        ];
        let values = TableOptions::new().with_all_iterations();
        let values = match tables[0].needed(question) {
            None => values,
            Some(needed) if needed.is_empty() => values.variables([NOTHING]),
            Some(needed) => values.variables(needed),
        };
        let standard = Layout {
            order: (0..experiments.len()).collect(),
            partitions: source.divide(&experiments)?,
        };
        Ok(Self {
            source,
            experiments,
            tables,
            rows: results.about_rows(),
            values,
            standard: Arc::new(standard),
            indexes: Mutex::default(),
            grouped: Mutex::default(),
            failure: Mutex::default(),
        })
    }

    /// Returns the order of the domain.
    pub(super) fn standard(&self) -> &Arc<Layout> {
        &self.standard
    }

    /// Returns an order in which experiments with the same values in some columns are adjacent;
    /// `None` if it would read values too often.
    pub(super) fn grouped(&self, table: usize, columns: &[usize]) -> Option<Arc<Layout>> {
        let key = (table, columns.to_vec());
        if let Some(known) = lock(&self.grouped).get(&key) {
            return known.clone();
        }
        let mut groups: HashMap<Vec<Key>, usize> = HashMap::new();
        let mut order: Vec<(usize, usize)> = Vec::with_capacity(self.experiments.len());
        for position in 0..self.experiments.len() {
            let next = groups.len();
            let values = self.values_at(table, columns, position);
            let group = groups
                .entry(values.map(Key::exact).collect())
                .or_insert(next);
            order.push((*group, position));
        }
        order.sort_unstable();
        let order: Vec<usize> = order.into_iter().map(|(_, position)| position).collect();
        let ordered: Vec<&ExperimentResult> = order
            .iter()
            .map(|position| self.experiments[*position])
            .collect();
        // The table of experiments needs no values.
        let is_cheap = table != 0
            || matches!(self.source.passes(&ordered), Ok(passes) if passes <= MOST_PASSES);
        let partitions = is_cheap
            .then(|| self.source.divide(&ordered).ok())
            .flatten();
        let layout = partitions.map(|partitions| Arc::new(Layout { order, partitions }));
        lock(&self.grouped).insert(key, layout.clone());
        layout
    }

    /// Returns the experiments by their values in some columns.
    pub(super) fn index(&self, table: usize, columns: &[usize]) -> Arc<Index> {
        let key = (table, columns.to_vec());
        if let Some(known) = lock(&self.indexes).get(&key) {
            return Arc::clone(known);
        }
        let mut index = Index::new();
        for position in 0..self.experiments.len() {
            let values = self.values_at(table, columns, position);
            let values = values.map(|value| Key::loose(&value)).collect();
            index.entry(values).or_default().push(position);
        }
        let index = Arc::new(index);
        lock(&self.indexes).insert(key, Arc::clone(&index));
        index
    }

    /// Reads the values of a partition.
    pub(super) fn read(&self, layout: &Layout, partition: usize) -> rusqlite::Result<Values<'a>> {
        let Some(partition) = layout.partitions.get(partition) else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        let range = partition.experiments.clone();
        let positions = layout.order[range].iter();
        let experiments: Vec<&ExperimentResult> = positions
            .map(|position| self.experiments[*position])
            .collect();
        self.source
            .read(&experiments, partition.iterations.as_ref(), &self.values)
            .map_err(|error| {
                let text = error.to_string();
                *lock(&self.failure) = Some(error);
                rusqlite::Error::ModuleError(text)
            })
    }

    /// Returns the error that prevented values from being read, if there was one.
    pub(super) fn failure(&self) -> Option<StorageError> {
        lock(&self.failure).take()
    }

    fn values_at<'s>(
        &'s self,
        table: usize,
        columns: &'s [usize],
        position: usize,
    ) -> impl Iterator<Item = Stored> + 's {
        let all = &self.tables[table].columns;
        columns
            .iter()
            .map(move |column| all[*column].of_experiment(self.experiments[position]))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
