//! Logs the calls of units, at the level `debug`.

use std::time::Instant;

use research_core::{EventSink, LogLevel, Output, SinkError, Unit, UnitResult};

use super::Branch;

/// The limit on the characters of an output in an entry.
const SHOWN: usize = 200;

impl Branch {
    /// Whether the calls of units are logged.
    pub(super) fn logs_calls(&self) -> bool {
        self.context.logs(LogLevel::Debug)
    }

    /// Logs the start of a call. The entry is sent before the call, which may never return.
    pub(in crate::executor) fn log_begin(
        &mut self,
        unit: &Unit,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        if !self.logs_calls() {
            return Ok(());
        }
        let iteration = self.context.iteration();
        let text = format!("unit {} is called in iteration {iteration}", unit.name());
        self.context.log(LogLevel::Debug, text);
        self.context.send_messages(sink)?;
        sink.flush()
    }

    /// Logs the result of a call.
    pub(super) fn log_end(&mut self, unit: &Unit, began: Instant, result: &UnitResult) {
        let result = match result {
            Ok(Some(Output::Value(value))) => {
                let text = value.to_string();
                let cut = text.char_indices().nth(SHOWN).map(|(end, _)| end);
                match cut {
                    Some(end) => format!("returned {}…", &text[..end]),
                    None => format!("returned {text}"),
                }
            }
            Ok(Some(Output::Object(_))) => "returned an object".to_owned(),
            Ok(None) => "came to its end".to_owned(),
            // The exception has the reason.
            Err(_) => "failed".to_owned(),
        };
        let (name, iteration) = (unit.name(), self.context.iteration());
        let seconds = began.elapsed().as_secs_f64();
        let text = format!("unit {name} {result} after {seconds:.6} s in iteration {iteration}");
        self.context.log(LogLevel::Debug, text);
    }
}
