//! Which ids are taken.

use std::collections::HashMap;

use crate::rules::Rules;

use super::{ExperimentId, Identity, NameDigits, alias_digits, rest_digits, seed_of};

/// Gives experiments their ids in the order of the domain, and no id twice.
///
/// A config that occurs again takes the next occurrence number, and so does one whose id happens
/// to be taken. Two registries that are asked in the same order give the same ids, so a research
/// that is resumed finds its experiments again. An id takes about 10 to 15 bytes of memory, and a
/// config that occurs again some 40 once.
///
/// ```
/// use research_domain::{Config, IdRegistry, Identity};
///
/// let config = Config::from_pairs([("a", 1)]);
/// let identity = Identity { config: &config, repetition: 0, updates: 0, seed: 0, occurrence: 0 };
/// let mut ids = IdRegistry::new();
/// let first = ids.assign(identity, "").unwrap();
/// let second = ids.assign(identity, "").unwrap();
/// assert_ne!(first.id, second.id);
/// assert_eq!(second.occurrence, 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct IdRegistry {
    rules: Rules,
    taken: NameSet,
    /// The next occurrence number of the experiments that occurred more than once.
    repeated: HashMap<u128, u64>,
}

/// An id that was given out by an [`IdRegistry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The id.
    pub id: ExperimentId,
    /// How often the same experiment had occurred before.
    pub occurrence: u64,
    /// The experiment's own seed.
    pub seed: u64,
}

/// Why an experiment could not be given an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdRegistryError {
    /// One config has nearly all of the 10^8 ids that it can have.
    #[error(
        "no id is left for the config {config}: one config can occur about {} times; \
         use fewer repetitions, or add a parameter that tells the experiments apart",
        NameDigits::REST
    )]
    Exhausted {
        /// The config's alias string.
        config: String,
    },
    /// A prefix with which an id would be no [`ExperimentId`] any more.
    #[error(
        "the id of an experiment would have {len} bytes, and can have {} at most: \
         let `create_id_prefix` have fewer digits, or leave it out",
        ExperimentId::MAX_LEN
    )]
    TooLong {
        /// How long the id would be.
        len: usize,
    },
}

impl IdRegistry {
    /// Consecutive taken ids after which there is no hope of a free one.
    const ATTEMPTS: u64 = 10_000;

    /// A registry without ids, which gives them by the latest rules.
    pub fn new() -> IdRegistry {
        IdRegistry::default()
    }

    /// A registry without ids, which gives them by these rules.
    pub fn with_rules(rules: Rules) -> IdRegistry {
        IdRegistry {
            rules,
            ..IdRegistry::default()
        }
    }

    /// Gives an experiment its id; the identity's own occurrence number is where the search
    /// starts.
    ///
    /// # Errors
    /// When one config has used up all of its ids, or the prefix is too long for one.
    pub fn assign(
        &mut self,
        identity: Identity<'_>,
        prefix: &str,
    ) -> Result<Assigned, IdRegistryError> {
        let len = prefix.len() + NameDigits::LEN;
        if len > ExperimentId::MAX_LEN {
            return Err(IdRegistryError::TooLong { len });
        }
        let content = identity.content();
        let alias = alias_digits(self.rules, identity.config);
        let known = self.repeated.get(&content).copied().unwrap_or(0);
        let start = known.max(identity.occurrence);
        let free = (start..start.saturating_add(IdRegistry::ATTEMPTS)).find_map(|occurrence| {
            let name = NameDigits {
                alias,
                rest: rest_digits(content, occurrence),
            };
            self.taken.insert(name).then_some((occurrence, name))
        });
        let (occurrence, name) = free.ok_or_else(|| IdRegistryError::Exhausted {
            config: identity.config.alias_string(),
        })?;
        if occurrence > 0 {
            self.repeated.insert(content, occurrence + 1);
        }
        Ok(Assigned {
            id: name.id(prefix),
            occurrence,
            seed: seed_of(content, occurrence),
        })
    }

    /// The number of ids that were given out.
    pub fn len(&self) -> usize {
        self.taken.len
    }

    /// Whether no id was given out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A set of names as numbers, by open addressing: the standard set takes up to twice the memory.
#[derive(Clone, Debug, Default)]
struct NameSet {
    /// A name plus one, or zero for a free slot.
    slots: Vec<u64>,
    len: usize,
}

impl NameSet {
    /// Adds a name; false when it was there.
    fn insert(&mut self, name: NameDigits) -> bool {
        if self.len >= self.slots.len() / 8 * 7 {
            self.grow();
        }
        let packed = u64::from(name.alias) * NameDigits::REST + u64::from(name.rest) + 1;
        let slot = self.slot_of(packed);
        let new = self.slots[slot] == 0;
        self.slots[slot] = packed;
        self.len += usize::from(new);
        new
    }

    /// Where the name is, or the free slot where it would be.
    fn slot_of(&self, packed: u64) -> usize {
        let slots = self.slots.len();
        // The names of one config share their upper digits, so all bits are mixed before the
        // upper half of the product picks the slot.
        let mixed = (packed ^ (packed >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut slot = ((u128::from(mixed) * slots as u128) >> 64) as usize;
        while self.slots[slot] != 0 && self.slots[slot] != packed {
            slot = if slot + 1 == slots { 0 } else { slot + 1 };
        }
        slot
    }

    fn grow(&mut self) {
        let larger = (self.slots.len() / 2 * 3).max(64);
        let old = std::mem::replace(&mut self.slots, vec![0; larger]);
        for packed in old.into_iter().filter(|packed| *packed != 0) {
            let slot = self.slot_of(packed);
            self.slots[slot] = packed;
        }
    }
}
