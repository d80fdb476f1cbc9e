//! The assignment of unique ids.

use std::collections::HashMap;

use crate::experiment_id::ExperimentId;
use crate::identity::{IdDigits, Identity, alias_digits, rest_digits, seed_of};
use crate::rules::Rules;

/// Assigns unique ids to experiments, in the order of the domain.
///
/// A config that occurs again gets the next occurrence number, and so does one whose id is taken.
/// Two registries that are called in the same order assign the same ids, so a resumed research
/// finds its experiments. An id takes 10 to 15 bytes of memory; a config that occurs again takes
/// about 40 more.
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
    taken: IdSet,
    /// The next occurrence number of experiments that occurred more than once.
    repeated: HashMap<u128, u64>,
}

/// An id that an [`IdRegistry`] assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The id.
    pub id: ExperimentId,
    /// The number of earlier occurrences of the experiment.
    pub occurrence: u64,
    /// The seed of the experiment.
    pub seed: u64,
}

/// The reason why an experiment cannot have an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum IdRegistryError {
    /// A config that has nearly all of its 10^8 possible ids.
    #[error(
        "no unused id for the config {config}: one config can occur about {} times; \
         use fewer repetitions, or add a parameter that distinguishes the experiments",
        IdDigits::REST
    )]
    Exhausted { config: String },
    /// A prefix that makes an id too long for an [`ExperimentId`].
    #[error(
        "the id of an experiment would have {len} bytes, more than {}; \
         set `create_id_prefix` to fewer digits, or remove it",
        ExperimentId::MAX_LEN
    )]
    TooLong { len: usize },
}

impl IdRegistry {
    /// The number of taken ids in a row after which a config counts as exhausted.
    const ATTEMPTS: u64 = 10_000;

    /// Creates an empty registry, which assigns ids by the latest rules.
    pub fn new() -> IdRegistry {
        IdRegistry::default()
    }

    /// Creates an empty registry, which assigns ids by `rules`.
    pub fn with_rules(rules: Rules) -> IdRegistry {
        IdRegistry {
            rules,
            ..IdRegistry::default()
        }
    }

    /// Assigns an id; the search starts at the occurrence number of the identity.
    ///
    /// # Errors
    /// A config without unused ids, and a prefix that is too long.
    pub fn assign(
        &mut self,
        identity: Identity<'_>,
        prefix: &str,
    ) -> Result<Assigned, IdRegistryError> {
        let len = prefix.len() + IdDigits::LEN;
        if len > ExperimentId::MAX_LEN {
            return Err(IdRegistryError::TooLong { len });
        }
        let content = identity.content();
        let alias = alias_digits(self.rules, identity.config);
        let known = self.repeated.get(&content).copied().unwrap_or(0);
        let start = known.max(identity.occurrence);
        let free = (start..start.saturating_add(IdRegistry::ATTEMPTS)).find_map(|occurrence| {
            let digits = IdDigits {
                alias,
                rest: rest_digits(content, occurrence),
            };
            self.taken.insert(digits).then_some((occurrence, digits))
        });
        let (occurrence, digits) = free.ok_or_else(|| IdRegistryError::Exhausted {
            config: identity.config.alias_string(),
        })?;
        if occurrence > 0 {
            self.repeated.insert(content, occurrence + 1);
        }
        Ok(Assigned {
            id: digits.id(prefix),
            occurrence,
            seed: seed_of(content, occurrence),
        })
    }

    /// Returns the number of assigned ids.
    pub fn len(&self) -> usize {
        self.taken.len
    }

    /// Returns whether no id was assigned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A set of ids by open addressing; the standard set takes up to twice the memory.
#[derive(Clone, Debug, Default)]
struct IdSet {
    /// An id as a number plus one, or zero for a free slot.
    slots: Vec<u64>,
    len: usize,
}

impl IdSet {
    /// Adds an id; returns false if it is taken.
    fn insert(&mut self, digits: IdDigits) -> bool {
        if self.len >= self.slots.len() / 8 * 7 {
            self.grow();
        }
        let packed = u64::from(digits.alias) * IdDigits::REST + u64::from(digits.rest) + 1;
        let slot = self.slot_of(packed);
        let new = self.slots[slot] == 0;
        self.slots[slot] = packed;
        self.len += usize::from(new);
        new
    }

    /// Returns the slot of an id, or the free slot for it.
    fn slot_of(&self, packed: u64) -> usize {
        let slots = self.slots.len();
        // The ids of one config share their upper digits, so all bits are mixed before the upper
        // half of the product selects the slot.
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
