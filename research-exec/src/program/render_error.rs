//! Why a template cannot be filled in.

use std::io;
use std::path::PathBuf;

use research_core::units::NoPart;

/// A name in a template that nothing has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{{{name}}}`: unknown config item, unit or built-in name{hint} (to write a brace, double it: \
     `{{{{`)"
)]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The nearest name, or all that there are.
    pub hint: String,
}

/// A template that cannot be filled in.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Nothing has this name.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The unit has not put anything out yet.
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
        /// The field, and what there is.
        source: NoPart,
    },
    /// The unit's output lives in memory.
    #[error(
        "`{{{name}}}`: the output of unit `{unit}` is an object in memory, which no program can be \
         given: let the unit put out a value"
    )]
    Object {
        /// The name in the template.
        name: String,
        /// The unit.
        unit: String,
    },
    /// A value that names a builtin of the shell that evaluates its arguments.
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
    /// All flags stand where one word is needed.
    #[error("`{{flags}}` is a word of its own of `run`: it stands for a flag for each parameter")]
    Flags,
    /// A string of a list that the program would take for a flag.
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
    /// No device was given to the experiment.
    #[error("`{{device}}`: this experiment has no device: set `devices` for the run")]
    NoDevice,
    /// The text for standard input cannot be stored.
    #[error("`stdin`: the text cannot be kept in memory")]
    Stdin(#[source] io::Error),
    /// The file for standard input cannot be read.
    #[error("`stdin`: cannot read `{}`: {source}", .path.display())]
    StdinFile {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// There is no folder.
    #[error("`{{path}}`: the experiment's folder cannot be made")]
    Folder(#[source] io::Error),
}

impl RenderError {
    /// Whether there is no value, or none yet.
    pub(super) fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::Unknown(_) | Self::NotRun { .. } | Self::NoField { .. } | Self::NoDevice
        )
    }
}
