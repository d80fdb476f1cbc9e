//! Saved values: columns, values that wait to be sent, and large values in separate files.

pub(crate) mod column;
pub(crate) mod history;
pub(crate) mod large;
pub(crate) mod pending;
