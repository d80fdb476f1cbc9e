//! Sets of configs.

use std::collections::HashSet;
use std::sync::Arc;

use super::rows::Rows;
use crate::config::Config;
use crate::digest::{config_digest, values_digest};
use crate::space::condition::Condition;

/// The configs of a domain, as a set.
#[derive(Debug)]
pub(crate) enum Membership {
    /// Grids of lists: a config is a member if each of its rows is in a list of one grid.
    Grids(Vec<Arc<GridSet>>),
    /// The digests of all configs, for domains that are not grids of lists.
    Digests(HashSet<u128>),
}

/// The rows of each axis of a grid, as sets.
#[derive(Debug)]
pub(crate) struct GridSet {
    axes: Vec<AxisSet>,
    width: usize,
    /// Conditions that must hold. They were evaluated for every row, so they do not fail.
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct AxisSet {
    names: Vec<Arc<str>>,
    digests: HashSet<u128>,
}

impl Membership {
    pub(crate) fn from_lists<'a>(grids: impl IntoIterator<Item = &'a [Arc<Rows>]>) -> Membership {
        let grids = grids.into_iter();
        Membership::Grids(
            grids
                .map(|rows| Arc::new(GridSet::new(rows, Vec::new())))
                .collect(),
        )
    }

    pub(crate) fn contains(&self, config: &Config) -> bool {
        match self {
            Membership::Grids(grids) => grids.iter().any(|grid| grid.contains(config)),
            Membership::Digests(digests) => digests.contains(&config_digest(config.iter())),
        }
    }
}

impl GridSet {
    pub(crate) fn new(axes: &[Arc<Rows>], conditions: Vec<Condition>) -> GridSet {
        let axes: Vec<AxisSet> = axes.iter().map(|rows| AxisSet::new(rows)).collect();
        GridSet {
            width: axes.iter().map(|axis| axis.names.len()).sum(),
            axes,
            conditions,
        }
    }

    fn contains(&self, config: &Config) -> bool {
        config.len() == self.width && self.contains_part(config)
    }

    /// Returns whether the set contains the config. Ignores parameters that the set does not have.
    pub(crate) fn contains_part(&self, config: &Config) -> bool {
        let holds = |condition: &Condition| condition.holds(config) == Ok(true);
        self.axes.iter().all(|axis| axis.contains(config)) && self.conditions.iter().all(holds)
    }

    pub(crate) fn has_conditions(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Returns whether the set has exactly these parameters.
    pub(crate) fn has_parameters(&self, names: &[Arc<str>]) -> bool {
        let mut own = self.axes.iter().flat_map(|axis| &axis.names);
        names.len() == self.width && own.all(|name| names.contains(name))
    }

    /// Returns, for each list of which the set has parameters, whether each row is in the set;
    /// `None` if a zip of the set spans several lists.
    pub(crate) fn rows_inside(
        &self,
        lists: &[Option<Arc<Rows>>],
    ) -> Option<Vec<Option<Vec<bool>>>> {
        let mut inside: Vec<Option<Vec<bool>>> = vec![None; lists.len()];
        for axis in &self.axes {
            let index = lists.iter().position(|rows| {
                let has = |name| {
                    rows.as_ref()
                        .is_some_and(|rows| rows.names().any(|own| own == name))
                };
                axis.names.iter().all(has)
            })?;
            let rows = lists[index].as_ref()?;
            let also = (0..rows.len()).map(|row| axis.contains(&rows.config(row)));
            inside[index] = Some(match inside[index].take() {
                Some(before) => before.into_iter().zip(also).map(|(a, b)| a && b).collect(),
                None => also.collect(),
            });
        }
        Some(inside)
    }
}

impl AxisSet {
    fn new(rows: &Rows) -> AxisSet {
        AxisSet {
            names: rows.names().cloned().collect(),
            digests: (0..rows.len()).map(|row| rows.digest(row)).collect(),
        }
    }

    fn contains(&self, config: &Config) -> bool {
        let values: Option<Vec<_>> = self.names.iter().map(|name| config.get(name)).collect();
        values.is_some_and(|values| self.digests.contains(&values_digest(values)))
    }
}
