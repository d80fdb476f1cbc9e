//! Errors of filling in a template.

use std::io;
use std::path::PathBuf;

use research_core::units::NoPart;

/// A name in a template that is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{{{name}}}`: unknown config item, unit or built-in name{hint} (to write a brace, double it: \
     `{{{{`)"
)]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The most similar name, or all known names.
    pub hint: String,
}

/// The reason why a template cannot be filled in.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The name is unknown.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The unit has no output yet.
    #[error(
        "`{{{name}}}`: unit `{unit}` has no output yet: it failed, is not due, or must come before \
         this unit"
    )]
    NotRun {
        /// The name in the template.
        name: String,
        /// The unit.
        unit: String,
    },
    /// The value has no such field.
    #[error("`{{{name}}}`: {source}")]
    NoField {
        /// The name in the template.
        name: String,
        /// The unknown field, with a description of the value.
        source: NoPart,
    },
    /// The output of the unit is an object in memory.
    #[error(
        "`{{{name}}}`: the output of unit `{unit}` is an object in memory, which a program cannot \
         receive: let the unit output a value"
    )]
    Object {
        /// The name in the template.
        name: String,
        /// The unit.
        unit: String,
    },
    /// The value is the name of a shell builtin that evaluates its arguments.
    #[error(
        "`{{{name}}}`: the value is the command `{command}` of the shell, which evaluates its \
         arguments: only programs can be named by a value"
    )]
    Builtin {
        /// The name in the template.
        name: String,
        /// The value.
        command: String,
    },
    /// `{flags}` is where a single word is needed.
    #[error("`{{flags}}` is a word of its own of `run`: it becomes a flag for each parameter")]
    Flags,
    /// The program would interpret a string of a list as a flag.
    #[error(
        "`{{flags*}}`: the element `{element}` of `{key}` begins with `-`: the program would take \
         it for a flag of its own; use `{{flags}}`, which gives lists as JSON"
    )]
    FlagInList {
        /// The item of the config.
        key: String,
        /// The element.
        element: String,
    },
    /// The experiment has no device.
    #[error("`{{device}}`: this experiment has no device: set `devices` for the run")]
    NoDevice,
    /// The text for standard input cannot be stored.
    #[error("`stdin`: cannot store the text in memory")]
    Stdin(#[source] io::Error),
    /// The file for standard input cannot be read.
    #[error("`stdin`: cannot read `{}`: {source}", .path.display())]
    StdinFile {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The experiment's folder cannot be created.
    #[error("`{{path}}`: cannot create the experiment's folder")]
    Folder(#[source] io::Error),
}

impl RenderError {
    /// Returns whether the value does not exist, or does not exist yet.
    pub(super) fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::Unknown(_) | Self::NotRun { .. } | Self::NoField { .. } | Self::NoDevice
        )
    }
}
