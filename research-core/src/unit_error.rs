//! The error of a unit.

use std::error::Error;
use std::fmt;

use crate::event::FailureKind;

/// The error of a unit. Any error converts into it, so `?` works in units; like `anyhow::Error`
/// it is not itself a [`std::error::Error`].
#[derive(Debug)]
pub struct UnitError {
    kind: FailureKind,
    message: String,
    backtrace: Option<String>,
    command: Option<String>,
}

impl UnitError {
    /// Returns an error with this message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self::of_kind(FailureKind::Error, message)
    }

    /// Returns an error of this kind, such as a killed program or an expired timeout.
    #[must_use]
    pub fn of_kind(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            backtrace: None,
            command: None,
        }
    }

    /// Adds a backtrace, or the last lines of a program's output.
    #[must_use]
    pub fn with_backtrace(mut self, backtrace: impl Into<String>) -> Self {
        self.backtrace = Some(backtrace.into());
        self
    }

    /// Adds the command that the unit ran, as a user would type it.
    #[must_use]
    pub fn with_command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Returns the error of saving an object under a name.
    pub(crate) fn not_a_value(variable: &str) -> Self {
        Self::new(format!(
            "`{variable}` cannot be saved: it is an object in memory, not a value"
        ))
    }

    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Returns the message, with the causes of the error.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the backtrace, if there is one.
    #[must_use]
    pub fn backtrace(&self) -> Option<&str> {
        self.backtrace.as_deref()
    }

    /// Returns the command that the unit ran, if it ran one.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.command.as_deref()
    }
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for UnitError {
    fn from(error: E) -> Self {
        let error = error.into();
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            // Many errors include their cause in their own message.
            let text = inner.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = inner.source();
        }
        Self::new(message)
    }
}
