//! The experiment as root units see it: only what all experiments that share them have in common.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use research_domain::{Config, Value, experiment_seed};

use crate::context::BranchPosition;
use crate::event::ExperimentRecord;
use crate::values::large::LargeValue;

/// Separates the seeds of root units from those of experiments: no config occurs this often.
const OCCURRENCE: u64 = u64::MAX;

/// The part of an experiment that root units see: some of its config, and a seed derived from that.
/// So they do the same in each of the experiments with the same values, whichever of these they run
/// in.
#[derive(Clone, Debug, Default)]
pub struct RootScope {
    /// The visible keys, auxiliary ones among them.
    keys: Vec<String>,
    /// The config that is added where they run. It is visible, and does not affect the seed.
    added: Config,
    /// The seed of the research.
    seed: u64,
    /// Whether they receive the id and the folder of the experiment that they run in.
    gives_place: bool,
}

impl RootScope {
    /// Returns the scope of root units that use these parameters, in a research with this seed.
    #[must_use]
    pub fn new(keys: Vec<String>, seed: u64) -> Self {
        Self {
            keys,
            seed,
            ..Self::default()
        }
    }

    /// Sets the config that is added to those of all experiments where the root units run.
    #[must_use]
    pub fn added(mut self, added: Config) -> Self {
        self.added = added;
        self
    }

    /// Sets whether programs receive the id and the folder of the experiment that they run in.
    #[must_use]
    pub fn gives_place(mut self, gives: bool) -> Self {
        self.gives_place = gives;
        self
    }

    pub(crate) fn hides_place(&self) -> bool {
        !self.gives_place
    }

    fn sees(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    /// Returns the seed of root units for an experiment. Experiments with the same seed can share
    /// them.
    #[must_use]
    pub fn seed_of(&self, config: &Config, repetition: u64, updates: u64) -> u64 {
        let entries = config.entries();
        let is_seeded = |key: &str| self.sees(key) && !self.added.contains(key);
        let config: Config = entries
            .filter(|entry| is_seeded(entry.key()))
            .cloned()
            .collect();
        let [repetition, updates] = self.auxiliary(repetition, updates);
        experiment_seed(self.seed, &config, repetition, updates, OCCURRENCE)
    }

    /// Returns the experiment's record as root units see it.
    pub(crate) fn record(&self, record: &ExperimentRecord) -> ExperimentRecord {
        let entries = record.config.entries();
        let is_seen = |key: &str| self.sees(key) || self.added.contains(key);
        let [repetition, updates] = self.auxiliary(record.repetition, record.updates);
        ExperimentRecord {
            config: entries
                .filter(|entry| is_seen(entry.key()))
                .cloned()
                .collect(),
            repetition,
            updates,
            seed: self.seed_of(&record.config, record.repetition, record.updates),
            ..record.clone()
        }
    }

    /// Returns the config of such a record, with the visible auxiliary keys.
    pub(crate) fn full_config(&self, record: &ExperimentRecord, device: &Value) -> Config {
        let auxiliary = [
            ("repetition", record.repetition),
            ("updates", record.updates),
        ];
        let mut config = record.config.clone();
        for (key, number) in auxiliary {
            if self.sees(key) {
                config.insert(key, number);
            }
        }
        config.insert("device", device.clone());
        config
    }

    /// Returns the repetition and the number of updates, each 0 if it is not visible.
    fn auxiliary(&self, repetition: u64, updates: u64) -> [u64; 2] {
        let seen = |key, number| if self.sees(key) { number } else { 0 };
        [seen("repetition", repetition), seen("updates", updates)]
    }
}

/// The root units' part of a context.
pub(crate) struct RootPart {
    pub(crate) scope: Arc<RootScope>,
    /// The view that is swapped with that of the experiment while a root unit runs; created when it
    /// is first needed.
    pub(crate) other: Option<View>,
    pub(crate) is_entered: bool,
    /// The values that a root unit has saved with [`Context::save`](crate::Context::save), for the
    /// other branches.
    pub(crate) saved: Vec<RootSaved>,
}

pub(crate) struct View {
    pub(crate) record: Arc<ExperimentRecord>,
    pub(crate) full_config: Config,
    pub(crate) random: Option<Box<ChaCha8Rng>>,
    pub(crate) branch: Arc<BranchPosition>,
}

/// A value that a root unit has saved with [`Context::save`](crate::Context::save).
#[derive(Clone, Debug)]
pub struct RootSaved {
    pub(crate) variable: String,
    pub(crate) iteration: u64,
    pub(crate) value: SavedValue,
}

#[derive(Clone, Debug)]
pub(crate) enum SavedValue {
    Value(Value),
    Large(LargeValue),
}
