//! The research of an experiment, as its units see it while it runs.

use std::path::Path;

use crate::output::Object;

/// Reads the values of [`r`](crate::r) and [`s`](crate::s). The code that runs a research gives it
/// to the experiment, because this crate depends neither on results nor on storage.
pub trait ResearchView: Send + Sync {
    /// Returns the results so far. `experiments` is the folder that contains the experiments'
    /// folders, unless the research is kept in memory.
    ///
    /// # Errors
    /// The results cannot be read.
    fn results(&self, experiments: Option<&Path>) -> Result<Object, String>;

    /// Returns the stored research.
    ///
    /// # Errors
    /// The research cannot be read.
    fn storage(&self, experiments: Option<&Path>) -> Result<Object, String>;
}
