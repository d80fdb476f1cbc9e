//! The identity of the code that an experiment runs.

use std::any::TypeId;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The identity of a function, or of several. It is the same in all processes of one program.
///
/// A function without captured values is identified completely, a closure with captured values only
/// by its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Code {
    fingerprint: u64,
    has_captures: bool,
}

impl Code {
    /// Returns the identity of a function of type `F`, by its type and size.
    pub(crate) fn of<F: 'static>() -> Self {
        Self {
            fingerprint: fingerprint(TypeId::of::<F>()),
            has_captures: size_of::<F>() != 0,
        }
    }

    /// Returns the identity of unknown code.
    pub(crate) fn unknown() -> Self {
        Self {
            fingerprint: 0,
            has_captures: true,
        }
    }

    /// Combines two identities.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            fingerprint: fingerprint((self.fingerprint, other.fingerprint)),
            has_captures: self.has_captures || other.has_captures,
        }
    }

    /// Adds arguments, which are known completely, to the identity.
    pub(crate) fn with_arguments(self, arguments: &impl Debug) -> Self {
        Self {
            fingerprint: fingerprint((self.fingerprint, format!("{arguments:?}"))),
            ..self
        }
    }

    /// Returns a number that is the same for the same code in all processes of a program.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Whether the code may hold values that the fingerprint does not cover: captured by closures,
    /// or inside objects that an embedder has passed.
    #[must_use]
    pub fn has_captures(&self) -> bool {
        self.has_captures
    }
}

/// Hashes with fixed keys, so that all processes of a program agree.
fn fingerprint(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
