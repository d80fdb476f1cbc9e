//! Sends the saved values and other events of a branch.

use research_core::domain::Value;
use research_core::{Event, EventSink, SinkError, Timestamp};

use super::Branch;

impl Branch {
    pub(in crate::executor) fn saved_bytes(&self) -> usize {
        let profile = self.profile.as_ref().map_or(0, |profile| profile.bytes());
        self.context.saved_bytes() + profile
    }

    pub(in crate::executor) fn send_saved(
        &mut self,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        self.context.check_stored()?;
        if let Some(profile) = &mut self.profile {
            profile.send(self.context.number(), sink)?;
        }
        if let Some(keeper) = &self.keeper {
            keeper.send_memory(std::iter::once(self.context.number()), sink)?;
        }
        self.context.send_messages(sink)?;
        self.context.send_saved(sink)
    }

    /// Reports the devices of the branch.
    pub(in crate::executor) fn report_device(
        &self,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let device = self.context.full_config().get("device");
        sink.emit(Event::Device {
            experiment: self.context.number(),
            device: device.cloned().unwrap_or(Value::Null),
        })
    }

    pub(in crate::executor) fn report_progress(
        &mut self,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        if self.reported_iterations == self.iterations {
            return Ok(());
        }
        self.reported_iterations = self.iterations;
        sink.emit(Event::Progress {
            at: Timestamp::now(),
            experiment: self.context.number(),
            iterations: self.iterations,
        })
    }

    /// Whether a unit may take long: it was not called yet, or its last call took some
    /// milliseconds.
    pub(in crate::executor) fn may_take_long(&self, position: usize) -> bool {
        self.slow[position]
    }

    /// Sends saved values before a call that may take long: otherwise they would not be visible
    /// during the call, and would be lost if this process is killed.
    pub(in crate::executor) fn flush_saved(
        &mut self,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        if self.context.saved_bytes() == 0 {
            return Ok(());
        }
        self.send_saved(sink)?;
        sink.flush()
    }
}
