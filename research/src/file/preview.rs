//! Previews what a research file would run, without running anything.

use std::path::Path;

use research_core::units::unique_names;
use research_core::{RootView, RunOptions, StorageError};
use research_domain::{
    Config, Domain, DomainError, ExperimentId, IdPrefixes, IdRegistry, IdRegistryError, Item,
    Iteration, Value,
};
use research_exec::devices::get_devices;
use research_exec::program::{KnownBefore, ProgramCommand};
use research_storage::StoredResearch;
use serde::Serialize;

use super::{FileError, Mode, ResearchFile};
use crate::{ResearchError, root_view};

/// The number of experiments that a preview lists.
const LISTED_EXPERIMENTS: usize = 3;

/// The number of workers whose devices a preview lists.
const LISTED_WORKERS: usize = 16;

/// The preview of a research file. Serialized, it is the output of `--dry-run --format json`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Preview<'f> {
    /// The name of the research.
    pub name: &'f str,
    /// The folder that a run would create; `None` if results are kept in memory.
    pub folder: Option<&'f str>,
    /// The domain as an expression.
    pub domain: String,
    /// The number of experiments, if it is finite.
    pub experiments: Option<u128>,
    /// The repetitions of each config.
    pub n_reps: u64,
    /// The seed; `None` if the run draws one.
    pub seed: Option<u64>,
    /// The number of workers.
    pub workers: u32,
    /// The number of branches of each worker.
    pub branches: u32,
    /// The parameters that the experiments of a task share, if root units require it.
    pub branch_by: Option<Vec<String>>,
    /// The devices as the file gives them.
    pub devices: &'f Value,
    /// The devices of each branch of the first workers.
    pub devices_of_workers: Vec<Vec<Vec<String>>>,
    /// The first experiments.
    pub first: Vec<PreviewedExperiment>,
    /// Whether the run draws other values than the preview shows, because the file has no seed.
    #[serde(skip)]
    pub is_redrawn: bool,
}

/// An experiment that would run.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PreviewedExperiment {
    /// Its id, if the file has a seed.
    pub id: Option<ExperimentId>,
    /// Its parameters.
    pub config: Config,
    /// Its repetition, from 0.
    pub repetition: u64,
    /// The commands of its units, in order.
    pub commands: Vec<PreviewedUnit>,
}

/// A unit that would run.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PreviewedUnit {
    /// The name of the unit.
    pub unit: String,
    /// The mode in which the unit uses its program.
    pub mode: Mode,
    /// The command line, with parameters filled in.
    pub command: String,
}

