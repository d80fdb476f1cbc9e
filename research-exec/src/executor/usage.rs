//! Measures the resource usage of experiments.

use research_core::events::ResourceUsage;
use research_process::{EndedPrograms, UsageMeter, take_programs};

/// The method that measures the usage of the experiments of a task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Measured {
    /// The process was forked for the task.
    Forked,
    /// The program was executed for the task.
    Executed,
    /// The process has run other tasks before.
    Shared,
}

impl Measured {
    /// Starts to measure the code of a task. The usage of one of several branches cannot be
    /// measured.
    pub(super) fn start(self, branches: usize) -> Option<UsageMeter> {
        match self {
            Self::Forked if branches == 1 => Some(UsageMeter::Forked),
            Self::Executed if branches == 1 => Some(UsageMeter::Executed),
            // Start the meter in any case: that ends the measurement of the previous task.
            Self::Shared => UsageMeter::start().filter(|_| branches == 1),
            _ => None,
        }
    }
}

/// The usage of one experiment.
#[derive(Default)]
pub(super) struct BranchUsage {
    /// Measures the process, if it runs only the code of this experiment.
    meter: Option<UsageMeter>,
    /// Whether its units only run programs, so that its usage is that of the programs.
    only_programs: bool,
    /// Whether its task has other branches.
    has_siblings: bool,
    programs: Option<EndedPrograms>,
}

impl BranchUsage {
    pub(super) fn new(meter: Option<UsageMeter>, only_programs: bool, has_siblings: bool) -> Self {
        Self {
            meter,
            only_programs,
            has_siblings,
            programs: None,
        }
    }

    /// Adds the programs that ended in a call. Those of root units belong to all branches.
    pub(super) fn add_call(&mut self, is_root: bool) -> Option<EndedPrograms> {
        let ended = take_programs();
        if let Some(ended) = ended.filter(|_| !(is_root && self.has_siblings)) {
            self.add(ended);
        }
        ended
    }

    /// Adds the programs of generators that were dropped, without their exit codes, because they
    /// may have been killed.
    pub(super) fn add_dropped(&mut self, is_root: bool) {
        if let Some(mut dropped) = take_programs().filter(|_| !(is_root && self.has_siblings)) {
            dropped.exit_code = self.programs.and_then(|ended| ended.exit_code);
            self.add(dropped);
        }
    }

    fn add(&mut self, ended: EndedPrograms) {
        self.programs = Some(EndedPrograms {
            usage: self
                .programs
                .map_or(ended.usage, |before| before.usage.and(ended.usage)),
            ..ended
        });
    }

    /// Returns the usage so far, as far as it is known.
    pub(super) fn read(&self) -> ResourceUsage {
        let programs = self.programs.filter(|_| self.only_programs);
        let used = match self.meter {
            Some(meter) => meter.read(),
            None => programs.map(|ended| ended.usage),
        };
        ResourceUsage {
            exit_code: self.programs.and_then(|ended| ended.exit_code),
            ..recorded(used)
        }
    }
}

/// Converts a usage to the form that events record, without an exit code.
pub(crate) fn recorded(used: Option<research_process::ResourceUsage>) -> ResourceUsage {
    ResourceUsage {
        peak_memory: used.and_then(|used| used.peak_memory),
        cpu_seconds: used.map(|used| used.cpu_seconds),
        exit_code: None,
    }
}
