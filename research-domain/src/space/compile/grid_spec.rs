//! Grids before they are bound to streams of random numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::digest::{digest_of_numbers, text_digest};
use crate::distribution::Distribution;
use crate::space::option::Key;
use crate::space::plan::constraint::Constraint;
use crate::space::plan::membership::Membership;
use crate::space::plan::rows::Rows;
use crate::space::predicate::Predicate;

/// A grid before it is bound to streams of random numbers.
///
/// Its origin is its location in the expression, so equal distributions in different locations draw
/// different values. The first term of a sum keeps the origin of the sum, so a domain that is
/// extended with `+` keeps its draws, and so does one that gets a condition.
#[derive(Clone, Debug, Default)]
pub(super) struct GridSpec {
    pub(super) weight: Option<f64>,
    pub(super) origin: Origin,
    pub(super) axes: Vec<AxisSpec>,
    /// The constraints on axes that are lists.
    pub(super) constraints: Vec<Constraint>,
}

/// One factor of a grid.
#[derive(Clone, Debug)]
pub(super) enum AxisSpec {
    /// A list, or several that are zipped.
    Rows {
        rows: Arc<Rows>,
        zipped: bool,
    },
    Drawn(Arc<DrawnSpec>),
    Selected {
        content: Arc<SelectionSpec>,
        origin: Origin,
    },
}

/// A parameter that is drawn.
#[derive(Debug)]
pub(super) struct DrawnSpec {
    pub(super) key: Key,
    pub(super) distribution: Distribution,
    digest: OnceLock<u128>,
}

impl DrawnSpec {
    pub(super) fn new(key: Key, distribution: Distribution) -> DrawnSpec {
        DrawnSpec {
            key,
            distribution,
            digest: OnceLock::new(),
        }
    }

    /// Returns a digest of the name and the distribution, without aliases.
    pub(super) fn digest(&self) -> u128 {
        *self.digest.get_or_init(|| {
            let distribution = self.distribution.without_aliases().to_string();
            digest_of_numbers(&[text_digest(&self.key.name), text_digest(&distribution)])
        })
    }
}

/// A selection of the configs of some grids, which is a single axis.
#[derive(Debug)]
pub(super) struct SelectionSpec {
    pub(super) id: SelectionId,
    pub(super) grids: Vec<GridSpec>,
    pub(super) rule: SelectionRule,
    pub(super) part: String,
}

/// The identity of a selection, which clones of its axis share: a number that is unique in the
/// process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SelectionId(u64);

impl SelectionId {
    fn next() -> SelectionId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        SelectionId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

#[derive(Debug)]
pub(super) enum SelectionRule {
    Predicate(Predicate),
    New,
    Absent(Arc<Membership>),
    Sample(u64),
}

/// A location in an expression, as a digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Origin(u64);

impl Origin {
    pub(super) fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// Returns the origin of a term of a sum.
    pub(super) fn term(self, index: usize) -> Origin {
        match index {
            0 => self,
            // An index in memory fits into 64 bits.
            _ => Origin(mix(self.0 ^ mix(index as u64))),
        }
    }

    /// Returns the origin of a factor after this one in a product.
    fn times(self, factor: Origin) -> Origin {
        match factor.0 {
            0 => self,
            _ => Origin(mix(self.0.rotate_left(17) ^ factor.0)),
        }
    }

    /// Returns the origin of a part whose origin in this one is `inner`.
    pub(super) fn inside(self, inner: Origin) -> Origin {
        match self.0 {
            0 => inner,
            _ => self.times(inner),
        }
    }
}

/// Applies the finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl AxisSpec {
    /// Returns whether the axis is a list, or several that are zipped.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, AxisSpec::Rows { .. })
    }

    pub(super) fn names(&self) -> Vec<Arc<str>> {
        match self {
            AxisSpec::Rows { rows, .. } => rows.names().cloned().collect(),
            AxisSpec::Drawn(drawn) => vec![drawn.key.name.clone()],
            AxisSpec::Selected { content, .. } => {
                let mut names: Vec<_> = content.grids.iter().flat_map(GridSpec::names).collect();
                names.sort();
                names.dedup();
                names
            }
        }
    }
}

impl GridSpec {
    pub(super) fn from_axis(axis: AxisSpec) -> GridSpec {
        GridSpec {
            axes: vec![axis],
            ..GridSpec::default()
        }
    }

