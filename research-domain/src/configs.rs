//! The configs of a domain, numbered in the order in which they run.

mod id_prefixes;
mod items;
mod iteration;

use std::sync::Arc;

use crate::config::Config;
use crate::count::Count;
use crate::grammar::readable::check_readable;
use crate::space::compile::compile;
use crate::space::domain::Domain;
use crate::space::domain::error::DomainError;
#[cfg(feature = "rayon")]
use crate::space::domain::error::excerpt;
use crate::space::plan::{Pass, Plan, Seeding};

pub use id_prefixes::IdPrefixes;
pub use items::Items;
pub use iteration::{Item, Iteration};

impl Domain {
    /// Checks every part.
    ///
    /// # Errors
    /// The first error, with the part of the expression.
    pub fn validate(&self) -> Result<(), DomainError> {
        plan(self, Seeding::default()).map(drop)
    }

    /// Returns the number of configs, without repetitions.
    ///
    /// # Errors
    /// The errors of [`validate`](Domain::validate), and a number beyond 128 bits. A condition on
    /// several parameters may need a scan of configs, which has a limit. A condition on drawn
    /// values depends on the seed, which is zero here; [`Configs::size`] uses that of an iteration.
    pub fn len(&self) -> Result<Count, DomainError> {
        plan(self, Seeding::default())?.len()
    }

    /// Returns whether there are no configs.
    ///
    /// # Errors
    /// The errors of [`len`](Domain::len).
    pub fn is_empty(&self) -> Result<bool, DomainError> {
        Ok(self.len()? == Count::Finite(0))
    }

    /// Returns the configs with the order and the repetitions of an iteration.
    ///
    /// # Errors
    /// The errors of [`validate`](Domain::validate), and an invalid iteration.
    pub fn configs(&self, iteration: &Iteration) -> Result<Configs, DomainError> {
        let zero = |setting| Err(DomainError::ZeroSetting { setting });
        if iteration.n_reps == 0 {
            return zero("n_reps");
        }
        if iteration.repeat_each == Some(0) {
            return zero("repeat_each");
        }
        let seeding = Seeding {
            seed: iteration.seed,
            updates: iteration.updates,
            rules: iteration.rules,
        };
        Ok(Configs {
            inner: Arc::new(Inner {
                domain: self.clone(),
                plan: plan(self, seeding)?,
                iteration: iteration.clone(),
            }),
        })
    }
}

fn plan(domain: &Domain, seeding: Seeding) -> Result<Plan, DomainError> {
    check_readable(domain)?;
    compile(domain, seeding)
}

/// The configs of a domain in an [`Iteration`]: their number, and the config at any index without
/// those before it.
///
/// Clones are cheap and can be shared by threads.
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

/// The meaning of an index of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    /// The index of the config without repetitions.
    item: u128,
    repetition: u64,
    /// The end of the sequence of items of this repetition.
    end: u128,
}

impl Configs {
    /// Returns the number of items, with repetitions.
    ///
    /// # Errors
    /// The errors of [`Domain::len`], and a number beyond 128 bits.
    pub fn size(&self) -> Result<Count, DomainError> {
        let Count::Finite(items) = self.inner.items()? else {
            return Ok(Count::Infinite);
        };
        let reps = u128::from(self.inner.iteration.n_reps);
        let size = items.checked_mul(reps).map(Count::Finite);
        size.ok_or_else(|| DomainError::TooLarge {
            part: format!("{items} configs repeated {reps} times"),
        })
    }

    /// Iterates over all items in parallel, in any order; needs the feature `rayon`.
    ///
    /// ```
    /// use rayon::iter::ParallelIterator;
    /// use research_domain::{Configs, option};
    ///
    /// let domain = option("a", 0..100) * option("b", 0..100);
    /// let configs = domain.configs(&Default::default())?;
    /// let a = configs.par_iter()?.map(|item| Ok(item?.config.read::<i64>("a").unwrap_or(0)));
    /// assert_eq!(a.sum::<Result<i64, research_domain::DomainError>>()?, 100 * 4950);
    /// # Ok::<(), research_domain::DomainError>(())
    /// ```
    ///
    /// # Errors
    /// As [`size`](Self::size), and an infinite domain.
    #[cfg(feature = "rayon")]
    pub fn par_iter(
        &self,
    ) -> Result<impl rayon::iter::ParallelIterator<Item = Result<Item, DomainError>>, DomainError>
    {
        use rayon::iter::{IntoParallelIterator, ParallelIterator};

        let Count::Finite(size) = self.size()? else {
            return Err(DomainError::Infinite {
                part: excerpt(&self.inner.domain),
                needed_by: "a parallel iteration",
            });
        };
        let items = (0..size).into_par_iter();
        Ok(items.filter_map(|index| self.get(index).transpose()))
    }

