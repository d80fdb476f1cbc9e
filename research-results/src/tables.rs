//! The tables of results, experiments and configs.

use crate::column_type::ValueKinds;
use crate::error::TableError;
use crate::options::TableOptions;
use crate::results::{ExperimentResult, Results};
use crate::select::{Selected, check_variables, select};
use crate::table::{ExperimentRows, Identity, IterationRows, Rows, Table};

impl Results {
    /// Returns the results as text: a row for each experiment and iteration, a column for each
    /// parameter and variable.
    ///
    /// # Errors
    /// None occur with these options; see [`to_table`](Self::to_table).
    pub fn table(&self) -> Result<String, TableError> {
        Ok(self.to_table(&TableOptions::new())?.to_string())
    }

    /// Returns the results as a table, with a row for each experiment and iteration at which
    /// something was saved. An experiment that saved nothing has no row here; it has one in
    /// [`experiments_table`](Self::experiments_table).
    ///
    /// # Errors
    /// A filter names an unknown parameter, variable or experiment, or cannot be evaluated.
    pub fn to_table(&self, options: &TableOptions) -> Result<Table<'_>, TableError> {
        let selection = TableSelection::new(self, options)?;
        let TableSelection {
            experiments,
            identity,
            variables,
            notes,
            ..
        } = selection;
        let table = iterations_table(experiments, identity, variables, options);
        Ok(table.with_notes(notes))
    }

    /// Returns a row for each selected experiment: its id and its config.
    ///
    /// # Errors
    /// As for [`to_table`](Self::to_table).
    pub fn configs(&self, options: &TableOptions) -> Result<Table<'_>, TableError> {
        let Selected { experiments, notes } = select(self, options)?;
        let identity = Identity::new(&experiments, options);
        let rows = ExperimentRows {
            experiments,
            identity,
            outcome: false,
        };
        let columns = rows.columns();
        Ok(Table::new(columns, Rows::Experiments(rows)).with_notes(notes))
    }

    /// Returns a row for each experiment: its id, parameters, repetition, status and the reason of
    /// the status, its iterations, the duration of its current attempt in seconds, the number of
    /// that attempt, the resources that it used (peak memory in bytes, processor time in seconds,
    /// exit code), the number of updates of the domain before it, the seed that its programs
    /// receive, its start in seconds since 1970, the number of its run, and the host. An experiment
    /// that has not ended has no status and no seconds.
    #[must_use]
    pub fn experiments_table(&self) -> Table<'_> {
        let experiments: Vec<&ExperimentResult> = self.experiments().collect();
        let identity = Identity::new(&experiments, &TableOptions::new());
        experiments_table(experiments, identity)
    }
}

/// Returns the table of experiments, with the columns of `identity` first.
pub(crate) fn experiments_table<'a>(
    experiments: Vec<&'a ExperimentResult>,
    identity: Identity<'a>,
) -> Table<'a> {
    let rows = ExperimentRows {
        experiments,
        identity,
        outcome: true,
    };
    Table::new(rows.columns(), Rows::Experiments(rows))
}

/// Returns the table of the values that experiments have saved, with the columns of `identity`
/// first.
pub(crate) fn iterations_table<'a>(
    experiments: Vec<&'a ExperimentResult>,
    identity: Identity<'a>,
    variables: Vec<&'a str>,
    options: &TableOptions,
) -> Table<'a> {
    let mut columns = identity.columns();
    columns.push("iteration".to_owned());
    if options.long {
        columns.extend(["name".to_owned(), "value".to_owned()]);
    } else {
        columns.extend(variables.iter().map(|name| (*name).to_owned()));
    }
    let rows = IterationRows::new(experiments, identity, variables, options);
    Table::new(columns, Rows::Iterations(rows))
}

/// The experiments and columns of a table of results, without the values.
#[derive(Debug)]
pub(crate) struct TableSelection<'a> {
    pub(crate) experiments: Vec<&'a ExperimentResult>,
    identity: Identity<'a>,
    variables: Vec<&'a str>,
    pub(crate) columns: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl<'a> TableSelection<'a> {
    pub(crate) fn new(results: &'a Results, options: &TableOptions) -> Result<Self, TableError> {
        let Selected { experiments, notes } = select(results, options)?;
        check_variables(results, &options.variables)?;
        let mut variables = results.variables_of_all(experiments.iter().copied());
        variables.retain(|name| options.shows_variable(name));
        let identity = Identity::new(&experiments, options);
        let table = iterations_table(Vec::new(), identity.clone(), variables.clone(), options);
        Ok(Self {
            experiments,
            identity,
            variables,
            columns: table.columns().to_vec(),
            notes,
        })
    }

    /// Returns the rows of some of the experiments, whose values are in memory.
    pub(crate) fn partition<'p>(
        &'p self,
        experiments: Vec<&'p ExperimentResult>,
        options: &TableOptions,
    ) -> Table<'p> {
        let identity: Identity<'p> = self.identity.clone();
        iterations_table(experiments, identity, self.variables.clone(), options)
    }

    /// Returns the parameters and variables with values of several kinds.
    pub(crate) fn mixed_columns(&self, results: &Results) -> Vec<(String, String)> {
        let parameters = self.identity.parameters().map(|key| {
            let mut kinds = ValueKinds::default();
            for experiment in &self.experiments {
                let value = experiment.record.config.get(key);
                value.into_iter().for_each(|value| kinds.add_value(value));
            }
            (key, kinds)
        });
        let all_kinds = results.kinds();
        let variables = self.variables.iter();
        let variables = variables.filter_map(|name| Some((*name, *all_kinds.get(name)?)));
        let columns = parameters.chain(variables);
        columns
            .filter_map(|(name, kinds)| Some((name.to_owned(), kinds.mixture()?)))
            .collect()
    }
}
