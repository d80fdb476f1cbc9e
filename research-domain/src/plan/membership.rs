//! Whether a config belongs to a domain.

use std::collections::HashSet;
use std::sync::Arc;

use super::limit::Limit;
use super::rows::Rows;
use super::{Block, Cube, Pass, Plan};
use crate::condition::Condition;
use crate::config::Config;
use crate::count::Count;
use crate::domain::DomainError;
use crate::id::{value_digest, values_digest};

/// The configs of a domain, as a set.
#[derive(Debug)]
pub(super) enum Membership {
    /// Cubes of lists: a config is a member when each of its rows is in a list.
    Cubes(Vec<Arc<CubeSet>>),
    /// Digests of all configs, for what has no simpler form.
    Digests(HashSet<u128>),
}

/// The rows of each axis of a cube, as sets.
#[derive(Debug)]
pub(super) struct CubeSet {
    axes: Vec<AxisSet>,
    width: usize,
    /// What else must hold; it was evaluated for every row before, so it does not fail.
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct AxisSet {
    names: Vec<Arc<str>>,
    digests: HashSet<u128>,
}

impl Membership {
    /// How many configs are remembered where there is no simpler form.
    const LIMIT: u128 = 50_000_000;

    pub(super) fn of_plan(plan: &Plan) -> Result<Membership, DomainError> {
        let cubes = plan.blocks.iter().flat_map(Block::cubes);
        let set = |cube: &Cube| {
            let (rows, limits) = cube.rows()?;
            Some(Arc::new(CubeSet::new(&rows, conditions(limits)?)))
        };
        if let Some(sets) = cubes.map(set).collect() {
            return Ok(Membership::Cubes(sets));
        }
        match plan.len()? {
            Count::Infinite => Err(DomainError::Infinite {
                part: plan.part.clone(),
                needed_by: "the second domain of a difference",
            }),
            Count::Finite(configs) if configs > Membership::LIMIT => {
                Err(DomainError::TooManyToLookAt {
                    part: plan.part.clone(),
                    configs,
                    limit: Membership::LIMIT,
                })
            }
            Count::Finite(configs) => {
                let mut digests = HashSet::new();
                for position in 0..configs {
                    let config = plan.config(position, Pass::default())?;
                    digests.extend(config.map(|config| value_digest(&config)));
                }
                Ok(Membership::Digests(digests))
            }
        }
    }

    pub(super) fn of_cubes<'a>(cubes: impl IntoIterator<Item = &'a [Arc<Rows>]>) -> Membership {
        Membership::Cubes(
            cubes
                .into_iter()
                .map(|rows| Arc::new(CubeSet::new(rows, Vec::new())))
                .collect(),
        )
    }

    pub(super) fn contains(&self, config: &Config) -> bool {
        match self {
            Membership::Cubes(cubes) => cubes.iter().any(|cube| cube.contains(config)),
            Membership::Digests(digests) => digests.contains(&value_digest(config)),
        }
    }
}

/// The limits as conditions, if they all are.
fn conditions(limits: &[Limit]) -> Option<Vec<Condition>> {
    let condition = |limit: &Limit| match limit {
        Limit::Condition(condition) => Some(condition.clone()),
        Limit::Absent(_) => None,
    };
    limits.iter().map(condition).collect()
}

impl CubeSet {
    fn new(axes: &[Arc<Rows>], conditions: Vec<Condition>) -> CubeSet {
        let axes: Vec<AxisSet> = axes.iter().map(|rows| AxisSet::new(rows)).collect();
        CubeSet {
            width: axes.iter().map(|axis| axis.names.len()).sum(),
            axes,
            conditions,
        }
    }

    fn contains(&self, config: &Config) -> bool {
        config.len() == self.width && self.contains_part(config)
    }

    /// Whether the parameters that the set knows are in it, whatever other ones there are.
    pub(super) fn contains_part(&self, config: &Config) -> bool {
        let holds = |condition: &Condition| condition.holds(config) == Ok(true);
        self.axes.iter().all(|axis| axis.contains(config)) && self.conditions.iter().all(holds)
    }

    pub(super) fn has_conditions(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Whether the set knows exactly these parameters.
    pub(super) fn is_about(&self, names: &[Arc<str>]) -> bool {
        let mut own = self.axes.iter().flat_map(|axis| &axis.names);
        names.len() == self.width && own.all(|name| names.contains(name))
    }

    /// For each of the lists, which rows are in the set as far as it is about them; nothing for a
    /// list that it is not about, and none at all when one of its zips is spread over lists.
    pub(super) fn rows_inside(
        &self,
        lists: &[Option<Arc<Rows>>],
    ) -> Option<Vec<Option<Vec<bool>>>> {
        let mut inside: Vec<Option<Vec<bool>>> = vec![None; lists.len()];
        for axis in &self.axes {
            let place = lists.iter().position(|rows| {
                let has = |name| {
                    rows.as_ref()
                        .is_some_and(|rows| rows.names().any(|own| own == name))
                };
                axis.names.iter().all(has)
            })?;
            let rows = lists[place].as_ref()?;
            let also = (0..rows.len()).map(|row| axis.contains(&rows.config(row)));
            inside[place] = Some(match inside[place].take() {
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
