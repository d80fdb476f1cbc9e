//! Configs: ordered parameters with their values and aliases.

mod pool;
mod wire;

use std::borrow::Cow;
use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

pub use pool::ConfigPool;

use crate::suggest;
use crate::value::{Entries, Json, Value, ValueError};

/// The keys that stand beside the parameters and never reach results unless asked for.
pub const AUXILIARY_KEYS: [&str; 3] = ["repetition", "updates", "device"];

/// Whether `key` is one of the [`AUXILIARY_KEYS`].
pub fn is_auxiliary(key: &str) -> bool {
    AUXILIARY_KEYS.contains(&key)
}

/// One parameter of a [`Config`]: a key and a value, each with its alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    key: Arc<str>,
    key_alias: Option<Arc<str>>,
    value: Value,
    alias: Option<Box<str>>,
}

impl Entry {
    /// An entry whose aliases are the key and the printed value.
    pub fn new(key: impl Into<Arc<str>>, value: impl Into<Value>) -> Entry {
        Entry {
            key: key.into(),
            key_alias: None,
            value: value.into(),
            alias: None,
        }
    }

    pub(crate) fn from_parts(
        key: Arc<str>,
        key_alias: Option<Arc<str>>,
        value: Value,
        alias: Option<Box<str>>,
    ) -> Entry {
        Entry {
            key,
            key_alias,
            value,
            alias,
        }
    }

    pub(crate) fn shared_key(&self) -> &Arc<str> {
        &self.key
    }

    /// Gives the value an alias.
    #[must_use]
    pub fn with_alias(mut self, alias: impl Into<Box<str>>) -> Entry {
        self.alias = Some(alias.into());
        self
    }

    /// Gives the key an alias.
    #[must_use]
    pub fn with_key_alias(mut self, alias: impl Into<Arc<str>>) -> Entry {
        self.key_alias = Some(alias.into());
        self
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key's alias: the one that it was given, or the key.
    pub fn key_alias(&self) -> &str {
        self.key_alias.as_deref().unwrap_or(&self.key)
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value's alias: the one that it was given, or the value printed.
    pub fn alias(&self) -> Cow<'_, str> {
        match (&self.alias, &self.value) {
            (Some(alias), _) => Cow::Borrowed(alias),
            (None, Value::Text(text)) => Cow::Borrowed(text),
            (None, value) => Cow::Owned(value.to_string()),
        }
    }

    /// The value's alias, if it was given one.
    pub fn explicit_alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    /// The key's alias, if it was given one.
    pub fn explicit_key_alias(&self) -> Option<&str> {
        self.key_alias.as_deref()
    }
}

/// Why a config could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The config has no such key.
    #[error("the config has no `{key}`; {hint}")]
    UnknownKey {
        /// The key that was asked for.
        key: String,
        /// The nearest key, or all that there are.
        hint: String,
    },
    /// The value of a key has another type than the one asked for.
    #[error("cannot read `{key}` of the config: {source}")]
    Value {
        /// The key.
        key: String,
        /// What was expected and what was there.
        source: ValueError,
    },
    /// The config as a whole does not fit the type asked for.
    #[error("cannot read the config into the type asked for: {source}")]
    Whole {
        /// Which key, what was expected and what was there.
        source: ValueError,
    },
}

/// Ordered (key, value) pairs, each with its aliases: what one experiment runs with.
///
/// Cloning a config copies no values: its entries are shared.
///
/// ```
/// use research_domain::Config;
///
/// let config = Config::from_pairs([("lr", 0.1)]).with("layers", 3).with("name", "small");
/// assert_eq!(config.read::<f64>("lr").unwrap(), 0.1);
/// assert_eq!(config.alias_string(), "layers_3-lr_0.1-name_small");
///
/// #[derive(serde::Deserialize)]
/// struct Model {
///     lr: f64,
///     layers: usize,
/// }
/// let model: Model = config.parse().unwrap();
/// assert_eq!((model.lr, model.layers), (0.1, 3));
/// assert_eq!(
///     config.read::<i64>("layer").unwrap_err().to_string(),
///     "the config has no `layer`; did you mean `layers`?"
/// );
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Config {
    entries: SmallVec<[Arc<Entry>; 8]>,
}

impl Config {
    /// A config without entries.
    pub fn new() -> Config {
        Config::default()
    }

    /// A config of these pairs, in this order; a later pair replaces an earlier one of its key.
    pub fn from_pairs<K: Into<Arc<str>>, V: Into<Value>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Config {
        pairs
            .into_iter()
            .map(|(key, value)| Entry::new(key, value))
            .collect()
    }

