//! A number of configs, which may be infinite.

use std::fmt::{self, Display, Formatter};

/// A number of configs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    /// A finite number.
    Finite(u128),
    /// Infinitely many.
    Infinite,
}

impl Count {
    /// Returns the number, unless it is infinite.
    pub fn finite(self) -> Option<u128> {
        match self {
            Count::Finite(count) => Some(count),
            Count::Infinite => None,
        }
    }

    /// Returns whether there is an item at `index`, counted from zero.
    pub(crate) fn has(self, index: u128) -> bool {
        Count::Finite(index) < self
    }
}

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Count::Finite(count) => count.fmt(f),
            Count::Infinite => f.pad("infinite"),
        }
    }
}
