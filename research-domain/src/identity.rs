//! The identity of an experiment, from which its id and its seed are computed.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::config::{Config, is_auxiliary};
use crate::digest::{digest, write_text, write_value};
use crate::experiment_id::ExperimentId;
use crate::rules::Rules;

/// The properties that identify one experiment of a research.
///
/// The id and the seed are functions of the identity only. They do not depend on the experiment's
/// position in the domain, the worker, or the order in which experiments finish. So an extended
/// domain keeps the ids and seeds of its configs.
///
/// ```
/// use research_domain::{Config, Identity};
///
/// let config = Config::from_pairs([("a", 1)]);
/// let identity = Identity { config: &config, repetition: 0, updates: 0, seed: 42, occurrence: 0 };
/// let repeated = Identity { repetition: 1, ..identity };
/// assert_eq!(identity.id("").as_str(), identity.id("").as_str());
/// assert_ne!(identity.id(""), repeated.id(""));
/// assert_eq!(identity.id("").as_str()[..8], repeated.id("").as_str()[..8]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The config; its auxiliary keys are ignored.
    pub config: &'a Config,
    /// The number of the repetition.
    pub repetition: u64,
    /// The number of earlier updates of the domain.
    pub updates: u64,
    /// The seed of the research.
    pub seed: u64,
    /// The number of earlier experiments with the same config, repetition and updates.
    pub occurrence: u64,
}

impl Identity<'_> {
    /// Returns the id by the latest rules, after `prefix`, which is empty or ends with `_`.
    /// [`IdRegistry::assign`](crate::IdRegistry::assign) checks the length of the prefix.
    pub fn id(&self, prefix: &str) -> ExperimentId {
        self.id_by(Rules::LATEST, prefix)
    }

    /// Returns the id by the rules of a research; see [`id`](Self::id).
    pub fn id_by(&self, rules: Rules, prefix: &str) -> ExperimentId {
        let digits = IdDigits {
            alias: alias_digits(rules, self.config),
            rest: rest_digits(self.content(), self.occurrence),
        };
        digits.id(prefix)
    }

    /// Returns the seed of the experiment; see [`experiment_seed`].
    pub fn seed(&self) -> u64 {
        seed_of(self.content(), self.occurrence)
    }

    /// Returns a digest of everything except the occurrence. It takes the parameters in the order
    /// of their keys, so it does not depend on their order in the domain.
    pub(crate) fn content(&self) -> u128 {
        let entries = self.config.entries();
        let mut entries: Vec<_> = entries.filter(|entry| !is_auxiliary(entry.key())).collect();
        entries.sort_by_key(|entry| entry.key());
        let mut bytes = Vec::with_capacity(128);
        for entry in entries {
            write_text(&mut bytes, entry.key());
            write_text(&mut bytes, entry.key_alias());
            write_text(&mut bytes, &entry.alias());
            write_value(&mut bytes, entry.value());
        }
        for number in [self.repetition, self.updates, self.seed] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        digest(&bytes)
    }
}

/// Returns the seed of one experiment.
///
/// It only depends on the research's seed and on the identity of the experiment, so results are the
/// same on every worker, and stay the same when the domain is extended.
pub fn experiment_seed(
    research_seed: u64,
    config: &Config,
    repetition: u64,
    updates: u64,
    occurrence: u64,
) -> u64 {
    Identity {
        config,
        repetition,
        updates,
        seed: research_seed,
        occurrence,
    }
    .seed()
}

// Arbitrary constants that keep the hashes of different purposes apart; changing one changes every
// id or seed.
const ALIAS_KEY: (u64, u64) = (0x7265_7365_6172_6368, 0x616c_6961_735f_6964);
const SEED_SALT: u64 = 0x7365_6564_5f6f_665f;

pub(crate) fn seed_of(content: u128, occurrence: u64) -> u64 {
    keyed(content, SEED_SALT, occurrence)
}

fn keyed(content: u128, salt: u64, number: u64) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(content as u64, (content >> 64) as u64);
    hasher.write(&salt.to_le_bytes());
    hasher.write(&number.to_le_bytes());
    hasher.finish()
}

/// The two parts of an id, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IdDigits {
    pub(crate) alias: u32,
    pub(crate) rest: u32,
}

impl IdDigits {
    /// The number of values of `rest`.
    pub(crate) const REST: u64 = 100_000_000;
    /// The number of bytes in an id.
    pub(crate) const LEN: usize = 16;

    pub(crate) fn id(self, prefix: &str) -> ExperimentId {
        ExperimentId::from_valid(format!("{prefix}{:08x}{:08}", self.alias, self.rest))
    }
}

pub(crate) fn alias_digits(rules: Rules, config: &Config) -> u32 {
    /// First digits with which an id is never a number. `d` and `e` are missing because they can
    /// begin an exponent, as in `0_1_e5`.
    const FIRST: [u32; 4] = [0xa, 0xb, 0xc, 0xf];

    let mut hasher = SipHasher24::new_with_keys(ALIAS_KEY.0, ALIAS_KEY.1);
    hasher.write(
        config
            .alias_string_where(|key| !is_auxiliary(key))
            .as_bytes(),
    );
    let digits = (hasher.finish() >> 32) as u32;
    match rules {
        Rules::V1 => digits,
        Rules::V2 => FIRST[(digits >> 30) as usize] << 28 | digits & 0x0fff_ffff,
    }
}

pub(crate) fn rest_digits(content: u128, occurrence: u64) -> u32 {
    // A remainder of a division by 10^8 fits into 32 bits.
    (keyed(content, 0, occurrence) % IdDigits::REST) as u32
}