/// A research file cannot be previewed: a run would fail as well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreviewError {
    /// The file is invalid.
    #[error(transparent)]
    File(#[from] FileError),
    /// The options, the domain or the folder would fail the run.
    #[error(transparent)]
    Research(Box<ResearchError>),
    /// A config has too many repetitions to have ids.
    #[error(transparent)]
    Ids(#[from] IdRegistryError),
}

impl From<ResearchError> for PreviewError {
    fn from(error: ResearchError) -> Self {
        Self::Research(Box::new(error))
    }
}

impl From<DomainError> for PreviewError {
    fn from(error: DomainError) -> Self {
        ResearchError::from(error).into()
    }
}

impl ResearchFile {
    /// Previews what the file would run in the current folder. Nothing runs, and no folder is
    /// created.
    ///
    /// # Errors
    /// Any error that would end the run before its first experiment.
    pub fn preview(&self) -> Result<Preview<'_>, PreviewError> {
        let options = &self.options;
        if let Some(problem) = options.parallelism_problem() {
            return Err(ResearchError::Options(problem).into());
        }
        if self.dump_results {
            check_folder_is_free(&self.name).map_err(ResearchError::from)?;
        }
        let iteration = self.iteration().id_prefix(options.create_id_prefix);
        let configs = self.domain.configs(&iteration)?;
        let mut ids = Ids {
            registry: IdRegistry::new(),
            prefixes: configs.id_prefixes(),
        };
        let mut first = Vec::new();
        for item in configs.iter().take(LISTED_EXPERIMENTS) {
            first.push(self.preview_experiment(&item?, &mut ids)?);
        }
        Ok(Preview {
            name: &self.name,
            folder: self.dump_results.then_some(&*self.name),
            domain: self.domain.to_string(),
            experiments: configs.size()?.finite(),
            n_reps: options.n_reps,
            seed: self.seed,
            workers: options.workers,
            branches: options.branches,
            branch_by: self.shared_parameters()?,
            devices: &options.devices,
            devices_of_workers: devices_of_workers(options),
            first,
            is_redrawn: self.seed.is_none() && has_draws(&self.domain, &iteration)?,
        })
    }

    /// Returns the number of iterations of each experiment, if it is known before a run.
    pub(super) fn n_iters(&self) -> Option<u64> {
        let has_generators = self.units.iter().any(|unit| unit.mode == Mode::Generator);
        self.options.n_iters.or((!has_generators).then_some(1))
    }

    /// Returns the iteration of the domain: the number of configs, repetitions, and the seed.
    pub fn iteration(&self) -> Iteration {
        let options = &self.options;
        Iteration::default()
            .n_items(options.n_configs.map(u128::from))
            .n_reps(options.n_reps)
            .repeat_each(options.repeat_each.map(u128::from))
            .seed(self.seed.unwrap_or(options.seed))
    }

    /// Returns the parameters that the experiments of a task share, if they can differ in this
    /// research.
    fn shared_parameters(&self) -> Result<Option<Vec<String>>, PreviewError> {
        let is_updated = !self.updates.is_empty();
        let experiment = self.experiment()?;
        let view = root_view(&experiment, &self.options, &self.domain, is_updated)
            .map_err(ResearchError::from)?;
        let RootView::Shared { mut keys, .. } = view else {
            return Ok(None);
        };
        keys.retain(|key| match key.as_str() {
            "repetition" => self.options.n_reps > 1,
            "updates" => is_updated,
            _ => true,
        });
        Ok(Some(keys))
    }

    fn preview_experiment(
        &self,
        item: &Item,
        ids: &mut Ids,
    ) -> Result<PreviewedExperiment, IdRegistryError> {
        let mut built_in = vec![
            ("iteration", "0".to_owned()),
            ("repetition", item.repetition.to_string()),
        ];
        let mut id = None;
        if let Some(seed) = self.seed {
            let prefix = ids.prefixes.as_mut().map(|prefixes| prefixes.prefix(item));
            let prefix = prefix.as_deref().unwrap_or("");
            let assigned = ids.registry.assign(item.identity(seed), prefix)?;
            // 32 bits, which the generator of every program accepts.
            built_in.push(("seed", (assigned.seed >> 32).to_string()));
            built_in.push(("id", assigned.id.to_string()));
            id = Some(assigned.id);
        }
        let config = item.full_config();
        let known = KnownBefore {
            config: &config,
            built_in: &built_in,
        };
        let names = unique_names(self.units.iter().map(|unit| unit.name.as_str()));
        let commands = self.units.iter().zip(names).filter_map(|(unit, name)| {
            // The command of a file that was read is valid.
            let command = ProgramCommand::new(&unit.program).ok()?;
            Some(PreviewedUnit {
                unit: name,
                mode: unit.mode,
                command: command.preview(&known),
            })
        });
        Ok(PreviewedExperiment {
            id,
            config: item.config.clone(),
            repetition: item.repetition,
            commands: commands.collect(),
        })
    }
}

/// Assigns the same ids as a run.
struct Ids {
    registry: IdRegistry,
    prefixes: Option<IdPrefixes>,
}

/// Returns whether the first configs depend on the seed.
fn has_draws(domain: &Domain, iteration: &Iteration) -> Result<bool, PreviewError> {
    let first = |seed: u64| -> Result<Vec<Item>, PreviewError> {
        let configs = domain.configs(&iteration.clone().seed(seed))?;
        let items = configs.iter().take(LISTED_EXPERIMENTS);
        items.map(|item| Ok(item?)).collect()
    };
    Ok(first(1)? != first(2)?)
}

fn devices_of_workers(options: &RunOptions) -> Vec<Vec<Vec<String>>> {
    // Devices that cannot be assigned are an error of the file, or of the run.
    let assigned = get_devices(&options.devices, options.workers, options.branches);
    let mut assigned = assigned.unwrap_or_default();
    assigned.truncate(LISTED_WORKERS);
    assigned
}

fn check_folder_is_free(name: &str) -> Result<(), StorageError> {
    let path = Path::new(name);
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let path = path.to_owned();
    Err(match StoredResearch::load(&path) {
        Ok(_) => StorageError::Exists {
            name: name.to_owned(),
            path,
        },
        Err(_) => StorageError::Occupied { path },
    })
}
