//! Tests that start other processes, one test at a time: a child that another thread forks holds
//! the locks of this process until it executes its program.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../all/common.rs"]
mod common;
mod killed_writer;
mod locks;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets one test run at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
