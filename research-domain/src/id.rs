//! The names and seeds of experiments: pure functions of what an experiment runs with.

mod registry;

use std::fmt::{self, Display, Formatter};
use std::hash::Hasher;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip::SipHasher24;
use siphasher::sip128::{Hasher128, SipHasher24 as SipHasher128};

use crate::config::{Config, is_auxiliary};
use crate::rules::Rules;
use crate::value::Value;

pub use registry::{Assigned, IdRegistry, IdRegistryError};

/// The name of one experiment, safe as the name of a folder.
///
/// Eight hexadecimal digits of the config's alias string, the same for all repetitions of a
/// config, then eight decimal digits of everything else that tells the experiment apart; in front
/// of them a prefix, if there is one. The first of the hexadecimal digits is a letter, so that no
/// program reads an id as a number; ids by [`Rules::V1`] may begin with any digit.
///
/// ```
/// use research_domain::ExperimentId;
///
/// assert!("af3a9c1e00000042".parse::<ExperimentId>().is_ok());
/// assert!("../secrets".parse::<ExperimentId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExperimentId(Arc<str>);

/// Why a text is not an [`ExperimentId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the id of an experiment: {reason}")]
pub struct ParseIdError {
    text: String,
    reason: &'static str,
}

impl ExperimentId {
    /// The longest id in bytes: what file systems take, with room for an extension.
    pub const MAX_LEN: usize = 200;

    /// Reads an id, and refuses whatever would not be safe as the name of a folder.
    ///
    /// # Errors
    /// A text that is empty, too long, or has anything but ASCII letters, digits, `_`, `-`, and
    /// `.` inside.
    pub fn parse(text: &str) -> Result<ExperimentId, ParseIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let reason = if text.is_empty() {
            "it is empty"
        } else if text.len() > ExperimentId::MAX_LEN {
            "it is longer than 200 bytes"
        } else if !text.bytes().all(allowed) {
            "only ASCII letters, digits, `_`, `-` and `.` are allowed"
        } else if text.starts_with(['.', '-']) {
            "it must not start with `.` or `-`"
        } else {
            return Ok(ExperimentId(text.into()));
        };
        Err(ParseIdError {
            text: text.chars().take(80).collect(),
            reason,
        })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExperimentId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<ExperimentId, ParseIdError> {
        ExperimentId::parse(text)
    }
}

impl AsRef<str> for ExperimentId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Display for ExperimentId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for ExperimentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ExperimentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ExperimentId, D::Error> {
        let text = String::deserialize(deserializer)?;
        ExperimentId::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Everything that tells one experiment of a research from the others.
///
/// The id and the seed are functions of it alone: not of the experiment's place in the domain, of
/// the worker, or of the order of finishing. So a domain that is extended keeps the ids and seeds
/// of the configs that it had. The hash is SipHash-2-4, whose output is the same on every platform
/// and in every version; golden values in the tests hold it there.
///
/// ```
/// use research_domain::{Config, Identity};
///
/// let config = Config::from_pairs([("a", 1)]);
/// let identity = Identity { config: &config, repetition: 0, updates: 0, seed: 42, occurrence: 0 };
/// assert_eq!(identity.id("").as_str(), identity.id("").as_str());
/// assert_ne!(identity.id(""), Identity { repetition: 1, ..identity }.id(""));
/// assert_eq!(identity.id("").as_str()[..8], Identity { repetition: 1, ..identity }.id("").as_str()[..8]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The config; auxiliary keys in it are ignored.
    pub config: &'a Config,
    /// The number of the repetition.
    pub repetition: u64,
    /// How often the domain had been updated.
    pub updates: u64,
    /// The seed of the research.
    pub seed: u64,
    /// How often the same config with the same repetition and updates occurred before.
    pub occurrence: u64,
}

impl Identity<'_> {
    /// The experiment's id by the latest rules, with a prefix that ends in `_`, or an empty one;
    /// see [`IdRegistry::assign`] for one that may be too long.
    pub fn id(&self, prefix: &str) -> ExperimentId {
        self.id_by(Rules::LATEST, prefix)
    }

    /// The experiment's id by the rules of its research; see [`id`](Self::id).
    pub fn id_by(&self, rules: Rules, prefix: &str) -> ExperimentId {
        let name = NameDigits {
            alias: alias_digits(rules, self.config),
            rest: rest_digits(self.content(), self.occurrence),
        };
        name.id(prefix)
    }

    /// The experiment's own seed; see [`experiment_seed`].
    pub fn seed(&self) -> u64 {
        seed_of(self.content(), self.occurrence)
    }

    /// A digest of all but the occurrence.
    fn content(&self) -> u128 {
        let mut bytes = Vec::with_capacity(128);
        write_config(&mut bytes, self.config);
        for number in [self.repetition, self.updates, self.seed] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        digest(&bytes)
    }
}

/// The seed of one experiment.
///
/// It depends on the research's seed and on what the experiment runs with, and on nothing else,
/// so results are the same whichever worker runs it, and stay so when the domain is extended.
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

