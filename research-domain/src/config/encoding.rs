//! The serde encoding of configs: a map in human-readable formats, entries with their aliases in
//! binary ones.

use std::fmt::{self, Formatter};
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Config, Entry};
use crate::value::Value;

/// An entry in binary formats: key, alias of the key, value, alias of the value.
type Written<'a> = (&'a str, Option<&'a str>, &'a Value, Option<&'a str>);
type Read = (Arc<str>, Option<Arc<str>>, Value, Option<Box<str>>);

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let mut map = serializer.serialize_map(Some(self.len()))?;
            for (key, value) in self.iter() {
                map.serialize_entry(key, value)?;
            }
            return map.end();
        }
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for entry in self.entries() {
            let written: Written<'_> = (
                &entry.key,
                entry.key_alias.as_deref(),
                &entry.value,
                entry.alias.as_deref(),
            );
            list.serialize_element(&written)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Config, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_map(ConfigVisitor);
        }
        let entries = Vec::<Read>::deserialize(deserializer)?;
        let entry = |(key, key_alias, value, alias)| Entry {
            key,
            key_alias,
            value,
            alias,
        };
        Ok(entries.into_iter().map(entry).collect())
    }
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = Config;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a map of parameters to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Config, A::Error> {
        let mut config = Config::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            config.insert(key, value);
        }
        Ok(config)
    }
}
