//! Some of the configs of a domain: those that pass a test, or a random sample.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::limit::Limit;
use super::membership::Membership;
use super::permutation::Permutation;
use super::{Pass, Plan};
use crate::condition::Test;
use crate::config::Config;
use crate::count::Count;
use crate::domain::DomainError;
use crate::id::value_digest;
use crate::lock::lock;

/// Which configs of a domain are kept.
#[derive(Debug)]
pub(super) enum Rule {
    /// Those for which a condition holds.
    Test(Test),
    /// Those that are left by the limits of a cube.
    Limits(Vec<Limit>),
    /// Those that did not come before.
    New,
    /// Those that are not in another set.
    Absent(Arc<Membership>),
    /// The first ones of a shuffled order.
    Shuffled { order: Permutation, len: u128 },
    /// The first ones, of a domain that never ends.
    First { len: u128 },
}

/// The kept configs of a domain, numbered from zero. They are looked for when they are asked for;
/// of what was found, only every 256th place is remembered.
#[derive(Debug)]
pub(super) struct Selection {
    plan: Plan,
    rule: Rule,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    /// The positions of the kept configs with the numbers 0, `spacing`, 2 `spacing`, ….
    stones: Vec<u128>,
    /// How many were found so far, and the position to go on at.
    count: u128,
    next: u128,
    complete: bool,
    /// The number and position that were asked for last.
    last: Option<(u128, u128)>,
    seen: HashSet<u128>,
}

impl Selection {
    /// Configs dropped in a row after which an endless domain is given up.
    const TRIES: u64 = 100_000;
    /// Configs that are looked at for a count.
    const LOOK_AT: u128 = 1_000_000_000;

    pub(super) fn new(plan: Plan, rule: Rule) -> Selection {
        Selection {
            plan,
            rule,
            found: Mutex::default(),
        }
    }

    /// The number of kept configs if it is known already.
    pub(super) fn known_len(&self) -> Option<Count> {
        match &self.rule {
            Rule::Shuffled { len, .. } | Rule::First { len } => Some(Count::Finite(*len)),
            _ if self.plan.known_len() == Some(Count::Infinite) => Some(Count::Infinite),
            _ => {
                let found = lock(&self.found);
                found.complete.then_some(Count::Finite(found.count))
            }
        }
    }

    /// The number of kept configs; looks at all of them.
    pub(super) fn len(&self) -> Result<Count, DomainError> {
        if let Some(known) = self.known_len() {
            return Ok(known);
        }
        match self.plan.len()? {
            Count::Infinite => return Ok(Count::Infinite),
            Count::Finite(configs) if configs > Selection::LOOK_AT => {
                return Err(DomainError::TooManyToLookAt {
                    part: self.plan.part.clone(),
                    configs,
                    limit: Selection::LOOK_AT,
                });
            }
            Count::Finite(_) => {}
        }
        let mut found = lock(&self.found);
        while self.find_next(&mut found)?.is_some() {}
        Ok(Count::Finite(found.count))
    }

    /// The kept config of a number; none beyond the last.
    pub(super) fn config(&self, number: u128) -> Result<Option<Config>, DomainError> {
        match self.position(number)? {
            Some(position) => self.plan.config(position, Pass::default()),
            None => Ok(None),
        }
    }

    /// A digest that tells the kept config of a number from all others.
    pub(super) fn key(&self, number: u128) -> Result<u128, DomainError> {
        match self.position(number)? {
            Some(position) => self.plan.key(position),
            None => Ok(number),
        }
    }

    /// Whether each draw of a domain that never ends is kept or dropped by itself.
    pub(super) fn is_only_drawn(&self) -> bool {
        matches!(self.rule, Rule::Test(_) | Rule::Absent(_)) && self.plan.is_only_drawn()
    }

