//! The configs of a domain, numbered in the order in which they are run.

mod items;
mod prefix;
mod vectors;

use std::sync::Arc;

use crate::config::{Config, Entry};
use crate::count::Count;
use crate::domain::{Domain, DomainError};
use crate::id::Identity;
use crate::plan::{Pass, Plan, Seeding};
use crate::rules::Rules;

pub use items::Items;
pub use prefix::IdPrefixes;
pub use vectors::IndexVectors;

/// How a domain is iterated.
///
/// ```
/// use research_domain::{Iteration, option};
///
/// let iteration = Iteration::default().n_reps(2).repeat_each(1);
/// let configs = option("a", [1, 2]).configs(&iteration).unwrap();
/// let lines: Vec<String> =
///     configs.iter().map(|item| item.unwrap().full_config().to_string()).collect();
/// assert_eq!(lines[1], "a=1, repetition=1, updates=0");
/// assert_eq!(lines[2], "a=2, repetition=0, updates=0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iteration {
    /// How many configs, without repetitions: all by default; more than there are start over.
    pub n_items: Option<u128>,
    /// How often each config occurs.
    pub n_reps: u64,
    /// After how many configs they are repeated: after all by default, 100 when there is no end.
    pub repeat_each: Option<u128>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How often the domain was updated.
    pub updates: u64,
    /// How many digits the numbers in the prefixes of ids have; none for no prefixes.
    pub id_prefix: Option<u8>,
    /// The rules by which values are drawn and ids are made.
    pub rules: Rules,
}

impl Default for Iteration {
    fn default() -> Iteration {
        Iteration {
            n_items: None,
            n_reps: 1,
            repeat_each: None,
            seed: 0,
            updates: 0,
            id_prefix: None,
            rules: Rules::LATEST,
        }
    }
}

impl Iteration {
    /// Sets how many configs there are, without repetitions.
    #[must_use]
    pub fn n_items(mut self, n_items: impl Into<Option<u128>>) -> Iteration {
        self.n_items = n_items.into();
        self
    }

    /// Sets how often each config occurs.
    #[must_use]
    pub fn n_reps(mut self, n_reps: u64) -> Iteration {
        self.n_reps = n_reps;
        self
    }

    /// Sets after how many configs they are repeated.
    #[must_use]
    pub fn repeat_each(mut self, repeat_each: impl Into<Option<u128>>) -> Iteration {
        self.repeat_each = repeat_each.into();
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Iteration {
        self.seed = seed;
        self
    }

    /// Sets how often the domain was updated.
    #[must_use]
    pub fn updates(mut self, updates: u64) -> Iteration {
        self.updates = updates;
        self
    }

    /// Sets how many digits the numbers in the prefixes of ids have.
    #[must_use]
    pub fn id_prefix(mut self, digits: impl Into<Option<u8>>) -> Iteration {
        self.id_prefix = digits.into();
        self
    }

    /// Sets the rules by which values are drawn and ids are made: the latest ones, if not set.
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Iteration {
        self.rules = rules;
        self
    }
}

/// One config in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The place among all that are run.
    pub index: u128,
    /// The config, without auxiliary keys.
    pub config: Config,
    /// The number of the repetition.
    pub repetition: u64,
    /// How often the domain was updated.
    pub updates: u64,
}

impl Item {
    /// The config with `repetition` and `updates` at its end.
    pub fn full_config(&self) -> Config {
        let mut config = self.config.clone();
        for (key, number) in [("repetition", self.repetition), ("updates", self.updates)] {
            config.insert_entry(Entry::new(key, number));
        }
        config
    }

    /// What the item's id and seed are made of, as its first occurrence; give it to an
    /// [`IdRegistry`](crate::IdRegistry).
    pub fn identity(&self, seed: u64) -> Identity<'_> {
        Identity {
            config: &self.config,
            repetition: self.repetition,
            updates: self.updates,
            seed,
            occurrence: 0,
        }
    }
}

/// The configs of a domain under an [`Iteration`]: countable, and each of them produced on its own
/// without the ones before it.
///
/// It is cheap to clone and can be shared by threads.
///
/// ```
/// use research_domain::{Domain, Iteration};
///
/// let digits: Vec<Domain> =
///     (0..18).map(|digit| research_domain::option(format!("d{digit:02}"), 0..10)).collect();
/// let configs = Domain::product(digits).configs(&Iteration::default()).unwrap();
/// assert_eq!(configs.size().unwrap().finite(), Some(10u128.pow(18)));
/// let item = configs.get(10u128.pow(17)).unwrap().unwrap();
/// assert_eq!(item.config.read::<i64>("d00").unwrap(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Configs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    domain: Domain,
    plan: Plan,
    iteration: Iteration,
}

/// What an index stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    /// The number of the config, without repetitions.
    item: u128,
    repetition: u64,
    /// The end of the run of items that follow each other.
    end: u128,
}

impl Configs {
    pub(crate) fn new(domain: &Domain, iteration: &Iteration) -> Result<Configs, DomainError> {
        let zero = |what| Err(DomainError::ZeroIteration { what });
        if iteration.n_reps == 0 {
            return zero("n_reps");
        }
        if iteration.repeat_each == Some(0) {
            return zero("repeat_each");
        }
        let plan = Plan::new(
            domain,
            Seeding {
                seed: iteration.seed,
                updates: iteration.updates,
                rules: iteration.rules,
            },
        )?;
        Ok(Configs {
            inner: Arc::new(Inner {
                domain: domain.clone(),
                plan,
                iteration: iteration.clone(),
            }),
        })
    }

