//! The table of files that experiments have left.

use super::cell::Cell;
use super::experiments::Identity;
use super::filter::{self, Selected};
use super::options::TableOptions;
use super::{Rows, Table, TableError};
use crate::results::ExperimentResult;

/// A file that an experiment has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// Its path in the experiment's folder.
    pub(crate) name: String,
    pub(crate) full_path: String,
    /// Its path in the research's folder.
    pub(crate) relative_path: String,
}

/// Makes a table of the files that are found for the experiments, given in order.
pub(crate) fn artifacts_table<'a, E: From<TableError>>(
    experiments: Vec<&'a ExperimentResult>,
    options: &TableOptions,
    find: impl Fn(&ExperimentResult) -> Result<Vec<Artifact>, E>,
) -> Result<Table<'a>, E> {
    let Selected { experiments, notes } = filter::select(experiments, options)?;
    let identity = Identity::of(&experiments, options);
    let mut columns = identity.columns();
    columns.extend(["artifact_name", "full_path", "relative_path"].map(str::to_owned));
    let mut rows = Vec::new();
    for experiment in experiments {
        for artifact in find(experiment)? {
            let mut row = Vec::with_capacity(columns.len());
            identity.fill(experiment, &mut row);
            let paths = [artifact.name, artifact.full_path, artifact.relative_path];
            row.extend(paths.map(Cell::from));
            rows.push(row);
        }
    }
    Ok(Table::new(columns, Rows::Made(rows)).with_notes(notes))
}