    /// Sets the value of a key: in the key's place if it is there, else at the end.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) {
        self.insert_entry(Entry::new(key, value));
    }

    /// Sets an entry with its aliases: in its key's place if it is there, else at the end.
    pub fn insert_entry(&mut self, entry: Entry) {
        self.insert_shared(Arc::new(entry));
    }

    fn insert_shared(&mut self, entry: Arc<Entry>) {
        match self.entries.iter_mut().find(|old| old.key == entry.key) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
    }

    /// Appends an entry whose key is known to be new.
    #[inline]
    pub(crate) fn push_shared(&mut self, entry: Arc<Entry>) {
        self.entries.push(entry);
    }

    pub(crate) fn shared(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Appends the entries of a config whose keys are known to be new.
    pub(crate) fn push_all(&mut self, other: &Config) {
        self.entries.extend(other.entries.iter().cloned());
    }

    pub(crate) fn shared_mut(&mut self) -> &mut [Arc<Entry>] {
        &mut self.entries
    }

    /// The config with one more pair.
    #[must_use]
    pub fn with(mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Config {
        self.insert(key, value);
        self
    }

    /// This config and the other's entries, which replace this one's where both have a key.
    #[must_use]
    pub fn merged(&self, other: &Config) -> Config {
        let mut merged = self.clone();
        other
            .entries
            .iter()
            .for_each(|entry| merged.insert_shared(Arc::clone(entry)));
        merged
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| &*entry.key == key)
            .map(|entry| &**entry)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(Entry::value)
    }

    /// The alias of a key's value.
    pub fn alias(&self, key: &str) -> Option<Cow<'_, str>> {
        self.entry(key).map(Entry::alias)
    }

    /// Whether there is such a key.
    pub fn contains(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Reads the value of a key.
    ///
    /// # Errors
    /// An unknown key, with the nearest known one, and a value of another type.
    pub fn read<T: DeserializeOwned>(&self, key: &str) -> Result<T, ConfigError> {
        let value = self.get(key).ok_or_else(|| ConfigError::UnknownKey {
            key: key.to_owned(),
            hint: suggest::hint(key, self.keys()),
        })?;
        value.to().map_err(|source| ConfigError::Value {
            key: key.to_owned(),
            source,
        })
    }

    /// Reads the whole config into one type, most often a struct whose fields are the keys.
    ///
    /// # Errors
    /// A field that the config does not have, and a value of another type than its field.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        let entries = serde::de::value::MapAccessDeserializer::new(Entries::new(self.iter()));
        T::deserialize(entries).map_err(|source| match source {
            ValueError::Missing { at, field } if at.is_empty() => ConfigError::UnknownKey {
                hint: suggest::hint(&field, self.keys()),
                key: field,
            },
            source => ConfigError::Whole { source },
        })
    }

    /// Makes a config of a struct or a map: its fields become the keys.
    ///
    /// # Errors
    /// Values that cannot be stored, and anything that is no struct or map.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Config, ValueError> {
        match Value::from_serialize(value)? {
            Value::Map(pairs) => Ok(Config::from_pairs(pairs)),
            other => Err(ValueError::Type {
                at: String::new(),
                expected: "a struct or a map".to_owned(),
                found: other.kind().to_owned(),
            }),
        }
    }

    /// One line that tells the config from others: `key_value` by their aliases, joined by `-`,
    /// ordered by the key's alias.
    pub fn alias_string(&self) -> String {
        self.alias_string_of(|_| true)
    }

    /// [`Config::alias_string`] of the entries whose key passes the test.
    pub(crate) fn alias_string_of(&self, keep: impl Fn(&str) -> bool) -> String {
        let mut entries: Vec<&Entry> = self.entries().filter(|entry| keep(entry.key())).collect();
        entries.sort_by(|a, b| (a.key_alias(), a.key()).cmp(&(b.key_alias(), b.key())));
        let mut line = String::new();
        for entry in entries {
            if !line.is_empty() {
                line.push('-');
            }
            line.push_str(entry.key_alias());
            line.push('_');
            line.push_str(&entry.alias());
        }
        line
    }

    /// The config as a JSON object that loses nothing, as [`Value::json`] writes values; with
    /// lines and indented, if `pretty`.
    pub fn to_json(&self, pretty: bool) -> String {
        let entries: Vec<(&str, &Value)> = self.iter().collect();
        let object = Json::object(&entries);
        match pretty {
            true => format!("{object:#}"),
            false => object.to_string(),
        }
    }

    /// The keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + Clone {
        self.entries.iter().map(|entry| (&*entry.key, &entry.value))
    }

    /// The entries with their aliases, in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> + Clone {
        self.entries.iter().map(|entry| &**entry)
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.entries.iter().map(|entry| &*entry.key)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FromIterator<Entry> for Config {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Config {
        let mut config = Config::new();
        entries
            .into_iter()
            .for_each(|entry| config.insert_entry(entry));
        config
    }
}

impl Debug for Config {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// `a=1, b="x"`: for messages and logs.
impl Display for Config {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let pairs = self
            .iter()
            .map(|(key, value)| format!("{key}={}", value.literal()));
        crate::value::separated(f, pairs)
    }
}
