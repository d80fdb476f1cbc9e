//! What root units see: not one experiment, but what all that share them agree in.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use research_domain::{Config, Value, experiment_seed};

use crate::context::BranchPosition;
use crate::event::ExperimentRecord;
use crate::values::large::LargeValue;

/// Keeps the seeds of root units apart from those of experiments: no config is there so often.
const OCCURRENCE: u64 = u64::MAX;

/// What root units see of an experiment: some of its config, and a seed that follows from that. So
/// they do the same for each of the experiments that agree in it, whichever of these they run in.
#[derive(Clone, Debug, Default)]
pub struct RootScope {
    /// The keys that they see, auxiliary ones among them.
    keys: Vec<String>,
    /// What is added to configs where they run; it is seen, and changes no seed.
    added: Config,
    /// The seed of the research.
    seed: u64,
    /// Whether they are given the id and the folder of the experiment that they run in.
    gives_place: bool,
}

impl RootScope {
    /// What root units see that use these parameters, in a research with this seed.
    #[must_use]
    pub fn new(keys: Vec<String>, seed: u64) -> Self {
        Self {
            keys,
            seed,
            ..Self::default()
        }
    }

    /// Lets them see what is added to the configs of all experiments where these run.
    #[must_use]
    pub fn added(mut self, added: Config) -> Self {
        self.added = added;
        self
    }

    /// Sets whether programs are given the id and the folder of the experiment that they run in.
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

    /// The seed of root units for an experiment. Experiments that have the same can share them.
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

    /// The experiment as root units see it.
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

    /// The config of such a record, with the auxiliary keys that are seen.
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

    /// The repetition and the number of updates, 0 where they are not seen.
    fn auxiliary(&self, repetition: u64, updates: u64) -> [u64; 2] {
        let seen = |key, number| if self.sees(key) { number } else { 0 };
        [seen("repetition", repetition), seen("updates", updates)]
    }
}

/// What a context has for root units.
pub(crate) struct RootPart {
    pub(crate) scope: Arc<RootScope>,
    /// What is swapped with that of the experiment while a root unit runs; made when it is first
    /// needed.
    pub(crate) other: Option<View>,
    pub(crate) is_entered: bool,
    /// What a root unit has saved by itself, for the other branches.
    pub(crate) saved: Vec<RootSaved>,
}

pub(crate) struct View {
    pub(crate) record: Arc<ExperimentRecord>,
    pub(crate) full_config: Config,
    pub(crate) random: Option<Box<ChaCha8Rng>>,
    pub(crate) branch: Arc<BranchPosition>,
}

/// A value that a root unit has saved by itself.
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
