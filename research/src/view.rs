//! The view of a research from its own units.

use std::path::Path;
use std::sync::Arc;

use research_core::executor::ResearchView;
use research_core::units::Object;
use research_core::{Experiment, ResearchRecord};

use crate::completed_run::CompletedRun;
use crate::place::StorageBackend;

/// Attaches the view of the leader's process.
pub(crate) fn in_leader(
    experiment: Experiment,
    record: &Arc<ResearchRecord>,
    kept: &StorageBackend,
) -> Experiment {
    let memory = match kept {
        StorageBackend::Folder(_) => None,
        StorageBackend::Memory(_) => Some(CompletedRun {
            record: Arc::clone(record),
            kept: kept.clone(),
            report: None,
            recorded: Arc::default(),
            tables_failure: None,
        }),
    };
    experiment.with_view(Arc::new(View { memory }))
}

/// Attaches the view of a worker, which reads the log on disk.
pub(crate) fn in_worker(experiment: Experiment) -> Experiment {
    experiment.with_view(Arc::new(View { memory: None }))
}

/// The values of `r()` and `s()` in units.
struct View {
    /// The research, if it is kept in the memory of this process.
    memory: Option<CompletedRun>,
}

impl View {
    fn research(&self, experiments: Option<&Path>) -> Result<CompletedRun, String> {
        // The folder of experiments is inside that of the research; see FORMAT.md.
        match (experiments.and_then(Path::parent), &self.memory) {
            (Some(folder), _) => CompletedRun::load(folder).map_err(|error| error.to_string()),
            (None, Some(research)) => Ok(research.clone()),
            (None, None) => Err(
                "it is kept in the memory of another process: keep it in a folder, or run it with \
                 isolation `none`"
                    .to_owned(),
            ),
        }
    }
}

impl ResearchView for View {
    fn results(&self, experiments: Option<&Path>) -> Result<Object, String> {
        let research = self.research(experiments)?;
        let results = research.results().load();
        results
            .map(|results| Arc::new(results) as Object)
            .map_err(|error| error.to_string())
    }

    fn storage(&self, experiments: Option<&Path>) -> Result<Object, String> {
        let research = self.research(experiments)?;
        Ok(Arc::new(research))
    }
}
