//! The occurrence of a config: the number of earlier configs with the same listed values, computed
//! without a scan of them.
//!
//! Grids with the same parameters, of which the same are drawn from the same distributions, form a
//! group: a config of one may have the values of a config of another. In one grid, the number of
//! times that a combination of values occurs is the product of the numbers of times that each value
//! is in its list. So the occurrence of a config is a sum over the grids before its own, plus its
//! rank among the equal combinations of its own grid.

use std::collections::HashMap;
use std::sync::Arc;

use super::constraint::Constraint;
use super::rows::Rows;
use crate::config::Config;
use crate::digest::{digest_of_numbers, text_digest};

/// The address of a config's draws, besides the seed, the parameter and the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// A digest of the listed values.
    pub(crate) values: u128,
    /// The number of configs of the group before this one that have the same values.
    pub(crate) occurrence: u128,
}

/// A grid in its group.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    group: Arc<Group>,
    index: usize,
}

/// Grids with the same parameters, of which the same are drawn.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// A digest of the drawn parameters and their distributions.
    signature: u128,
    grids: Vec<Lists>,
    /// The grids by the values of their lists with a single value, for each set of such lists.
    fixed: Vec<Fixed>,
}

/// The lists of a grid.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) rows: Vec<Arc<Rows>>,
    pub(crate) constraints: Vec<Constraint>,
}

/// Grids whose lists of these parameters have a single value.
#[derive(Debug)]
struct Fixed {
    names: Vec<Arc<str>>,
    /// The indexes of grids by the digest of these values.
    grids: HashMap<u128, Vec<usize>>,
}

pub(super) type Row<'a> = (&'a Arc<Rows>, usize);

impl Group {
    pub(crate) fn new(signature: u128, grids: Vec<Lists>) -> Group {
        let mut group = Group {
            signature,
            ..Group::default()
        };
        // The lookup by fixed values is only needed for several grids.
        if grids.len() > 1 {
            let mut known = HashMap::new();
            for (index, grid) in grids.iter().enumerate() {
                group.add_fixed(index, grid, &mut known);
            }
        }
        group.grids = grids;
        group
    }

    fn add_fixed(&mut self, index: usize, grid: &Lists, known: &mut HashMap<u128, usize>) {
        let single = || grid.rows.iter().filter(|rows| rows.len() == 1);
        let names = || single().flat_map(|rows| rows.names());
        let of_names = names().fold(0u128, |sum, name| sum.wrapping_add(text_digest(name)));
        let values = single().fold(0u128, |sum, rows| sum.wrapping_add(rows.parameters(0)));
        let pattern = *known.entry(of_names).or_insert_with(|| {
            self.fixed.push(Fixed {
                names: names().cloned().collect(),
                grids: HashMap::new(),
            });
            self.fixed.len() - 1
        });
        let grids = self.fixed[pattern].grids.entry(values).or_default();
        grids.push(index);
    }

    /// Returns the number of configs with the values of these rows in the grids before `index`, and
    /// in all grids.
    fn count(&self, rows: &[Row<'_>], index: usize) -> (u128, u128) {
        let parameters: HashMap<&str, u128> = rows
            .iter()
            .flat_map(|(rows, row)| rows.parameters_of(*row))
            .collect();
        let (mut before, mut all) = (0u128, 0u128);
        for fixed in &self.fixed {
            let values = sum_of(fixed.names.iter(), &parameters);
            let grids = values.and_then(|values| fixed.grids.get(&values));
            for candidate in grids.into_iter().flatten() {
                let times = self.grids[*candidate].times(rows, &parameters);
                all = all.wrapping_add(times);
                if *candidate < index {
                    before = before.wrapping_add(times);
                }
            }
        }
        (before, all)
    }
}

impl Lists {
    /// Returns the number of configs of this grid with the values of these rows of another grid,
    /// whose parameters have these digests.
    fn times(&self, others: &[Row<'_>], parameters: &HashMap<&str, u128>) -> u128 {
        let mut times = 1u128;
        for rows in &self.rows {
            let values = sum_of(rows.names(), parameters);
            let count = values.map_or(0, |values| rows.times(values));
            times = times.wrapping_mul(count.into());
            if times == 0 {
                return 0;
            }
        }
        if self.constraints.is_empty() {
            return times;
        }
        let mut config = Config::new();
        others
            .iter()
            .for_each(|(rows, row)| rows.push(*row, &mut config));
        let is_allowed = self
            .constraints
            .iter()
            .all(|constraint| constraint.holds(&config) == Ok(true));
        if is_allowed { times } else { 0 }
    }
}

/// Returns the sum of the digests of some parameters; `None` if one of them is missing.
fn sum_of<'n>(
    mut names: impl Iterator<Item = &'n Arc<str>>,
    parameters: &HashMap<&str, u128>,
) -> Option<u128> {
    names.try_fold(0u128, |sum, name| {
        parameters.get(&**name).map(|one| sum.wrapping_add(*one))
    })
}

impl Member {
    pub(crate) fn new(group: Arc<Group>, index: usize) -> Member {
        Member { group, index }
    }

    /// Returns the address of the config with these rows in a pass. `inside` is a digest of
    /// everything else that distinguishes configs of the grid.
    pub(super) fn address(&self, rows: &[Row<'_>], inside: u128, pass: u128) -> Address {
        let (mut values, mut rank, mut own) = (inside, 0u128, 1u128);
        for (rows, row) in rows {
            values = values.wrapping_add(rows.parameters(*row));
            let (own_rank, count) = rows.rank(*row);
            rank = rank
                .wrapping_mul(count.into())
                .wrapping_add(own_rank.into());
            own = own.wrapping_mul(count.into());
        }
        let (before, all) = match self.group.grids.len() {
            1 => (0, own),
            _ => self.group.count(rows, self.index),
        };
        Address {
            values,
            // The streams start over beyond 2^128.
            occurrence: pass
                .wrapping_mul(all)
                .wrapping_add(before)
                .wrapping_add(rank),
        }
    }

    /// Returns the address of a config of an infinite grid, which has no lists: its index in the
    /// grid.
    pub(super) fn endless_address(&self, index: u128, inside: u128) -> Address {
        Address {
            values: inside.wrapping_add(self.index as u128),
            occurrence: index,
        }
    }

    /// Returns a digest of the drawn parameters and their distributions.
    pub(crate) fn signature(&self) -> u128 {
        self.group.signature
    }

    /// Returns a digest that distinguishes the config with this address from all others of the
    /// domain.
    pub(super) fn key(&self, address: Address) -> u128 {
        digest_of_numbers(&[self.group.signature, address.values, address.occurrence])
    }
}
