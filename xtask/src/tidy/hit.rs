//! A finding of a rule.

use std::fmt;

use super::sources::SourceFile;

/// A line that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The name of the crate, or `documents`.
    pub(super) owner: String,
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) problem: String,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {}", self.path, self.line, self.problem)
    }
}

impl Hit {
    pub(super) fn new(file: &SourceFile, line: usize, problem: impl Into<String>) -> Self {
        Self {
            owner: file.owner.clone(),
            path: file.path.clone(),
            line,
            problem: problem.into(),
        }
    }
}
