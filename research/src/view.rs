//! The research as its own units see it.

use std::path::Path;
use std::sync::Arc;

use research_core::{Experiment, Object, ResearchRecord, ResearchView};

use crate::finished::{Finished, Kept};

/// The experiment in the process that leads its research.
pub(crate) fn in_leader(
    experiment: Experiment,
    record: &Arc<ResearchRecord>,
    kept: &Kept,
) -> Experiment {
    let memory = match kept {
        Kept::Folder(_) => None,
        Kept::Memory(_) => Some(Finished {
            record: Arc::clone(record),
            kept: kept.clone(),
            report: None,
            recorded: Arc::default(),
            tables_failure: None,
        }),
    };
    experiment.with_view(Arc::new(View { memory }))
}

/// The experiment in a worker, which sees what is on disk.
pub(crate) fn in_worker(experiment: Experiment) -> Experiment {
    experiment.with_view(Arc::new(View { memory: None }))
}

/// What `r()` and `s()` stand for in the units of a research.
struct View {
    /// The research, where it is kept in the memory of this process.
    memory: Option<Finished>,
}

impl View {
    fn research(&self, experiments: Option<&Path>) -> Result<Finished, String> {
        // The folder of experiments stands in that of the research; see FORMAT.md.
        match (experiments.and_then(Path::parent), &self.memory) {
            (Some(folder), _) => Finished::load(folder).map_err(|error| error.to_string()),
            (None, Some(research)) => Ok(research.clone()),
            (None, None) => Err(
                "it is kept in the memory of another process: keep it in a folder, or run it with isolation `none`"
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
