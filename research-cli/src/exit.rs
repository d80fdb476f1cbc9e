//! Exit codes.

use std::process::ExitCode;

/// The exit code of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All experiments succeeded, or the command succeeded.
    Success,
    /// Some experiments failed, or a check found a problem.
    Failures,
    /// The arguments or a file are invalid.
    Usage,
    /// Something cannot be run, read or stored.
    Impossible,
    /// The run was interrupted.
    Interrupted,
}

impl Exit {
    /// Returns the exit of another process of this program, from its code; `None` is a signal.
    #[must_use]
    pub fn from_code(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Success,
            Some(1) => Self::Failures,
            Some(2) => Self::Usage,
            Some(130) => Self::Interrupted,
            _ => Self::Impossible,
        }
    }

    /// Returns the exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failures => 1,
            Self::Usage => 2,
            Self::Impossible => 3,
            // The code that shells use for SIGINT.
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
