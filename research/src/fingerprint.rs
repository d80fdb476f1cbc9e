//! Fingerprints of runs, on which leader and workers must agree.

use std::hash::{DefaultHasher, Hash, Hasher};

use research_core::{Experiment, RunOptions};
use research_exec::relaunched_test;

/// Returns the fingerprint on which leader and workers must agree. The hasher has fixed keys, and
/// both are the same program. Workers of a test executable run a single test, so each test has its
/// own runs.
pub(crate) fn fingerprint(
    name: &str,
    domain: &str,
    experiment: &Experiment,
    options: &RunOptions,
    seed: Option<u64>,
) -> u64 {
    let mut hasher = DefaultHasher::new();
    (
        name,
        domain,
        experiment.describe(),
        experiment.code().fingerprint(),
        format!("{options:?}"),
        seed,
        relaunched_test(),
    )
        .hash(&mut hasher);
    hasher.finish()
}

/// Returns the fingerprint for a worker that receives domain and options from its leader before it
/// reaches the run.
pub(crate) fn fingerprint_of_units(name: &str, experiment: &Experiment) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, experiment.describe(), experiment.code().fingerprint()).hash(&mut hasher);
    hasher.finish()
}