    /// Appends the entries of the first kept config of the draws that are addressed by what is
    /// around them.
    pub(super) fn push_first(&self, around: u128, config: &mut Config) -> Result<(), DomainError> {
        let pass = Pass { number: 0, around };
        for position in 0..u128::from(Selection::TRIES) {
            let Some(drawn) = self.plan.config(position, pass)? else {
                break;
            };
            if self.keeps(&drawn, &mut HashSet::new())? {
                config.push_all(&drawn);
                return Ok(());
            }
        }
        Err(DomainError::NothingFits {
            part: self.plan.part.clone(),
            tries: Selection::TRIES,
        })
    }

    /// Appends the entries of a kept config.
    pub(super) fn push(&self, number: u128, config: &mut Config) -> Result<(), DomainError> {
        if let Some(kept) = self.config(number)? {
            config.push_all(&kept);
        }
        Ok(())
    }

    /// The position in the domain of the kept config of a number.
    fn position(&self, number: u128) -> Result<Option<u128>, DomainError> {
        match &self.rule {
            Rule::Shuffled { order, len } => {
                return Ok((number < *len).then(|| order.at(number)));
            }
            Rule::First { len } => return Ok((number < *len).then_some(number)),
            Rule::Test(_) | Rule::Limits(_) | Rule::New | Rule::Absent(_) => {}
        }
        let mut found = lock(&self.found);
        let position = if number < found.count {
            Some(self.find_again(&mut found, number)?)
        } else {
            loop {
                match self.find_next(&mut found)? {
                    Some(position) if found.count == number + 1 => break Some(position),
                    Some(_) => {}
                    None => break None,
                }
            }
        };
        found.last = position.map(|position| (number, position));
        Ok(position)
    }

    /// What was new once is not found again, so each of those places is remembered.
    fn spacing(&self) -> u128 {
        if matches!(self.rule, Rule::New) {
            1
        } else {
            256
        }
    }

    /// Finds the next config that was not found before.
    fn find_next(&self, found: &mut Found) -> Result<Option<u128>, DomainError> {
        if found.complete {
            return Ok(None);
        }
        let endless = self.plan.known_len() == Some(Count::Infinite);
        let mut tries = 0;
        while let Some(config) = self.plan.config(found.next, Pass::default())? {
            let position = found.next;
            found.next += 1;
            if self.keeps(&config, &mut found.seen)? {
                if found.count.is_multiple_of(self.spacing()) {
                    found.stones.push(position);
                }
                found.count += 1;
                return Ok(Some(position));
            }
            tries += 1;
            if endless && tries == Selection::TRIES {
                return Err(DomainError::NothingFits {
                    part: self.plan.part.clone(),
                    tries,
                });
            }
        }
        found.complete = true;
        found.seen = HashSet::new();
        Ok(None)
    }

    /// Finds a config that was found before, from the nearest place that is remembered.
    fn find_again(&self, found: &mut Found, number: u128) -> Result<u128, DomainError> {
        // There are no more stones than memory holds.
        let stone = (number / self.spacing()) as usize;
        let remembered = (stone as u128 * self.spacing(), found.stones[stone]);
        let (mut at, mut position) = match found.last {
            Some(last) if last.0 <= number && last.0 >= remembered.0 => last,
            _ => remembered,
        };
        while at < number {
            position += 1;
            let config = self.plan.config(position, Pass::default())?;
            if let Some(config) = config
                && self.keeps(&config, &mut found.seen)?
            {
                at += 1;
            }
        }
        Ok(position)
    }

    fn keeps(&self, config: &Config, seen: &mut HashSet<u128>) -> Result<bool, DomainError> {
        let failed = |source| DomainError::Condition {
            part: self.plan.part.clone(),
            config: config.to_string(),
            source,
        };
        match &self.rule {
            Rule::Test(test) => test.holds(config).map_err(failed),
            Rule::Limits(limits) => {
                for limit in limits {
                    if !limit.holds(config).map_err(failed)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Rule::New => Ok(seen.insert(value_digest(config))),
            Rule::Absent(others) => Ok(!others.contains(config)),
            Rule::Shuffled { .. } | Rule::First { .. } => Ok(true),
        }
    }
}
