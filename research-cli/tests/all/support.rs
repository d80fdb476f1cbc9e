//! Shared code of the tests: projects in temporary folders, and stored researches.

mod project;
mod stored;

pub(crate) use project::{CommandOutput, Gated, Project, Running, SHOW, names, send, wait_for};
pub(crate) use stored::{at, ended, record, research, started, text};
