//! Selections: the configs of a domain that pass a test, or a random sample.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::constraint::Constraint;
use super::membership::Membership;
use super::permutation::Permutation;
use super::{Pass, Plan, lock};
use crate::config::Config;
use crate::count::Count;
use crate::digest::config_digest;
use crate::space::domain::error::DomainError;
use crate::space::predicate::Predicate;

/// The rule by which configs are selected.
#[derive(Debug)]
pub(crate) enum Rule {
    /// Selects configs for which a predicate holds.
    Predicate(Predicate),
    /// Selects configs that the constraints of a grid allow.
    Constraints(Vec<Constraint>),
    /// Selects the first of equal configs.
    New,
    /// Selects configs that are not in a set.
    Absent(Arc<Membership>),
    /// Selects the first configs of a random permutation.
    Shuffled { order: Permutation, len: u128 },
    /// Selects the first configs of an infinite domain.
    First { len: u128 },
}

/// The selected configs of a domain, numbered from zero. A scan on demand finds them, and keeps the
/// position of every 256th as a checkpoint.
#[derive(Debug)]
pub(crate) struct Selection {
    plan: Plan,
    rule: Rule,
    scan: Mutex<Scan>,
}

#[derive(Debug, Default)]
struct Scan {
    /// The positions of the selected configs 0, `spacing`, 2 `spacing`, ….
    checkpoints: Vec<u128>,
    /// The number of configs found so far.
    count: u128,
    /// The position at which the scan continues.
    next: u128,
    complete: bool,
    /// The index and position of the latest request.
    last: Option<(u128, u128)>,
    seen: HashSet<u128>,
}

impl Selection {
    /// The number of dropped configs in a row after which the scan of an infinite domain fails.
    const MAX_TRIES: u64 = 100_000;
    /// The maximum number of configs that a count scans.
    const MAX_SCAN: u128 = 1_000_000_000;

    pub(crate) fn new(plan: Plan, rule: Rule) -> Selection {
        Selection {
            plan,
            rule,
            scan: Mutex::default(),
        }
    }

    /// Returns the number of selected configs, if it is known without a scan.
    pub(crate) fn known_len(&self) -> Option<Count> {
        match &self.rule {
            Rule::Shuffled { len, .. } | Rule::First { len } => Some(Count::Finite(*len)),
            _ if self.plan.known_len() == Some(Count::Infinite) => Some(Count::Infinite),
            _ => {
                let scan = lock(&self.scan);
                scan.complete.then_some(Count::Finite(scan.count))
            }
        }
    }

    /// Returns the number of selected configs; scans all configs.
    pub(super) fn len(&self) -> Result<Count, DomainError> {
        if let Some(known) = self.known_len() {
            return Ok(known);
        }
        match self.plan.len()? {
            Count::Infinite => return Ok(Count::Infinite),
            Count::Finite(configs) if configs > Selection::MAX_SCAN => {
                return Err(DomainError::TooManyToScan {
                    part: self.plan.part.clone(),
                    configs,
                    limit: Selection::MAX_SCAN,
                });
            }
            Count::Finite(_) => {}
        }
        let mut scan = lock(&self.scan);
        while self.find_next(&mut scan)?.is_some() {}
        Ok(Count::Finite(scan.count))
    }

    /// Returns the selected config at an index; `None` beyond the last.
    pub(super) fn config(&self, index: u128) -> Result<Option<Config>, DomainError> {
        match self.position(index)? {
            Some(position) => self.plan.config(position, Pass::default()),
            None => Ok(None),
        }
    }

    /// Returns a digest that distinguishes the selected config at an index from all others.
    pub(super) fn key(&self, index: u128) -> Result<u128, DomainError> {
        match self.position(index)? {
            Some(position) => self.plan.key(position),
            None => Ok(index),
        }
    }

    /// Returns whether each draw of an infinite domain is selected independently of the others.
    pub(super) fn is_only_drawn(&self) -> bool {
        matches!(self.rule, Rule::Predicate(_) | Rule::Absent(_)) && self.plan.is_only_drawn()
    }

