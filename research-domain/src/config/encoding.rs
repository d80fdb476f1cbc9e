//! The serde encoding of configs: a map in human-readable formats, entries with their aliases in
//! binary ones.

use std::fmt::{self, Formatter};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{Config, Entry};
use crate::value::Value;

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_map(self.iter());
        }
        serializer.collect_seq(self.entries())
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Config, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_map(ConfigVisitor);
        }
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        Ok(entries.into_iter().collect())
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
