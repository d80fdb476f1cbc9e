//! Saving the outputs of units and large values, and the messages of an experiment.

use std::borrow::Cow;
use std::sync::Arc;

use research_domain::Value;

use super::{Context, SavedValue};
use crate::event::{Event, Timestamp};
use crate::log_level::LogLevel;
use crate::output::Output;
use crate::traits::OutputSink;
use crate::unit::{Save, UnitError};
use crate::values::column::weight;
use crate::values::large::{LARGE_BYTES, LargeValue, LargeValueError};

/// The most that one value may take, in bytes, where it travels to the leader in an event.
const LARGEST_IN_MEMORY: usize = crate::codec::MESSAGE_LIMIT / 8;

/// Numbers are never large, and their way must be short.
#[inline]
pub(super) fn is_large(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => false,
        Value::Text(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) => {
            weight(value) >= LARGE_BYTES
        }
    }
}

impl Context {
    #[cold]
    pub(super) fn save_large(
        &mut self,
        variable: &str,
        value: Cow<'_, Value>,
    ) -> Result<(), UnitError> {
        // The research's folder is that around the experiments'.
        let research = self
            .folder
            .as_ref()
            .and_then(|folder| folder.ancestors().nth(2));
        let Some(research) = research else {
            let bytes = weight(&value);
            if bytes > LARGEST_IN_MEMORY {
                return Err(UnitError::new(format!(
                    "`{variable}` takes {bytes} bytes, too many for a research that is kept in memory: give it a folder"
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

    /// Writes a line to the experiment's log and that of the research, if it matters as much as
    /// the run's `loglevel` asks for. It is there when the unit has ended.
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
        if level >= self.loglevel {
            self.messages.push(Event::Message {
                at: Timestamp::now(),
                experiment: Some(self.number),
                level,
                text: text.into(),
            });
        }
    }

    /// Who takes what programs of units print, where that is kept.
    #[must_use]
    pub fn output_sink(&self) -> Option<&Arc<dyn OutputSink>> {
        self.output.as_ref()
    }
}

pub(super) fn not_a_value(variable: &str) -> UnitError {
    UnitError::new(format!(
        "`{variable}` cannot be saved: it is an object in memory, not a value"
    ))
}

pub(crate) fn save_output(
    save: &Save,
    output: &Output,
    context: &mut Context,
) -> Result<(), UnitError> {
    let value = match (save, output) {
        (Save::Nothing, _) => return Ok(()),
        (_, Output::Value(value)) => value,
        (Save::As(name), Output::Object(_)) => return Err(not_a_value(name)),
        (_, Output::Object(_)) => return Err(not_a_value("the output")),
    };
    match save {
        Save::Nothing => {}
        Save::As(name) => context.save_copy(name, value)?,
        Save::Parts(names) => save_parts(names, value, context)?,
        Save::Map => save_map(value, context)?,
    }
    Ok(())
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
