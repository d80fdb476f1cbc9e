//! Saved values: columns of them, those that wait to be sent, and large ones in files of their own.

pub(crate) mod column;
pub(crate) mod history;
pub(crate) mod large;
pub(crate) mod pending;
