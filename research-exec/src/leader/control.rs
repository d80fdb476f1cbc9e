//! The control by which other threads of the program end a run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;
use research_core::{ExperimentNumber, Status};

use crate::scheduler::Input;

/// Lets any thread of the leader's program stop a run, as Ctrl-C does, or cancel an experiment.
/// Clones control the same run.
#[derive(Clone, Debug, Default)]
pub struct RunControl(Arc<Mutex<Control>>);

#[derive(Debug, Default)]
struct Control {
    /// The inbox of the leader; `None` before it begins and after it ends.
    inbox: Option<Sender<Input>>,
    /// Whether `stop` was called before the leader began.
    stop: bool,
    /// Whether `kill` was called before the leader began.
    kill: bool,
}

impl RunControl {
    /// Lets running experiments finish, and starts no others.
    pub fn stop(&self) {
        let mut control = self.lock();
        control.stop = true;
        control.send(Input::Stop);
    }

    /// Ends one running experiment with status `cancelled`. It is not retried. If it is not
    /// running, a warning is logged. Returns false if the run has not begun or has ended.
    pub fn cancel(&self, experiment: ExperimentNumber, reason: Option<String>) -> bool {
        let control = self.lock();
        control.send(Input::Cancel {
            experiment,
            status: Status::Cancelled,
            reason,
        });
        control.inbox.is_some()
    }

    /// Ends the run at once.
    pub fn kill(&self) {
        let mut control = self.lock();
        control.kill = true;
        control.send(Input::Kill);
    }

    /// Returns whether both control the same run.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn lock(&self) -> MutexGuard<'_, Control> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects the leader, and forwards earlier requests to it. Dropping the guard disconnects it.
    pub(super) fn connect(&self, inbox: &Sender<Input>) -> Connected {
        let mut control = self.lock();
        control.inbox = Some(inbox.clone());
        if control.stop {
            control.send(Input::Stop);
        }
        if control.kill {
            control.send(Input::Kill);
        }
        drop(control);
        Connected(self.clone())
    }
}

impl Control {
    fn send(&self, input: Input) {
        if let Some(inbox) = &self.inbox {
            // The leader may have ended.
            let _ = inbox.send(input);
        }
    }
}

/// The connection to a leader.
pub(super) struct Connected(RunControl);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.lock().inbox = None;
    }
}
