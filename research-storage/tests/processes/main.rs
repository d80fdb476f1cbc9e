//! Tests that start other processes. They run one at a time, because a child that another thread
//! forks holds the locks of this process until it executes its program.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../all/common.rs"]
mod common;
mod killed_writer;
mod locks;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits until no other test runs, and returns a guard that keeps others waiting.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
