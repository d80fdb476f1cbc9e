//! The tables of everything, made from parts of the results, so that they need not be in memory as
//! a whole.

use std::collections::HashSet;

use super::columns::{ColumnType, Kinds};
use super::experiments::{Identity, identified_experiments};
use super::filter;
use super::iterations::identified_results;
use super::options::TableOptions;
use super::{Table, TableError};
use crate::results::{ExperimentResult, Results};

/// The columns of the tables of everything. When all parts of the results were looked at, in the
/// order of experiments, they are those that the tables of undivided results have.
#[derive(Default)]
pub(crate) struct WholeTables {
    parameters: Growing,
    variables: Growing,
    results: Kinds,
    experiments: Kinds,
    has_devices: bool,
}

impl WholeTables {
    /// Takes in what a part adds to the columns.
    pub(crate) fn look_at(&mut self, part: &Results) -> Result<(), TableError> {
        let experiments: Vec<&ExperimentResult> = part.experiments().collect();
        let parameters = filter::parameters(&experiments);
        self.parameters.add(parameters.iter().map(|(key, _)| *key));
        let variables = filter::variables(&experiments, part.names(), &TableOptions::new())?;
        self.variables.add(variables);
        self.has_devices |= experiments.iter().any(|one| one.device.is_some());
        let identity = 1 + self.parameters.names.len();
        let mut kinds = std::mem::take(&mut self.results);
        kinds.see(&self.results_of(part), identity);
        self.results = kinds;
        let mut kinds = std::mem::take(&mut self.experiments);
        kinds.see(&self.experiments_of(part), identity);
        self.experiments = kinds;
        Ok(())
    }

    /// The rows of a part in the table of results.
    pub(crate) fn results_of<'a>(&'a self, part: &'a Results) -> Table<'a> {
        let variables = self.variables.names.iter().map(|name| &**name);
        identified_results(
            part.experiments().collect(),
            Identity::with_parameters(&self.parameters.names),
            variables.collect(),
            &TableOptions::new(),
        )
    }

    /// The rows of a part in the table of results with auxiliary keys and every experiment.
    pub(crate) fn overview_of<'a>(&'a self, part: &'a Results) -> Table<'a> {
        let identity = Identity::with_parameters(&self.parameters.names);
        let variables = self.variables.names.iter().map(|name| &**name);
        identified_results(
            part.experiments().collect(),
            identity.with_status(self.has_devices),
            variables.collect(),
            &TableOptions::new().every_experiment(true),
        )
    }

    /// The rows of a part in the table of experiments.
    pub(crate) fn experiments_of<'a>(&'a self, part: &'a Results) -> Table<'a> {
        let identity = Identity::with_parameters(&self.parameters.names);
        identified_experiments(part.experiments().collect(), identity)
    }

    /// The types of the columns of the table of results.
    pub(crate) fn results_types(&self) -> Vec<ColumnType> {
        self.results.types()
    }

    /// The types of the columns of the table of experiments.
    pub(crate) fn experiments_types(&self) -> Vec<ColumnType> {
        self.experiments.types()
    }
}

/// Names by first appearance.
#[derive(Default)]
struct Growing {
    names: Vec<String>,
    known: HashSet<String>,
}

impl Growing {
    fn add<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            if !self.known.contains(name) {
                self.known.insert(name.to_owned());
                self.names.push(name.to_owned());
            }
        }
    }
}
