//! Experiments: ordered lists of units.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::code::Code;
use crate::context::ExecutorContext;
use crate::event::{ExperimentNumber, ExperimentRecord};
use crate::hooks::ExecutorHooks;
use crate::output::Save;
use crate::unit::{Unit, UnitBody};
use crate::unit_table::{UnitEntry, UnitTable};
use crate::values::history::KeptVariables;
use crate::values::pending::Columns;
use crate::view::ResearchView;

/// The units that run for each config, in order, at every iteration. Cheap to clone.
#[derive(Clone)]
pub struct Experiment {
    units: Arc<[Unit]>,
    table: UnitTable,
    code: Code,
    kept: Arc<KeptVariables>,
    hooks: Option<Arc<dyn ExecutorHooks>>,
    view: Option<Arc<dyn ResearchView>>,
}

impl Experiment {
    /// `saved` lists the saved variables that expressions read.
    pub(crate) fn new(
        units: Vec<Unit>,
        code: Code,
        saved: Vec<String>,
        hooks: Option<Arc<dyn ExecutorHooks>>,
    ) -> Self {
        let reads_anything = |unit: &Unit| unit.body.inputs().is_none();
        let kept = KeptVariables {
            named: saved,
            others: hooks.is_some() || units.iter().any(reads_anything),
        };
        let entries = units.iter().map(|unit| UnitEntry {
            name: unit.name.clone(),
            when: unit.when.clone(),
            is_root: unit.is_root(),
            is_instance: unit.instance.is_some(),
        });
        Self {
            table: UnitTable::new(entries),
            units: units.into(),
            code,
            kept: Arc::new(kept),
            hooks,
            view: None,
        }
    }

    /// Returns a context for an experiment that has not begun. `number` is its number in the log,
    /// `experiments_folder` the parent of the experiments' folders.
    #[must_use]
    pub fn context(
        &self,
        number: ExperimentNumber,
        record: Arc<ExperimentRecord>,
        experiments_folder: Option<PathBuf>,
    ) -> ExecutorContext {
        let (units, view) = (self.table.clone(), self.view.clone());
        let saved = Columns::new(Arc::clone(&self.kept));
        ExecutorContext::new(units, view, number, record, experiments_folder, saved)
    }

    /// Returns the units, in order.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Returns the hooks of an embedder.
    #[inline]
    #[must_use]
    pub fn hooks(&self) -> Option<&dyn ExecutorHooks> {
        self.hooks.as_deref()
    }

    /// Returns the hooks of an embedder, shared.
    #[must_use]
    pub fn shared_hooks(&self) -> Option<Arc<dyn ExecutorHooks>> {
        self.hooks.clone()
    }

    /// Makes the experiment part of a research, which its units can read with [`r`](crate::r) and
    /// [`s`](crate::s). For code that runs researches.
    #[must_use]
    pub fn with_view(mut self, view: Arc<dyn ResearchView>) -> Self {
        self.view = Some(view);
        self
    }

    /// Returns the index of the unit with this name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.table.position(name)
    }

    /// Returns the index after the last branch pipeline of the pipeline at this index. Branch
    /// pipelines follow their pipeline.
    #[must_use]
    pub fn block_end(&self, pipeline: usize) -> usize {
        let followers = self.units[pipeline + 1..].iter();
        let steps = followers.take_while(|unit| unit.source() == Some(pipeline));
        pipeline + 1 + steps.count()
    }

    /// Returns the default number of iterations: one if all units are callables, else as many
    /// as the generators yield.
    #[must_use]
    pub fn default_n_iters(&self) -> Option<u64> {
        let has_generators = self.units.iter().any(Unit::ends_experiment);
        (!has_generators).then_some(1)
    }

    /// Whether every unit does its work in a separate process, or runs no code of the user.
    #[must_use]
    pub fn is_processes(&self) -> bool {
        self.units
            .iter()
            .all(|unit| unit.is_process() || (unit.is_saving() && !unit.saves_by_function()))
    }

    /// Returns the identity of the functions that it calls, and of its hooks. Experiments with the
    /// same description and the same code do the same, unless closures have captured values.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns one line for each unit: name, kind, when it is due, what it saves.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        self.units.iter().map(describe).collect()
    }

    /// Returns one line for each unit: the command of a program, or the arguments of a function;
    /// empty if neither is known.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        commands(&self.units)
    }
}

/// Returns one line for each unit: the command of a program, or the arguments of a function; empty
/// if neither is known.
pub(crate) fn commands(units: &[Unit]) -> Vec<String> {
    let command = |unit: &Unit| match unit.body() {
        UnitBody::Callable(body) => body.describe(),
        UnitBody::Generator(body) => body.describe(),
        UnitBody::Save { .. } | UnitBody::Dump(_) => None,
    };
    units
        .iter()
        .map(|unit| command(unit).unwrap_or_default())
        .collect()
}

pub(crate) fn describe(unit: &Unit) -> String {
    let kind = match unit.body() {
        UnitBody::Callable(_) if unit.instance.is_some() => "instance".to_owned(),
        UnitBody::Callable(_) => "callable".to_owned(),
        UnitBody::Generator(_) => match &unit.source {
            Some(pipeline) => format!("branch pipeline of {pipeline}"),
            None if unit.full_run => "pipeline, full run".to_owned(),
            None if unit.batches.is_some() => "pipeline".to_owned(),
            None => "generator".to_owned(),
        },
        UnitBody::Save {
            expression,
            variable,
        } => format!("save {expression} as {variable}"),
        UnitBody::Dump(names) if names.is_empty() => "dump".to_owned(),
        UnitBody::Dump(names) => format!("dump {}", names.join(", ")),
    };
    let save = match &unit.save {
        Save::Nothing => String::new(),
        Save::As(name) => format!(", saved as {name}"),
        Save::Parts(names) => {
            let names: Vec<&str> = names.iter().map(|n| n.as_deref().unwrap_or("-")).collect();
            format!(", saved as {}", names.join(", "))
        }
        Save::Map => ", its keys saved".to_owned(),
    };
    let root = if unit.is_root() { ", root" } else { "" };
    let dump = match unit.dump() {
        Some(when) => format!(", dumped when {when}"),
        None => String::new(),
    };
    format!(
        "{} ({kind}, when {}{root}{save}{dump})",
        unit.name(),
        unit.when()
    )
}

impl fmt::Debug for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.units.iter()).finish()
    }
}
