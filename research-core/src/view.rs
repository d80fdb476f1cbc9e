//! The research that an experiment belongs to, as its units see it while it runs.

use std::path::Path;

use crate::output::Object;

/// Reads what [`r`](crate::r) and [`s`](crate::s) stand for. It is given to an experiment by who
/// runs researches: this crate knows neither results nor storage.
pub trait ResearchView: Send + Sync {
    /// The results so far. `experiments` is the folder in which experiments have their folders; it
    /// is there unless the research is kept in memory.
    ///
    /// # Errors
    /// Why they cannot be read, in words.
    fn results(&self, experiments: Option<&Path>) -> Result<Object, String>;

    /// The research as it is kept.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn storage(&self, experiments: Option<&Path>) -> Result<Object, String>;
}
