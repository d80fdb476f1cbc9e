//! A valid description of a run.

use std::path::PathBuf;

use research_core::files::path_from_folder;
use research_core::{Experiment, ResearchRecord, RunOptions, Timestamp};
use research_domain::{Iteration, Rules};
use research_exec::devices::DeviceProbe;
use research_exec::{RunControl, Signals, Target};
use research_monitor::Progress;
use research_storage::check_name;

use crate::builder::Research;
use crate::changes;
use crate::check;
use crate::environment::check_env;
use crate::error::ResearchError;
use crate::fingerprint::{fingerprint, fingerprint_of_units};
use crate::place::Place;
use crate::roots::{Tasks, root_view};
use crate::run_history;
use crate::update::Rule;

/// A research with a valid description.
pub(crate) struct Prepared {
    pub(crate) research: Settings,
    pub(crate) experiment: Experiment,
    pub(crate) target: Target,
}

/// The rest of the description, after the experiment was built.
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) domain: research_domain::Domain,
    pub(crate) options: RunOptions,
    /// The rules for draws and ids; a resumed research uses those of its record.
    pub(crate) rules: Rules,
    pub(crate) seed: Option<u64>,
    pub(crate) source: Option<serde_json::Value>,
    pub(crate) source_file: Option<PathBuf>,
    pub(crate) updates: Vec<Rule>,
    pub(crate) subscribers: Vec<Box<dyn research_core::Subscriber>>,
    pub(crate) bar: Progress,
    pub(crate) quiet: bool,
    pub(crate) redo_failed: bool,
    pub(crate) allow_changes: bool,
    pub(crate) handle_signals: bool,
    pub(crate) on_large_tables: Option<Box<dyn FnOnce() + Send>>,
    pub(crate) probe: Box<dyn DeviceProbe>,
    pub(crate) control: RunControl,
}

impl Prepared {
    pub(crate) fn new(research: Research) -> Result<Self, ResearchError> {
        if research.has_lost_units {
            return Err(ResearchError::Options(
                "`experiment` replaces the units that were added before it: call it first"
                    .to_owned(),
            ));
        }
        let Research {
            name,
            place,
            domain,
            experiment,
            options,
            seed,
            source,
            source_file,
            updates,
            ..
        } = research;
        check_name(&name)?;
        check::place(&options, &place)?;
        options.env_meta.iter().try_for_each(check_env)?;
        domain.validate()?;
        check::options(&options, &domain)?;
        let experiment = experiment.build()?;
        check::timeouts(&experiment, &options)?;
        if updates.is_empty() {
            check::parameters(&experiment, &options, &domain)?;
        }
        let fingerprint = fingerprint(&name, &domain.to_string(), &experiment, &options, seed);
        let target = Target {
            name: name.clone(),
            fingerprint,
            units: fingerprint_of_units(&name, &experiment),
            earlier: run_history::count(fingerprint),
            earlier_runs: None,
        };
        let research = Settings {
            name,
            place,
            domain,
            options,
            rules: Rules::LATEST,
            seed,
            source,
            source_file,
            updates,
            subscribers: research.subscribers,
            bar: research.bar,
            quiet: research.quiet,
            redo_failed: research.redo_failed,
            allow_changes: research.allow_changes,
            handle_signals: research.handle_signals,
            on_large_tables: research.on_large_tables,
            probe: research.probe,
            control: research.control,
        };
        Ok(Self {
            research,
            experiment,
            target,
        })
    }

    /// Returns the rules by which tasks are formed, in a new or a resumed research.
    pub(crate) fn tasks(
        &self,
        options: &RunOptions,
        before: Option<&ResearchRecord>,
    ) -> Result<Tasks, ResearchError> {
        let Settings {
            domain, updates, ..
        } = &self.research;
        let view = root_view(&self.experiment, options, domain, !updates.is_empty());
        Ok(Tasks::new(view, options, before)?)
    }

    /// Starts to listen to signals, unless disabled.
    pub(crate) fn listen_to_signals(&self) -> Result<Option<Signals>, ResearchError> {
        let listening = self.research.handle_signals.then(Signals::listen);
        listening.transpose().map_err(|source| ResearchError::Io {
            action: "listen to signals",
            source,
        })
    }

    pub(crate) fn record(&self, options: RunOptions) -> ResearchRecord {
        let directory = std::env::current_dir().unwrap_or_default();
        let directory_from_folder = match &self.research.place {
            Place::Folder(base) => {
                let base = base.canonicalize().or_else(|_| std::path::absolute(base));
                let folder = base.map(|base| base.join(&self.research.name)).ok();
                folder.and_then(|folder| path_from_folder(&folder, &directory))
            }
            Place::Memory => None,
        };
        ResearchRecord {
            format: ResearchRecord::FORMAT,
            name: self.research.name.clone(),
            created: Timestamp::now().0,
            program: concat!("research ", env!("CARGO_PKG_VERSION")).to_owned(),
            build: changes::build(),
            directory,
            directory_from_folder,
            domain: self.research.domain.to_string(),
            rules: self.research.rules,
            options,
            units: self.experiment.describe(),
            commands: self.experiment.commands(),
            updates: self.research.updates.iter().map(Rule::describe).collect(),
            source: self.research.source.clone(),
            source_file: self.research.source_file.clone(),
        }
    }

    /// Returns the record of a resumed research: the first record, with the changes.
    pub(crate) fn record_of_resumed(
        &self,
        before: &ResearchRecord,
        options: &RunOptions,
    ) -> ResearchRecord {
        let now = self.record(options.clone());
        changes::updated(before, now).unwrap_or_else(|| before.clone())
    }

    pub(crate) fn check_changes(
        &self,
        before: &ResearchRecord,
        options: &RunOptions,
    ) -> Result<(), ResearchError> {
        let Settings {
            seed,
            allow_changes,
            ..
        } = self.research;
        let now = self.record(options.clone());
        changes::check(before, &now, seed, allow_changes)
    }
}

pub(crate) fn iteration(options: &RunOptions, rules: Rules) -> Iteration {
    Iteration::default()
        .n_items(options.n_configs.map(u128::from))
        .n_reps(options.n_reps)
        .repeat_each(options.repeat_each.map(u128::from))
        .seed(options.seed)
        .rules(rules)
}
