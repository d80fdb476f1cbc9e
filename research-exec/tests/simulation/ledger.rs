//! The state of each experiment, with assertions about its transitions.

use research_core::{Event, ExperimentNumber, Status};

use crate::scheduler::Settings;

/// The state of all experiments, by their numbers.
#[derive(Debug)]
pub(super) struct Ledger {
    lines: Vec<Line>,
    settings: Settings,
    updates: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    /// The last attempt that has begun.
    began: u32,
    /// The last attempt that has ended; `status` is its status.
    ended: u32,
    status: Option<Status>,
    runs: bool,
    /// The number of attempts that failed.
    failures: u32,
    /// The earliest moment of its next retry.
    not_before: u64,
}

impl Ledger {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            lines: Vec::new(),
            settings,
            updates: 0,
        }
    }

    /// A worker begins the experiment.
    pub(super) fn runs(&mut self, number: ExperimentNumber, now: u64) {
        let line = self.line(number);
        assert!(!line.runs, "experiment {number} runs twice at once");
        assert!(
            line.not_before <= now,
            "experiment {number} is retried too early"
        );
        line.runs = true;
    }

    /// The experiment has ended, or its worker has.
    pub(super) fn rests(&mut self, number: ExperimentNumber) {
        self.line(number).runs = false;
    }

    /// Returns whether the experiment was cancelled.
    pub(super) fn is_cancelled(&mut self, number: ExperimentNumber) -> bool {
        self.line(number).status == Some(Status::Cancelled)
    }

    pub(super) fn appended(&mut self, event: &Event, now: u64) {
        match event {
            Event::ExperimentStarted {
                experiment,
                attempt,
                ..
            } => {
                let line = self.line(*experiment);
                assert!(line.began < *attempt, "attempts go up");
                let has_ended = line.status.is_some_and(|status| !status.is_failure());
                assert!(!has_ended, "only failures are retried");
                line.began = *attempt;
            }
            Event::ExperimentEnded {
                experiment,
                attempt,
                status,
                ..
            } => {
                let line = self.line(*experiment);
                assert_eq!(line.began, *attempt, "an end has a start");
                assert!(line.ended < *attempt, "an attempt ends once");
                line.ended = *attempt;
                line.status = Some(*status);
                if status.is_failure() {
                    line.failures += 1;
                    let failures = line.failures;
                    let delay = self.delay(failures);
                    self.line(*experiment).not_before = now + delay;
                    let most = self.settings.retries + 1;
                    assert!(failures <= most, "at most {most} attempts fail");
                }
            }
            Event::DomainUpdated { update, .. } => {
                self.updates += 1;
                assert_eq!(update.updates, self.updates, "updates are counted");
                let taken = self.lines.len() as u64;
                assert!(taken <= update.generated, "none is run before it is taken");
            }
            _ => {}
        }
    }

    fn delay(&self, failures: u32) -> u64 {
        let doublings = if self.settings.double_retry_delay {
            failures - 1
        } else {
            0
        };
        let delay = u64::try_from(self.settings.retry_delay.as_micros());
        delay.expect("it is short") << doublings
    }

    /// Asserts, at the end of a run, that every experiment taken from the domain has a final
    /// status.
    pub(super) fn is_complete(&self, generated: u64) {
        assert_eq!(self.lines.len() as u64, generated, "each was begun");
        let retries = self.settings.retries;
        for (number, line) in self.lines.iter().enumerate() {
            assert_eq!(line.began, line.ended, "experiment {number} has ended");
            if line.status == Some(Status::Failed) {
                assert!(line.failures > retries, "experiment {number} is retried");
            }
        }
    }

    fn line(&mut self, number: ExperimentNumber) -> &mut Line {
        let place = usize::try_from(number.0).expect("few enough");
        if self.lines.len() <= place {
            self.lines.resize(place + 1, Line::default());
        }
        &mut self.lines[place]
    }
}
