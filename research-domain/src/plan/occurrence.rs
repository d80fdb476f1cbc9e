//! Which occurrence of its values a config is, counted without looking at the configs before it.
//!
//! Cubes that have the same parameters, and draw the same of them in the same way, form a group:
//! a config of one may have the values of a config of another. In one cube, a combination of
//! values occurs as often as the product says of how often each value is in its list. So the
//! occurrence of a config is a sum over the cubes before its own, plus its rank among the equal
//! combinations of its own cube.

use std::collections::HashMap;
use std::sync::Arc;

use super::limit::Limit;
use super::rows::Rows;
use crate::config::Config;
use crate::id::{digest_of_numbers, text_digest};

/// What a draw of a config is addressed by, besides the seed, the parameter and the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// A digest of the values that are not drawn.
    pub(crate) values: u128,
    /// How many configs of the group before this one have the same values.
    pub(crate) occurrence: u128,
}

/// A cube with its place in its group.
#[derive(Clone, Debug)]
pub(super) struct Member {
    group: Arc<Group>,
    place: usize,
}

/// Cubes with the same parameters, of which the same are drawn.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// A digest of what is drawn, and how.
    signature: u128,
    cubes: Vec<Listed>,
    /// The cubes by the values of those lists that have a single one, for each set of such lists.
    fixed: Vec<Fixed>,
}

/// The lists of a cube.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) rows: Vec<Arc<Rows>>,
    pub(super) limits: Vec<Limit>,
}

/// Cubes whose lists of these parameters have a single value.
#[derive(Debug)]
struct Fixed {
    names: Vec<Arc<str>>,
    /// The places of cubes by the digest of these values.
    cubes: HashMap<u128, Vec<usize>>,
}

/// A row of each list of a cube.
pub(super) type Row<'a> = (&'a Arc<Rows>, usize);

impl Group {
    pub(super) fn new(signature: u128, cubes: Vec<Listed>) -> Group {
        let mut group = Group {
            signature,
            ..Group::default()
        };
        // A single cube is never searched for.
        if cubes.len() > 1 {
            let mut known = HashMap::new();
            for (place, cube) in cubes.iter().enumerate() {
                group.add_fixed(place, cube, &mut known);
            }
        }
        group.cubes = cubes;
        group
    }

    fn add_fixed(&mut self, place: usize, cube: &Listed, known: &mut HashMap<u128, usize>) {
        let single = || cube.rows.iter().filter(|rows| rows.len() == 1);
        let names = || single().flat_map(|rows| rows.names());
        let of_names = names().fold(0u128, |sum, name| sum.wrapping_add(text_digest(name)));
        let values = single().fold(0u128, |sum, rows| sum.wrapping_add(rows.parameters(0)));
        let pattern = *known.entry(of_names).or_insert_with(|| {
            self.fixed.push(Fixed {
                names: names().cloned().collect(),
                cubes: HashMap::new(),
            });
            self.fixed.len() - 1
        });
        let cubes = self.fixed[pattern].cubes.entry(values).or_default();
        cubes.push(place);
    }

    /// How many configs with the values of these rows are in the cubes before a place, and in all.
    fn count(&self, rows: &[Row<'_>], place: usize) -> (u128, u128) {
        let parameters: HashMap<&str, u128> = rows
            .iter()
            .flat_map(|(rows, row)| rows.parameters_of(*row))
            .collect();
        let (mut before, mut all) = (0u128, 0u128);
        for fixed in &self.fixed {
            let values = sum_of(fixed.names.iter(), &parameters);
            let cubes = values.and_then(|values| fixed.cubes.get(&values));
            for candidate in cubes.into_iter().flatten() {
                let times = self.cubes[*candidate].times(rows, &parameters);
                all = all.wrapping_add(times);
                if *candidate < place {
                    before = before.wrapping_add(times);
                }
            }
        }
        (before, all)
    }
}

impl Listed {
    /// How often the values of these rows of another cube, whose parameters have these digests,
    /// occur in this one.
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
        if self.limits.is_empty() {
            return times;
        }
        let mut config = Config::new();
        others
            .iter()
            .for_each(|(rows, row)| rows.push(*row, &mut config));
        let is_left = self
            .limits
            .iter()
            .all(|limit| limit.holds(&config) == Ok(true));
        if is_left { times } else { 0 }
    }
}

/// The digest of some of the parameters; none where one of them is missing.
fn sum_of<'n>(
    mut names: impl Iterator<Item = &'n Arc<str>>,
    parameters: &HashMap<&str, u128>,
) -> Option<u128> {
    names.try_fold(0u128, |sum, name| {
        parameters.get(&**name).map(|one| sum.wrapping_add(*one))
    })
}

impl Member {
    pub(super) fn new(group: Arc<Group>, place: usize) -> Member {
        Member { group, place }
    }

    /// The address of the config that has these rows, in a pass through the domain. `inside` is a
    /// digest of what else tells configs of the cube apart.
    pub(super) fn address(&self, rows: &[Row<'_>], inside: u128, pass: u128) -> Address {
        let (mut values, mut rank, mut own) = (inside, 0u128, 1u128);
        for (rows, row) in rows {
            values = values.wrapping_add(rows.parameters(*row));
            let (place, count) = rows.repeat(*row);
            rank = rank.wrapping_mul(count.into()).wrapping_add(place.into());
            own = own.wrapping_mul(count.into());
        }
        let (before, all) = match self.group.cubes.len() {
            1 => (0, own),
            _ => self.group.count(rows, self.place),
        };
        Address {
            values,
            // Beyond 2^128 the streams start over.
            occurrence: pass
                .wrapping_mul(all)
                .wrapping_add(before)
                .wrapping_add(rank),
        }
    }

    /// The address of a config of a cube without lists, which never ends: its number, apart from
    /// those of the cubes before it.
    pub(super) fn endless_address(&self, number: u128, inside: u128) -> Address {
        Address {
            values: inside.wrapping_add(self.place as u128),
            occurrence: number,
        }
    }

    /// A digest of what the cube draws, and how.
    pub(super) fn signature(&self) -> u128 {
        self.group.signature
    }

    /// A digest that tells the config with this address from all others of the domain.
    pub(super) fn key(&self, address: Address) -> u128 {
        digest_of_numbers(&[self.group.signature, address.values, address.occurrence])
    }
}