    pub(super) fn from_selection(
        grids: Vec<GridSpec>,
        rule: SelectionRule,
        part: String,
    ) -> GridSpec {
        GridSpec::from_axis(AxisSpec::Selected {
            content: Arc::new(SelectionSpec {
                id: SelectionId::next(),
                grids,
                rule,
                part,
            }),
            origin: Origin::default(),
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Arc<str>> {
        self.axes.iter().flat_map(AxisSpec::names)
    }

    pub(super) fn is_listed(&self) -> bool {
        self.axes.iter().all(AxisSpec::is_list)
    }

    pub(super) fn lone_selection(&self) -> Option<&Arc<SelectionSpec>> {
        match self.axes.as_slice() {
            [AxisSpec::Selected { content, .. }] => Some(content),
            _ => None,
        }
    }

    /// Returns the axes, if all of them are lists without constraints.
    pub(super) fn rows(&self) -> Option<Vec<Arc<Rows>>> {
        let rows = |axis: &AxisSpec| match axis {
            AxisSpec::Rows { rows, .. } if self.constraints.is_empty() => Some(Arc::clone(rows)),
            _ => None,
        };
        self.axes.iter().map(rows).collect()
    }

    /// Returns the same axes with other rows in each.
    pub(super) fn with_rows(mut self, others: impl Iterator<Item = Rows>) -> GridSpec {
        for (axis, other) in self.axes.iter_mut().zip(others) {
            if let AxisSpec::Rows { rows, .. } = axis {
                *rows = Arc::new(other);
            }
        }
        self
    }

    /// Returns the number of combinations of the rows of its zips.
    pub(super) fn zipped_rows(&self) -> usize {
        let lens = self.axes.iter().filter_map(|axis| match axis {
            AxisSpec::Rows { rows, zipped: true } => Some(rows.len()),
            _ => None,
        });
        lens.fold(1, usize::saturating_mul)
    }

    /// Returns the grids for each row of each zip.
    pub(super) fn split_zips(self) -> Vec<GridSpec> {
        let mut grids = vec![self.clone()];
        for (index, axis) in self.axes.iter().enumerate() {
            let AxisSpec::Rows { rows, zipped: true } = axis else {
                continue;
            };
            let row = |grid: &GridSpec, row| {
                let mut grid = grid.clone();
                let rows = Arc::new(rows.only(&[row]));
                grid.axes[index] = AxisSpec::Rows {
                    rows,
                    zipped: false,
                };
                grid
            };
            let split =
                |grid: &GridSpec| (0..rows.len()).map(|at| row(grid, at)).collect::<Vec<_>>();
            grids = grids.iter().flat_map(split).collect();
        }
        for (index, grid) in grids.iter_mut().enumerate() {
            grid.origin = grid.origin.term(index);
        }
        grids
    }

    /// Returns the grid as a term of a sum.
    pub(super) fn into_term(mut self, index: usize) -> GridSpec {
        self.origin = self.origin.term(index);
        for axis in &mut self.axes {
            if let AxisSpec::Selected { origin, .. } = axis {
                *origin = origin.term(index);
            }
        }
        self
    }

    /// Returns the product with another grid.
    pub(super) fn times(&self, factor: &GridSpec) -> GridSpec {
        let weight = match (self.weight, factor.weight) {
            (Some(a), Some(b)) => Some(a * b),
            (a, b) => a.or(b),
        };
        let constraints = self.constraints.iter().chain(&factor.constraints);
        GridSpec {
            weight,
            origin: self.origin.times(factor.origin),
            axes: self.axes.iter().chain(&factor.axes).cloned().collect(),
            constraints: constraints.cloned().collect(),
        }
    }
}

/// Returns the grid without the members of a set.
pub(super) fn without(mut grid: GridSpec, others: Arc<Membership>, part: String) -> GridSpec {
    if let Membership::Grids(sets) = &*others
        && grid.is_listed()
    {
        let names: Vec<Arc<str>> = grid.names().collect();
        let sets: Vec<_> = sets
            .iter()
            .filter(|set| set.has_parameters(&names))
            .collect();
        if !sets.iter().any(|set| set.has_conditions()) {
            let absent = sets.into_iter().cloned().map(Constraint::Absent);
            grid.constraints.extend(absent);
            return grid;
        }
    }
    selected(grid, SelectionRule::Absent(others), part)
}

/// Returns a selection of the grid's configs, with the weight and the origin of the grid.
pub(super) fn selected(grid: GridSpec, rule: SelectionRule, part: String) -> GridSpec {
    let (weight, origin) = (grid.weight, grid.origin);
    let inner = GridSpec {
        weight: None,
        ..grid
    };
    GridSpec {
        weight,
        origin,
        ..GridSpec::from_selection(vec![inner], rule, part)
    }
}
