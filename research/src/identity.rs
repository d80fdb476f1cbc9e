//! Identifies a run of a program, on which leader and workers must agree.

use std::sync::Arc;

use research_core::Isolation;
use research_exec::{
    Target, WorkerBootstrap, end_if_lost, has_one_thread, is_in_unit, is_in_unknown_test,
};
use tempfile::TempDir;

use crate::active::ActiveRun;
use crate::completed_run::CompletedRun;
use crate::error::ResearchError;
use crate::place::StorageBackend;
use crate::prepared::Prepared;
use crate::run_history::{self, Ended};
use crate::worker;

impl Prepared {
    /// In a worker: serves the leader if this is the requested run, and returns the earlier result
    /// if the leader completed this run before. Returns `self` in a process that is not a worker,
    /// and in a unit of another research, where it may run without workers.
    pub(crate) fn serve_if_worker(self) -> Result<Result<CompletedRun, Self>, ResearchError> {
        if is_in_unit() {
            return match self.research.options.isolation {
                Isolation::None => Ok(Err(self)),
                Isolation::Worker | Isolation::Experiment => Err(ResearchError::InUnit {
                    name: self.research.name,
                }),
            };
        }
        end_if_lost();
        let Some(bootstrap) = WorkerBootstrap::received() else {
            return Ok(Err(self));
        };
        let Target {
            fingerprint,
            earlier,
            ..
        } = self.target;
        let meant = &bootstrap.target;
        let has_captures = self.experiment.code().has_captures();
        if run_history::is_meant(meant, fingerprint, earlier, has_captures) {
            if has_captures && !run_history::is_in_order(fingerprint) {
                worker::end_mixed_up(&self.research.name);
            }
            let run = has_captures.then_some(fingerprint);
            worker::serve_and_exit(bootstrap, run, |_| Ok(self.experiment));
        }
        let notes = meant.earlier_runs.as_deref();
        let ended = notes.and_then(|notes| run_history::find(notes, fingerprint, earlier));
        let Some(ended) = ended else {
            worker::end_astray(&meant.name, &self.research.name)
        };
        run_history::note(fingerprint, ended.clone(), self.is_described());
        match ended {
            Ended::Done(kept) => self.passed_by(kept).map(Ok),
            Ended::Failed(failed) => Err(failed.into()),
        }
    }

    /// Returns the result of a run that the leader completed earlier.
    fn passed_by(&self, kept: StorageBackend) -> Result<CompletedRun, ResearchError> {
        match kept {
            StorageBackend::Folder(folder) => CompletedRun::load(folder),
            StorageBackend::Memory(_) => Ok(CompletedRun {
                record: Arc::new(self.record(self.research.options.clone())),
                kept,
                report: None,
                recorded: Arc::default(),
                tables_failure: None,
            }),
        }
    }

    /// Leads a run with `lead`, and records its ending for workers of later runs.
    pub(crate) fn lead_by<T>(
        self,
        lead: impl FnOnce(Self, &ActiveRun) -> Result<(T, StorageBackend), ResearchError>,
    ) -> Result<T, ResearchError> {
        let Target {
            fingerprint, units, ..
        } = self.target;
        let place = self.research.place.clone();
        let is_described = self.is_described();
        let led = self.lead_in_order(is_described, lead);
        run_history::note_place(units, &place, led.is_err());
        let ended = match &led {
            Ok((_, kept)) => Ended::Done(kept.clone()),
            Err(error) => Ended::Failed(error.into()),
        };
        run_history::note(fingerprint, ended, is_described);
        led.map(|(led, _)| led)
    }

    fn lead_in_order<T>(
        self,
        is_described: bool,
        lead: impl FnOnce(Self, &ActiveRun) -> Result<T, ResearchError>,
    ) -> Result<T, ResearchError> {
        let fingerprint = self.target.fingerprint;
        let name = self.research.name.clone();
        let has_workers = self.research.options.isolation != Isolation::None;
        if has_workers && is_in_unknown_test() {
            return Err(ResearchError::UnknownTest { name });
        }
        let is_in_order = !is_described || run_history::is_in_order(fingerprint);
        let control = self.research.control.clone();
        let active = ActiveRun::begin(fingerprint, is_described, control);
        let active = active.filter(|_| is_in_order);
        let Some(active) = active else {
            return Err(ResearchError::NotToldApart { name });
        };
        let led = lead(self, &active);
        if active.is_mixed_up() {
            return Err(ResearchError::NotToldApart { name });
        }
        led
    }

    /// Whether workers find the run by its description, which does not include captured values.
    fn is_described(&self) -> bool {
        self.experiment.code().has_captures()
            && self.research.options.isolation != Isolation::None
            && !has_one_thread()
    }

    /// Returns the run that workers must reach, and the record of earlier runs.
    pub(crate) fn target(&self, notes: Option<&TempDir>, is_resumed: bool) -> Target {
        let target = &self.target;
        let is_of_entry = !self.experiment.code().has_captures()
            || run_history::is_of_entry(target.units, &self.research.place, is_resumed);
        Target {
            earlier_runs: notes.map(|folder| folder.path().to_owned()),
            // An entry lacks these units, so workers continue to the run itself.
            units: if is_of_entry {
                target.units
            } else {
                !target.units
            },
            ..target.clone()
        }
    }
}
