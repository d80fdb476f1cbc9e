//! Parameter spaces for experiments: values, configs, ids and seeds.
#![deny(missing_docs)]

mod config;
mod id;
mod suggest;
mod value;

pub use config::{AUXILIARY_KEYS, Config, ConfigError, Entry, is_auxiliary};
pub use id::{
    Assigned, ExperimentId, IdRegistry, IdRegistryError, Identity, ParseIdError, experiment_seed,
};
pub use value::{Literal, Value, ValueDeserializer, ValueError};
