//! Deduplication of the keys and entries of many configs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Config, Entry};
use crate::value::Value;

/// Keeps one copy of equal keys and entries, so a million configs in memory take little more than
/// their differences.
///
/// ```
/// use research_domain::{Config, ConfigPool};
///
/// let mut pool = ConfigPool::default();
/// let config = Config::from_pairs([("lr", 0.1)]);
/// assert_eq!(pool.shared(&config), config);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConfigPool {
    keys: HashSet<Arc<str>>,
    entries: HashMap<Value, Vec<Arc<Entry>>>,
}

impl ConfigPool {
    /// The maximum number of distinct values that are kept; more are probably draws, which do not
    /// repeat.
    const MOST: usize = 4096;
    /// The maximum number of entries with one value; they are searched one by one.
    const MOST_OF_A_VALUE: usize = 16;

    /// Returns the same config, made of shared entries.
    #[must_use]
    pub fn shared(&mut self, config: &Config) -> Config {
        let entries = config.shared().iter().map(|entry| self.entry(entry));
        Config {
            entries: entries.collect(),
        }
    }

    fn entry(&mut self, entry: &Arc<Entry>) -> Arc<Entry> {
        let known = self.entries.get(entry.value());
        if let Some(known) = known.and_then(|known| known.iter().find(|known| *known == entry)) {
            return Arc::clone(known);
        }
        let mut own = Entry::clone(entry);
        own.key = self.key(&own.key);
        own.key_alias = own.key_alias.as_ref().map(|alias| self.key(alias));
        let own = Arc::new(own);
        if self.entries.len() < Self::MOST {
            let same = self.entries.entry(own.value.clone()).or_default();
            if same.len() < Self::MOST_OF_A_VALUE {
                same.push(Arc::clone(&own));
            }
        }
        own
    }

    fn key(&mut self, key: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.keys.get(key) {
            return Arc::clone(known);
        }
        self.keys.insert(Arc::clone(key));
        Arc::clone(key)
    }
}