    /// Returns the item at an index without computing those before it; `None` beyond the end.
    ///
    /// The first call for a domain with weights or with conditions on several parameters may scan
    /// the configs before it.
    ///
    /// # Errors
    /// A draw or a condition that fails for this config.
    pub fn get(&self, index: u128) -> Result<Option<Item>, DomainError> {
        let Some(step) = self.inner.step(index)? else {
            return Ok(None);
        };
        let config = self.inner.config(step.item)?;
        Ok(config.map(|config| self.inner.item(index, step.repetition, config)))
    }

    /// Returns the settings of the iteration.
    pub fn iteration(&self) -> &Iteration {
        &self.inner.iteration
    }

    /// Returns the domain.
    pub fn domain(&self) -> &Domain {
        &self.inner.domain
    }

    /// Returns the generator of id prefixes, if the iteration has them.
    pub fn id_prefixes(&self) -> Option<IdPrefixes> {
        let mut prefixes = IdPrefixes::new(self.inner.iteration.id_prefix?);
        prefixes.add_parameters(&self.inner.domain);
        Some(prefixes)
    }

    /// Iterates over all items in order.
    pub fn iter(&self) -> Items {
        self.iter_from(0)
    }

    /// Iterates over the items from an index on.
    pub fn iter_from(&self, index: u128) -> Items {
        Items::new(Arc::clone(&self.inner), index)
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
    /// Returns the number of configs without repetitions.
    fn items(&self) -> Result<Count, DomainError> {
        match self.iteration.n_items {
            Some(items) => Ok(Count::Finite(items)),
            None => self.plan.len(),
        }
    }

    fn item(&self, index: u128, repetition: u64, config: Config) -> Item {
        Item {
            index,
            config,
            repetition,
            updates: self.iteration.updates,
        }
    }

    /// Returns the item and the repetition at an index. Configs come in chunks, and each chunk is
    /// repeated `n_reps` times.
    fn step(&self, index: u128) -> Result<Option<Step>, DomainError> {
        const CHUNK_OF_INFINITE: u128 = 100;

        let reps = u128::from(self.iteration.n_reps);
        if reps == 1 {
            // The number of configs is not needed: the iteration finds the end of the domain.
            let end = self.iteration.n_items.unwrap_or(u128::MAX);
            return Ok((index < end).then_some(Step {
                item: index,
                repetition: 0,
                end,
            }));
        }
        let items = self.items()?;
        let chunk = self.iteration.repeat_each.unwrap_or(match items {
            Count::Finite(items) => items.max(1),
            Count::Infinite => CHUNK_OF_INFINITE,
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
        // A shorter last chunk ends sooner.
        Ok((repetition < reps).then_some(Step {
            item: start + within % len,
            repetition: repetition as u64,
            end,
        }))
    }

    /// Returns the config of an item, from the first pass through the domain, or from a later one
    /// if more configs are requested than the domain has.
    fn config(&self, item: u128) -> Result<Option<Config>, DomainError> {
        let first = self.plan.config(item, Pass::default())?;
        if first.is_some() || self.iteration.n_items.is_none() {
            return Ok(first);
        }
        let (number, position) = self.pass(item)?;
        let pass = Pass { number, around: 0 };
        self.plan.config(position, pass)
    }

    /// Returns the number of the pass that an item belongs to, and its position in the domain.
    fn pass(&self, item: u128) -> Result<(u128, u128), DomainError> {
        if self.iteration.n_items.is_none() || self.plan.config(item, Pass::default())?.is_some() {
            return Ok((0, item));
        }
        match self.plan.len()? {
            Count::Finite(0) => Err(self.empty()),
            Count::Finite(len) => Ok((item / len, item % len)),
            Count::Infinite => Ok((0, item)),
        }
    }

    fn empty(&self) -> DomainError {
        DomainError::Empty {
            requested: self.iteration.n_items.unwrap_or(0),
        }
    }
}
