//! Saving the outputs of units and large values, and the messages of an experiment.

use std::borrow::Cow;
use std::sync::Arc;

use research_domain::Value;

use super::Context;
use crate::event::{Event, Timestamp};
use crate::log_level::LogLevel;
use crate::output::{IntoOutput, Output, Save};
use crate::root_scope::SavedValue;
use crate::traits::OutputSink;
use crate::unit_error::UnitError;
use crate::values::column::weight;
use crate::values::large::{LARGE_BYTES, LargeValue, LargeValueError};

/// The size limit of one value, in bytes, if it is sent to the leader in an event.
const LARGEST_IN_MEMORY: usize = crate::codec::MESSAGE_LIMIT / 8;

/// Numbers are never large; they are checked first, because this path must be fast.
#[inline]
fn is_large(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => false,
        Value::Text(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) => {
            weight(value) >= LARGE_BYTES
        }
    }
}

impl Context {
    /// Saves a value of this iteration under a name.
    ///
    /// # Errors
    /// The value cannot be represented, or is an object in memory.
    pub fn save(&mut self, variable: &str, value: impl IntoOutput) -> Result<(), UnitError> {
        match value.into_output()? {
            Output::Value(value) => self.save_value(variable, value),
            Output::Object(_) => Err(UnitError::not_a_value(variable)),
        }
    }

    /// Saves a value of this iteration. A large one is written to a file at once.
    ///
    /// # Errors
    /// The value is large and its file cannot be written, which ends the run even if the unit
    /// handles the error; or the research has no folder and the value is too large for the log.
    #[inline]
    pub fn save_value(&mut self, variable: &str, value: Value) -> Result<(), UnitError> {
        if is_large(&value) {
            return self.save_large(variable, Cow::Owned(value));
        }
        if self.root.is_some() {
            self.note_root_saved(variable, || SavedValue::Value(value.clone()));
        }
        self.saved.push(variable, self.iteration, value);
        Ok(())
    }

    /// Saves a value as [`save_value`](Self::save_value) does. Only a value that is not large is
    /// copied.
    fn save_copy(&mut self, variable: &str, value: &Value) -> Result<(), UnitError> {
        if is_large(value) {
            return self.save_large(variable, Cow::Borrowed(value));
        }
        self.saved.push(variable, self.iteration, value.clone());
        Ok(())
    }

    #[cold]
    fn save_large(&mut self, variable: &str, value: Cow<'_, Value>) -> Result<(), UnitError> {
        // The research's folder is the parent of the experiments' folder.
        let research = self
            .folder
            .as_ref()
            .and_then(|folder| folder.ancestors().nth(2));
        let Some(research) = research else {
            let bytes = weight(&value);
            if bytes > LARGEST_IN_MEMORY {
                return Err(UnitError::new(format!(
                    "`{variable}` takes {bytes} bytes, too many for a research that is kept in \
                     memory: give it a folder"
                )));
            }
            let value = value.into_owned();
            self.note_root_saved(variable, || SavedValue::Value(value.clone()));
            self.saved.push(variable, self.iteration, value);
            return Ok(());
        };
        let large = LargeValue::write(&value, research).map_err(|error| {
            let reason = format!("`{variable}` cannot be saved: {error}");
            if matches!(error, LargeValueError::Io { .. }) {
                self.unstored = Some(reason.clone());
            }
            UnitError::new(reason)
        })?;
        self.note_root_saved(variable, || SavedValue::Large(large.clone()));
        self.saved.push_large(variable, self.iteration, large);
        Ok(())
    }

    /// Saves the output of a unit.
    #[inline]
    pub(crate) fn save_output(&mut self, save: &Save, output: &Output) -> Result<(), UnitError> {
        match (save, output) {
            (Save::Nothing, _) => Ok(()),
            (Save::As(name), Output::Value(value)) => self.save_copy(name, value),
            (Save::Parts(names), Output::Value(value)) => save_parts(names, value, self),
            (Save::Map, Output::Value(value)) => save_map(value, self),
            (Save::As(name), Output::Object(_)) => Err(UnitError::not_a_value(name)),
            (_, Output::Object(_)) => Err(UnitError::not_a_value("the output")),
        }
    }

    /// Writes a line to the logs of the experiment and of the research, if `level` is at least the
    /// run's `loglevel`. The line is sent when the unit has ended.
    ///
    /// ```
    /// use research_core::{Context, Experiment, LogLevel};
    ///
    /// let experiment = Experiment::builder().unit("train", |cx: &mut Context| {
    ///     cx.log(LogLevel::Warning, "the loss rises");
    ///     Ok(())
    /// });
    /// ```
    pub fn log(&mut self, level: LogLevel, text: impl Into<String>) {
        if self.logs(level) {
            self.messages.push(Event::Message {
                at: Timestamp::now(),
                experiment: Some(self.number),
                level,
                text: text.into(),
            });
        }
    }

    /// Whether the run's `loglevel` includes messages of this level.
    #[must_use]
    pub fn logs(&self, level: LogLevel) -> bool {
        level >= self.loglevel
    }

    /// Returns the sink for the output of programs of units, if it is kept.
    #[must_use]
    pub fn output_sink(&self) -> Option<&Arc<dyn OutputSink>> {
        self.output.as_ref()
    }
}

fn save_parts(
    names: &[Option<String>],
    value: &Value,
    context: &mut Context,
) -> Result<(), UnitError> {
    let parts = match value {
        Value::List(parts) if parts.len() == names.len() => parts,
        other => {
            let found = match other {
                Value::List(parts) => format!("{} values", parts.len()),
                other => format!("one value ({})", other.kind()),
            };
            return Err(UnitError::new(format!(
                "`save_to` has {} names and the unit put out {found}",
                names.len()
            )));
        }
    };
    for (name, part) in names.iter().zip(parts) {
        if let Some(name) = name {
            context.save_copy(name, part)?;
        }
    }
    Ok(())
}

fn save_map(value: &Value, context: &mut Context) -> Result<(), UnitError> {
    let Value::Map(entries) = value else {
        return Err(UnitError::new(format!(
            "`save_output_dict` needs a map, and the unit put out a value ({})",
            value.kind()
        )));
    };
    for (name, part) in entries {
        context.save_copy(name, part)?;
    }
    Ok(())
}
