//! Ends a branch: after a failure, the end of a generator, or a timeout.

use research_core::{
    Event, EventSink, ExceptionRecord, FailureKind, LogLevel, SinkError, Status, Timestamp, Unit,
    UnitError,
};

use super::{Branch, Cause, State};
use crate::task::Ending;

impl Branch {
    /// Fails the branch if its deadline has kept a unit from running in this iteration.
    pub(super) fn end_if_cut(&mut self, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        let Some(deadline) = self.limits.cut() else {
            return Ok(());
        };
        if self.has_failed() {
            return Ok(());
        }
        let message = format!("it ran into {deadline}");
        let error = UnitError::of_kind(FailureKind::TimedOut, message);
        self.fail(None, &error, sink)
    }

    pub(in crate::executor) fn fail(
        &mut self,
        unit: Option<&Unit>,
        error: &UnitError,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        self.context.check_stored()?;
        let kind = error.kind();
        let verb = match kind {
            FailureKind::Panic => "panicked",
            FailureKind::TimedOut => "timed out",
            _ => "failed",
        };
        let iteration = self.context.iteration();
        let name = unit.map(|unit| unit.name().to_owned());
        let who = match &name {
            Some(name) => format!("unit `{name}`"),
            None if kind == FailureKind::TimedOut => "it".to_owned(),
            None => "the executor's hook".to_owned(),
        };
        let reason = format!("{who} {verb} in iteration {iteration}: {}", error.message());
        self.stop(Cause {
            status: kind.status(),
            reason: Some(reason),
        });
        sink.emit(Event::Exception {
            at: Timestamp::now(),
            experiment: self.context.number(),
            exception: Box::new(ExceptionRecord {
                unit: name,
                iteration,
                kind,
                message: error.message().to_owned(),
                backtrace: error.backtrace().map(str::to_owned),
            }),
            command: error.command().map(str::to_owned),
        })
    }

    /// Ends the branch because a generator has ended.
    pub(super) fn come_to_end(&mut self, position: usize) {
        self.exhausted.push(position);
        self.stop(Cause {
            status: Status::Stopped,
            reason: None,
        });
    }

    /// Records the cause of the end. The first cause counts, but an error replaces the end of a
    /// generator.
    fn stop(&mut self, cause: Cause) {
        self.context.set_stopping();
        self.state = match std::mem::replace(&mut self.state, State::Running) {
            State::Running => State::Stopping(cause),
            State::Stopping(first) if first.status.is_success() => State::Stopping(cause),
            other => other,
        };
    }

    /// Whether the branch has failed.
    pub(in crate::executor) fn has_failed(&self) -> bool {
        match &self.state {
            State::Running => false,
            State::Stopping(cause) | State::Ended(cause) => !cause.status.is_success(),
        }
    }

    /// Ends a branch that was not run to its end.
    pub(in crate::executor) fn give_up(&mut self, status: Status, reason: &str) {
        self.state = State::Ended(Cause {
            status,
            reason: Some(reason.to_owned()),
        });
    }

    /// Records the end for the watch, after all events of the branch were delivered.
    pub(in crate::executor) fn note_end(&self) {
        if let Some(watched) = &self.limits.watched
            && !self.is_reported
        {
            watched.end(self.ending());
        }
    }

    /// Sends the last events of the branch and its end. Only the first call has an effect. The
    /// remaining generators are those of root units.
    pub(in crate::executor) fn report_end(
        &mut self,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        if std::mem::replace(&mut self.is_reported, true) {
            return Ok(());
        }
        if let Some(watched) = &self.limits.watched {
            watched.report_end();
        }
        self.send_saved(sink)?;
        // Generators may own processes, which must end with the experiment.
        self.generators.clear();
        self.usage.add_dropped(true);
        if let Err(error) = self.context.leave_folder() {
            let text = format!("the experiment's config.json cannot be written: {error}");
            self.context.log(LogLevel::Warning, text);
        }
        if let Some(keeper) = &self.keeper {
            // Programs may have printed until their generators were dropped above.
            keeper.send_memory(std::iter::once(self.context.number()), sink)?;
            if let Some(failure) = keeper.take_failure() {
                let text = format!("its output was not captured completely: {failure}");
                self.context.log(LogLevel::Warning, text);
            }
        }
        self.context.send_messages(sink)?;
        self.reported_iterations = self.iterations;
        let ending = self.ending();
        sink.emit(Event::ExperimentEnded {
            at: Timestamp::now(),
            experiment: ending.number,
            attempt: self.attempt,
            status: ending.status,
            reason: ending.reason,
            iterations: ending.iterations,
            usage: self.usage.read(),
        })
    }

    /// Whether the end of the branch was reported.
    pub(in crate::executor) fn is_reported(&self) -> bool {
        self.is_reported
    }

    /// Returns the ending of the branch, as if it ended now.
    pub(in crate::executor) fn ending(&self) -> Ending {
        let (status, reason) = match &self.state {
            State::Running => (Status::Finished, None),
            State::Stopping(cause) | State::Ended(cause) => (cause.status, cause.reason.clone()),
        };
        Ending {
            number: self.context.number(),
            status,
            reason,
            iterations: self.iterations,
        }
    }
}
