//! Exit codes.

use std::process::ExitCode;

/// How the program ended: its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All experiments finished or were stopped by their generators; any other command did what
    /// it was asked to.
    Success,
    /// Some experiments failed; a summary says which and why.
    Failures,
    /// It was used wrongly, or a file is bad.
    Usage,
    /// Something could not be run or stored.
    Impossible,
    /// It was interrupted.
    Interrupted,
}

impl Exit {
    /// The exit of a process of this program that ended with this code, or by a signal.
    #[must_use]
    pub fn of_code(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Success,
            Some(1) => Self::Failures,
            Some(2) => Self::Usage,
            Some(130) => Self::Interrupted,
            _ => Self::Impossible,
        }
    }

    /// The code that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failures => 1,
            Self::Usage => 2,
            Self::Impossible => 3,
            // What shells say of a program that was ended by the signal 2.
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