    /// How many there are, with repetitions.
    ///
    /// # Errors
    /// As [`Domain::len`]; a number beyond 128 bits.
    pub fn size(&self) -> Result<Count, DomainError> {
        let Count::Finite(items) = self.inner.items()? else {
            return Ok(Count::Infinite);
        };
        let reps = u128::from(self.inner.iteration.n_reps);
        items
            .checked_mul(reps)
            .map(Count::Finite)
            .ok_or_else(|| DomainError::TooLarge {
                part: format!("{items} configs repeated {reps} times"),
            })
    }

    /// The config at an index, produced without the ones before it; none beyond the end.
    ///
    /// Domains with weights and conditions over several parameters may have to look at configs
    /// before it the first time.
    ///
    /// # Errors
    /// A draw or a condition that fails for this config.
    pub fn get(&self, index: u128) -> Result<Option<Item>, DomainError> {
        let Some(turn) = self.inner.turn(index)? else {
            return Ok(None);
        };
        let config = self.inner.config(turn.item)?;
        Ok(config.map(|config| self.inner.item(index, turn.repetition, config)))
    }

    /// The iteration.
    pub fn iteration(&self) -> &Iteration {
        &self.inner.iteration
    }

    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.inner.domain
    }

    /// What makes the prefixes of ids, if the iteration asks for them.
    pub fn id_prefixes(&self) -> Option<IdPrefixes> {
        let mut prefixes = IdPrefixes::new(self.inner.iteration.id_prefix?);
        prefixes.add_parameters(&self.inner.domain);
        Some(prefixes)
    }

    /// All configs in order.
    pub fn iter(&self) -> Items {
        self.iter_from(0)
    }

    /// The configs from an index on.
    pub fn iter_from(&self, index: u128) -> Items {
        Items::new(Arc::clone(&self.inner), index)
    }

    /// The configs as numbers of values, without repetitions: the fastest way through a domain.
    ///
    /// # Errors
    /// As [`Domain::len`].
    pub fn index_vectors(&self) -> Result<IndexVectors, DomainError> {
        IndexVectors::new(&self.inner.plan)
    }
}

impl IntoIterator for &Configs {
    type Item = Result<Item, DomainError>;
    type IntoIter = Items;

    fn into_iter(self) -> Items {
        self.iter()
    }
}

impl Inner {
    /// The number of configs without repetitions.
    fn items(&self) -> Result<Count, DomainError> {
        self.iteration
            .n_items
            .map_or_else(|| self.plan.len(), |items| Ok(Count::Finite(items)))
    }

    fn item(&self, index: u128, repetition: u64, config: Config) -> Item {
        Item {
            index,
            config,
            repetition,
            updates: self.iteration.updates,
        }
    }

    /// Which item and repetition an index stands for. Configs come in chunks, and each chunk comes
    /// `n_reps` times.
    fn turn(&self, index: u128) -> Result<Option<Turn>, DomainError> {
        const CHUNK_OF_ENDLESS: u128 = 100;

        let reps = u128::from(self.iteration.n_reps);
        if reps == 1 {
            // The end of the domain itself is found when it is reached.
            let end = self.iteration.n_items.unwrap_or(u128::MAX);
            return Ok((index < end).then_some(Turn {
                item: index,
                repetition: 0,
                end,
            }));
        }
        let items = self.items()?;
        let chunk = self.iteration.repeat_each.unwrap_or(match items {
            Count::Finite(items) => items.max(1),
            Count::Infinite => CHUNK_OF_ENDLESS,
        });
        let with_repetitions = chunk.saturating_mul(reps);
        let start = index / with_repetitions * chunk;
        let end = match items {
            Count::Finite(items) if start >= items => return Ok(None),
            Count::Finite(items) => items.min(start.saturating_add(chunk)),
            Count::Infinite => start.saturating_add(chunk),
        };
        let (within, len) = (index % with_repetitions, end - start);
        let repetition = within / len;
        // A last chunk that is shorter ends sooner.
        Ok((repetition < reps).then_some(Turn {
            item: start + within % len,
            repetition: repetition as u64,
            end,
        }))
    }

    /// The config of an item: of the first pass through the domain, or of a later one when more
    /// configs are asked for than there are.
    fn config(&self, item: u128) -> Result<Option<Config>, DomainError> {
        let first = self.plan.config(item, Pass::default())?;
        if first.is_some() || self.iteration.n_items.is_none() {
            return Ok(first);
        }
        let (pass, position) = self.pass(item)?;
        self.plan.config(position, Pass::new(pass))
    }

    /// The pass through the domain that an item belongs to, and its position in it.
    fn pass(&self, item: u128) -> Result<(u128, u128), DomainError> {
        if self.iteration.n_items.is_none() || self.plan.config(item, Pass::default())?.is_some() {
            return Ok((0, item));
        }
        match self.plan.len()? {
            Count::Finite(0) => Err(self.nothing_left()),
            Count::Finite(len) => Ok((item / len, item % len)),
            Count::Infinite => Ok((0, item)),
        }
    }

    fn nothing_left(&self) -> DomainError {
        DomainError::NothingLeft {
            asked: self.iteration.n_items.unwrap_or(0),
        }
    }
}
