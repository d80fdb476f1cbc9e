//! Locks whose holders cannot leave a half-made state behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a cache; a panic elsewhere while it was held left it usable, since every state of the
/// caches here is a right one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
