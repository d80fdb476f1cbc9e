//! Configs: the parameters of one experiment, in order, with values and aliases.

mod encoding;
mod pool;

use std::borrow::Cow;
use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

pub use pool::ConfigPool;

use crate::suggest;
use crate::syntax::separated;
use crate::value::{Entries, Json, Value, ValueError};

/// The keys that are not parameters and appear in results only on request.
pub const AUXILIARY_KEYS: [&str; 3] = ["repetition", "updates", "device"];

/// Returns whether `key` is one of the [`AUXILIARY_KEYS`].
pub fn is_auxiliary(key: &str) -> bool {
    AUXILIARY_KEYS.contains(&key)
}

/// One parameter of a [`Config`]: a key and a value, each with its alias.
///
/// Binary formats hold the fields in their order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[must_use]
pub struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_alias: Option<Arc<str>>,
    pub(crate) value: Value,
    pub(crate) alias: Option<Box<str>>,
}

impl Entry {
    /// Creates an entry whose aliases are the key and the printed value.
    pub fn new(key: impl Into<Arc<str>>, value: impl Into<Value>) -> Entry {
        Entry {
            key: key.into(),
            key_alias: None,
            value: value.into(),
            alias: None,
        }
    }

    /// Gives the value an alias.
    pub fn with_alias(mut self, alias: impl Into<Box<str>>) -> Entry {
        self.alias = Some(alias.into());
        self
    }

    /// Gives the key an alias.
    pub fn with_key_alias(mut self, alias: impl Into<Arc<str>>) -> Entry {
        self.key_alias = Some(alias.into());
        self
    }

    /// Returns the key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the key's explicit alias, or else the key.
    pub fn key_alias(&self) -> &str {
        self.key_alias.as_deref().unwrap_or(&self.key)
    }

    /// Returns the value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the value's explicit alias, or else the printed value.
    pub fn alias(&self) -> Cow<'_, str> {
        match (&self.alias, &self.value) {
            (Some(alias), _) => Cow::Borrowed(alias),
            (None, Value::Text(text)) => Cow::Borrowed(text),
            (None, value) => Cow::Owned(value.to_string()),
        }
    }

    /// Returns the value's explicit alias.
    pub fn explicit_alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }
}

/// The reason why a config cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum ConfigError {
    /// A key that the config does not have.
    #[error("the config has no `{key}`; {hint}")]
    UnknownKey { key: String, hint: String },
    /// A value whose type is not the requested one.
    #[error("cannot read `{key}` of the config: {source}")]
    Value { key: String, source: ValueError },
    /// A config that does not fit the requested type.
    #[error("cannot read the config: {source}")]
    Whole { source: ValueError },
}

/// The parameters of one experiment: (key, value) pairs in order, each with its aliases.
///
/// Clones share their entries, so cloning is cheap.
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
    /// Creates an empty config.
    pub fn new() -> Config {
        Config::default()
    }

    /// Creates a config from pairs, in order; a later pair replaces an earlier one with its key.
    pub fn from_pairs<K: Into<Arc<str>>, V: Into<Value>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Config {
        let pairs = pairs.into_iter();
        pairs.map(|(key, value)| Entry::new(key, value)).collect()
    }

    /// Sets the value of a key; a new key goes to the end.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) {
        self.insert_entry(Entry::new(key, value));
    }

    /// Sets an entry with its aliases; a new key goes to the end.
    pub fn insert_entry(&mut self, entry: Entry) {
        self.insert_shared(Arc::new(entry));
    }

    fn insert_shared(&mut self, entry: Arc<Entry>) {
        match self.entries.iter_mut().find(|old| old.key == entry.key) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
    }

    /// Appends an entry; its key must be new.
    #[inline]
    pub(crate) fn push_shared(&mut self, entry: Arc<Entry>) {
        self.entries.push(entry);
    }

    pub(crate) fn shared(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Appends the entries of a config; their keys must be new.
    pub(crate) fn push_all(&mut self, other: &Config) {
        self.entries.extend(other.entries.iter().cloned());
    }

    pub(crate) fn shared_mut(&mut self) -> &mut [Arc<Entry>] {
        &mut self.entries
    }

    /// Returns the config with one more pair.
    #[must_use]
    pub fn with(mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Config {
        self.insert(key, value);
        self
    }

    /// Returns the entries of both configs; those of `other` win if both have a key.
    #[must_use]
    pub fn merged(&self, other: &Config) -> Config {
        let mut merged = self.clone();
        other
            .entries
            .iter()
            .for_each(|entry| merged.insert_shared(Arc::clone(entry)));
        merged
    }

    /// Returns the entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| &*entry.key == key)
            .map(|entry| &**entry)
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(Entry::value)
    }

    /// Returns the alias of a key's value.
    pub fn alias(&self, key: &str) -> Option<Cow<'_, str>> {
        self.entry(key).map(Entry::alias)
    }

    /// Returns whether the config has a key.
    pub fn contains(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Reads the value of a key.
    ///
    /// # Errors
    /// An unknown key, and a value of a different type.
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

    /// Reads the config into one type, usually a struct whose fields are the keys.
    ///
    /// # Errors
    /// A field that the config does not have, and a value of a different type than its field.
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

    /// Creates a config from a struct or a map: its fields become the keys.
    ///
    /// # Errors
    /// Values that [`Value::from_serialize`] refuses, and types other than structs and maps.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Config, ValueError> {
        match Value::from_serialize(value)? {
            Value::Map(pairs) => Ok(Config::from_pairs(pairs)),
            other => Err(ValueError::mismatch("a struct or a map", other.kind())),
        }
    }

    /// Returns one line that identifies the config: `key_value` by their aliases, joined by `-`,
    /// ordered by the key's alias.
    pub fn alias_string(&self) -> String {
        self.alias_string_where(|_| true)
    }

    /// Returns the [`alias_string`](Config::alias_string) of the entries whose key passes `keep`.
    pub(crate) fn alias_string_where(&self, keep: impl Fn(&str) -> bool) -> String {
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

    /// Returns the config as a JSON object of values in the form of [`Value::json`], on several
    /// indented lines if `pretty`.
    pub fn to_json(&self, pretty: bool) -> String {
        let entries: Vec<(&str, &Value)> = self.iter().collect();
        let object = Json::object(&entries);
        match pretty {
            true => format!("{object:#}"),
            false => object.to_string(),
        }
    }

    /// Iterates over the keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + Clone {
        self.entries.iter().map(|entry| (&*entry.key, &entry.value))
    }

    /// Iterates over the entries with their aliases, in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> + Clone {
        self.entries.iter().map(|entry| &**entry)
    }

    /// Iterates over the keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.entries.iter().map(|entry| &*entry.key)
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Iterates over the keys and values, in order: `for (key, value) in &config`.
impl<'c> IntoIterator for &'c Config {
    type Item = (&'c str, &'c Value);
    type IntoIter = Pairs<'c>;

    fn into_iter(self) -> Pairs<'c> {
        Pairs(self.entries.iter())
    }
}

/// The keys and values of a [`Config`].
#[derive(Clone, Debug)]
pub struct Pairs<'c>(std::slice::Iter<'c, Arc<Entry>>);

impl<'c> Iterator for Pairs<'c> {
    type Item = (&'c str, &'c Value);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.next()?;
        Some((&entry.key, &entry.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Pairs<'_> {}

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

/// `a=1, b="x"`, for messages and logs.
impl Display for Config {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let pairs = self
            .iter()
            .map(|(key, value)| format!("{key}={}", value.literal()));
        separated(f, ", ", pairs)
    }
}