// Arbitrary constants that keep the digests of different purposes apart; changing one changes
// every id or seed.
const ALIAS_KEY: (u64, u64) = (0x7265_7365_6172_6368, 0x616c_6961_735f_6964);
const CONTENT_KEY: (u64, u64) = (0x7265_7365_6172_6368, 0x636f_6e74_656e_745f);
const SEED_SALT: u64 = 0x7365_6564_5f6f_665f;

fn seed_of(content: u128, occurrence: u64) -> u64 {
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
struct NameDigits {
    alias: u32,
    rest: u32,
}

impl NameDigits {
    const REST: u64 = 100_000_000;
    /// How many bytes they take in an id.
    const LEN: usize = 16;

    fn id(self, prefix: &str) -> ExperimentId {
        ExperimentId(format!("{prefix}{:08x}{:08}", self.alias, self.rest).into())
    }
}

fn alias_digits(rules: Rules, config: &Config) -> u32 {
    /// Digits that no reader of numbers takes for a part of one: `d` and `e` can stand in front of
    /// an exponent, as in `0_1_e5`.
    const FIRST: [u32; 4] = [0xa, 0xb, 0xc, 0xf];

    let mut hasher = SipHasher24::new_with_keys(ALIAS_KEY.0, ALIAS_KEY.1);
    hasher.write(config.alias_string_of(|key| !is_auxiliary(key)).as_bytes());
    let digits = (hasher.finish() >> 32) as u32;
    match rules {
        Rules::V1 => digits,
        Rules::V2 => FIRST[(digits >> 30) as usize] << 28 | digits & 0x0fff_ffff,
    }
}

fn rest_digits(content: u128, occurrence: u64) -> u32 {
    // The remainder of a division by 10^8 fits into 32 bits.
    (keyed(content, 0, occurrence) % NameDigits::REST) as u32
}

/// Writes the parameters in the order of their keys, so that the order in a domain plays no part.
fn write_config(bytes: &mut Vec<u8>, config: &Config) {
    let mut entries: Vec<_> = config
        .entries()
        .filter(|entry| !is_auxiliary(entry.key()))
        .collect();
    entries.sort_by_key(|entry| entry.key());
    for entry in entries {
        write_text(bytes, entry.key());
        write_text(bytes, entry.key_alias());
        write_text(bytes, &entry.alias());
        write_value(bytes, entry.value());
    }
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_len(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn write_len(bytes: &mut Vec<u8>, len: usize) {
    bytes.extend_from_slice(&(len as u64).to_le_bytes());
}

fn write_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.push(0),
        Value::Bool(value) => bytes.extend([1, u8::from(*value)]),
        Value::Int(value) => {
            bytes.push(2);
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        Value::Float(value) => {
            bytes.push(3);
            bytes.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Value::Uint(value) => {
            bytes.push(8);
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        Value::Text(text) => {
            bytes.push(4);
            write_text(bytes, text);
        }
        Value::Bytes(raw) => {
            bytes.push(5);
            write_len(bytes, raw.len());
            bytes.extend_from_slice(raw);
        }
        Value::List(values) => {
            bytes.push(6);
            write_len(bytes, values.len());
            values.iter().for_each(|value| write_value(bytes, value));
        }
        Value::Map(entries) => {
            bytes.push(7);
            write_len(bytes, entries.len());
            for (key, value) in entries {
                write_text(bytes, key);
                write_value(bytes, value);
            }
        }
    }
}

/// A digest of values in their order.
pub(crate) fn values_digest<'a>(values: impl IntoIterator<Item = &'a Value>) -> u128 {
    let mut bytes = Vec::with_capacity(32);
    values
        .into_iter()
        .for_each(|value| write_value(&mut bytes, value));
    digest(&bytes)
}

/// A digest of a parameter and its value.
pub(crate) fn parameter_digest(name: &str, value: &Value) -> u128 {
    let mut bytes = Vec::with_capacity(32);
    write_text(&mut bytes, name);
    write_value(&mut bytes, value);
    digest(&bytes)
}

/// A digest of a string.
pub(crate) fn text_digest(text: &str) -> u128 {
    digest(text.as_bytes())
}

/// A digest of numbers in their order.
pub(crate) fn digest_of_numbers(numbers: &[u128]) -> u128 {
    let bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    digest(&bytes)
}

fn digest(bytes: &[u8]) -> u128 {
    let mut hasher = SipHasher128::new_with_keys(CONTENT_KEY.0, CONTENT_KEY.1);
    hasher.write(bytes);
    hasher.finish128().as_u128()
}

/// A digest of a config's keys and true values, whatever their order and aliases.
pub(crate) fn value_digest(config: &Config) -> u128 {
    let mut entries: Vec<_> = config.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    let mut bytes = Vec::with_capacity(128);
    for (key, value) in entries {
        write_text(&mut bytes, key);
        write_value(&mut bytes, value);
    }
    digest(&bytes)
}
