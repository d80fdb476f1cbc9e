//! Whether a config belongs to a domain.

use std::collections::HashSet;
use std::sync::Arc;

use super::rows::Rows;
use super::{Block, Plan};
use crate::condition::Condition;
use crate::config::Config;
use crate::count::Count;
use crate::domain::DomainError;
use crate::id::{value_digest, values_digest};

/// The configs of a domain, as a set.
#[derive(Debug)]
pub(super) enum Membership {
    /// Cubes of lists: a config is a member when each of its rows is in a list.
    Cubes(Vec<CubeSet>),
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
        if let Some(sets) = cubes
            .map(|cube| {
                cube.rows()
                    .map(|(rows, left)| CubeSet::new(&rows, left.to_vec()))
            })
            .collect()
        {
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
                    let config = plan.config(position, 0)?;
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
                .map(|rows| CubeSet::new(rows, Vec::new()))
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
        config.len() == self.width
            && self.axes.iter().all(|axis| axis.contains(config))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(config) == Ok(true))
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