    /// Appends the entries of the first selected config among the draws of the enclosing config.
    pub(super) fn push_first(&self, around: u128, config: &mut Config) -> Result<(), DomainError> {
        let pass = Pass { number: 0, around };
        for position in 0..u128::from(Selection::MAX_TRIES) {
            let Some(drawn) = self.plan.config(position, pass)? else {
                break;
            };
            if self.selects(&drawn, &mut HashSet::new())? {
                config.push_all(&drawn);
                return Ok(());
            }
        }
        Err(self.no_match())
    }

    fn no_match(&self) -> DomainError {
        DomainError::NoMatch {
            part: self.plan.part.clone(),
            tries: Selection::MAX_TRIES,
        }
    }

    /// Appends the entries of the selected config at an index.
    pub(super) fn push(&self, index: u128, config: &mut Config) -> Result<(), DomainError> {
        if let Some(selected) = self.config(index)? {
            config.push_all(&selected);
        }
        Ok(())
    }

    /// Returns the position in the domain of the selected config at an index.
    fn position(&self, index: u128) -> Result<Option<u128>, DomainError> {
        match &self.rule {
            Rule::Shuffled { order, len } => {
                return Ok((index < *len).then(|| order.at(index)));
            }
            Rule::First { len } => return Ok((index < *len).then_some(index)),
            Rule::Predicate(_) | Rule::Constraints(_) | Rule::New | Rule::Absent(_) => {}
        }
        let mut scan = lock(&self.scan);
        let position = if index < scan.count {
            Some(self.find_again(&mut scan, index)?)
        } else {
            loop {
                match self.find_next(&mut scan)? {
                    Some(position) if scan.count == index + 1 => break Some(position),
                    Some(_) => {}
                    None => break None,
                }
            }
        };
        scan.last = position.map(|position| (index, position));
        Ok(position)
    }

    /// Returns the distance of checkpoints. For [`Rule::New`] every selected config is one, because
    /// a repeated scan could not tell which configs are new.
    fn spacing(&self) -> u128 {
        match self.rule {
            Rule::New => 1,
            _ => 256,
        }
    }

    /// Continues the scan to the next selected config.
    fn find_next(&self, scan: &mut Scan) -> Result<Option<u128>, DomainError> {
        if scan.complete {
            return Ok(None);
        }
        let endless = self.plan.known_len() == Some(Count::Infinite);
        let mut tries = 0;
        while let Some(config) = self.plan.config(scan.next, Pass::default())? {
            let position = scan.next;
            scan.next += 1;
            if self.selects(&config, &mut scan.seen)? {
                if scan.count.is_multiple_of(self.spacing()) {
                    scan.checkpoints.push(position);
                }
                scan.count += 1;
                return Ok(Some(position));
            }
            tries += 1;
            if endless && tries == Selection::MAX_TRIES {
                return Err(self.no_match());
            }
        }
        scan.complete = true;
        scan.seen = HashSet::new();
        Ok(None)
    }

    /// Finds a config that the scan has passed, from the nearest checkpoint.
    fn find_again(&self, scan: &mut Scan, index: u128) -> Result<u128, DomainError> {
        // The number of checkpoints is bounded by memory, so it fits.
        let nearest = (index / self.spacing()) as usize;
        let checkpoint = (nearest as u128 * self.spacing(), scan.checkpoints[nearest]);
        let (mut at, mut position) = match scan.last {
            Some(last) if last.0 <= index && last.0 >= checkpoint.0 => last,
            _ => checkpoint,
        };
        while at < index {
            position += 1;
            let config = self.plan.config(position, Pass::default())?;
            if let Some(config) = config
                && self.selects(&config, &mut scan.seen)?
            {
                at += 1;
            }
        }
        Ok(position)
    }

    fn selects(&self, config: &Config, seen: &mut HashSet<u128>) -> Result<bool, DomainError> {
        let failed = |source| DomainError::Condition {
            part: self.plan.part.clone(),
            config: config.to_string(),
            source,
        };
        match &self.rule {
            Rule::Predicate(predicate) => predicate.holds(config).map_err(failed),
            Rule::Constraints(constraints) => {
                for constraint in constraints {
                    if !constraint.holds(config).map_err(failed)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Rule::New => Ok(seen.insert(config_digest(config.iter()))),
            Rule::Absent(others) => Ok(!others.contains(config)),
            Rule::Shuffled { .. } | Rule::First { .. } => Ok(true),
        }
    }
}
