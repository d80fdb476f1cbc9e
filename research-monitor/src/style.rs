//! Colors of messages on a terminal.

use std::env;
use std::io::{self, IsTerminal};

/// The escape sequences that color a message; empty where colors are off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Starts the severity (`error:`) and carets.
    pub mark: &'static str,
    /// Starts the parts that frame a quoted line: arrows, line numbers, `help:`.
    pub frame: &'static str,
    /// Ends both.
    pub end: &'static str,
}

impl Style {
    /// No colors.
    pub const PLAIN: Self = Self {
        mark: "",
        frame: "",
        end: "",
    };

    /// Every sequence that a style uses, for [`ControlFilter::allow`](crate::ControlFilter::allow).
    pub const SEQUENCES: [&str; 3] = [Self::COLORED.mark, Self::COLORED.frame, Self::COLORED.end];

    const COLORED: Self = Self {
        mark: "\x1b[1;31m",
        frame: "\x1b[1;34m",
        end: "\x1b[0m",
    };

    /// The style of standard error: colored on a terminal, unless `NO_COLOR` is set or `TERM` is
    /// `dumb`.
    #[must_use]
    pub fn for_stderr() -> Self {
        let has = |variable: &str| env::var_os(variable).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        if io::stderr().is_terminal() && !has("NO_COLOR") && !is_dumb {
            Self::COLORED
        } else {
            Self::PLAIN
        }
    }
}
