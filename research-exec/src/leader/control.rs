//! Ending a run from another thread of its program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;

use crate::scheduler::Input;

/// Lets any thread of the leader's program end a run, as Ctrl-C does. Its clones control the same
/// run.
#[derive(Clone, Debug, Default)]
pub struct RunControl(Arc<Mutex<Control>>);

#[derive(Debug, Default)]
struct Control {
    /// Where the leader listens; `None` before it begins and after it ends.
    inbox: Option<Sender<Input>>,
    /// Whether it was asked to stop before the leader began.
    stop: bool,
    /// Whether it was asked to end at once before the leader began.
    kill: bool,
}

impl RunControl {
    /// Asks the run to finish what it has begun, and to start nothing new.
    pub fn stop(&self) {
        let mut control = self.lock();
        control.stop = true;
        control.send(Input::Stop);
    }

    /// Asks the run to end at once.
    pub fn kill(&self) {
        let mut control = self.lock();
        control.kill = true;
        control.send(Input::Kill);
    }

    /// Whether both control the same run.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn lock(&self) -> MutexGuard<'_, Control> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects the leader, and forwards what was asked for before. It is disconnected when the
    /// guard is dropped.
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
            // A leader that has ended needs no stop.
            let _ = inbox.send(input);
        }
    }
}

/// A leader that can be controlled.
pub(super) struct Connected(RunControl);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.lock().inbox = None;
    }
}
