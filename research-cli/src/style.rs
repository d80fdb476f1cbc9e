//! Colours of messages.

use std::env;
use std::io::{self, IsTerminal};

/// The codes that colour a message; empty where there are no colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// What goes before words that say how bad it is, and before marks.
    pub mark: &'static str,
    /// What goes before what only frames the text.
    pub frame: &'static str,
    /// What ends both.
    pub end: &'static str,
}

impl Style {
    /// No colours.
    pub const PLAIN: Self = Self {
        mark: "",
        frame: "",
        end: "",
    };

    /// All codes that there are.
    pub(crate) const CODES: [&str; 3] =
        [Self::COLORED.mark, Self::COLORED.frame, Self::COLORED.end];

    const COLORED: Self = Self {
        mark: "\x1b[1;31m",
        frame: "\x1b[1;34m",
        end: "\x1b[0m",
    };

    /// Colours for standard error, where it is a terminal and they are wanted.
    #[must_use]
    pub fn of_stderr() -> Self {
        let has = |variable: &str| env::var_os(variable).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        if io::stderr().is_terminal() && !has("NO_COLOR") && !is_dumb {
            Self::COLORED
        } else {
            Self::PLAIN
        }
    }
}

/// How many columns the terminal has at which standard error is read; `None` if it is none.
#[must_use]
pub fn columns_of_stderr() -> Option<usize> {
    let terminal = console::Term::stderr();
    terminal.size_checked().map(|(_, columns)| columns.into())
}
