//! Grids: products of axes.

use std::sync::Arc;

use smallvec::SmallVec;

use super::constraint::Constraint;
use super::decision_diagram::{DecisionDiagram, NoDiagram};
use super::numbering::{Digits, Numbering};
use super::occurrence::{Address, Member, Row};
use super::rows::{Rows, entry};
use super::selection::Selection;
use super::{Pass, too_large};
use crate::config::{Config, Entry};
use crate::count::Count;
use crate::distribution::Distribution;
use crate::random::Streams;
use crate::space::domain::error::DomainError;
use crate::space::option::Key;

/// One factor of a grid.
#[derive(Debug)]
pub(crate) enum Axis {
    /// A list, or several that are zipped; zips vary slower than all other axes.
    Rows { rows: Arc<Rows>, zipped: bool },
    /// A distribution: a draw for each config.
    Drawn(Box<Drawn>),
    /// A selection of the configs of another domain.
    Selected(Arc<Selection>),
    /// A selection of the configs of an infinite domain: the next one for each config.
    Endless(Arc<Selection>),
}

/// A parameter that is drawn.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) key: Key,
    pub(crate) distribution: Distribution,
    pub(crate) streams: Streams,
}

/// A product of axes.
#[derive(Debug)]
pub(crate) struct Grid {
    axes: Vec<Axis>,
    /// The index of each axis's digit.
    digit_of: SmallVec<[usize; 8]>,
    /// `None` if it needs a scan. A grid that is a single selection scans on demand.
    numbering: Option<Numbering>,
    constraints: Vec<Constraint>,
    /// The grid in its group, by which draws are addressed; without it they are addressed by the
    /// index of the config.
    member: Option<Member>,
    /// Whether any axis uses the address of the config.
    is_drawn: bool,
}

impl Grid {
    pub(crate) fn new(
        axes: Vec<Axis>,
        member: Option<Member>,
        part: &str,
    ) -> Result<Grid, DomainError> {
        let is_drawn = |axis: &Axis| matches!(axis, Axis::Drawn(_) | Axis::Endless(_));
        let mut grid = Grid {
            digit_of: digits_of(&axes),
            is_drawn: axes.iter().any(is_drawn),
            axes,
            numbering: None,
            constraints: Vec::new(),
            member,
        };
        let is_deferred = grid.lone_selection().map(Selection::known_len) == Some(None);
        if !is_deferred {
            grid.numbering = Some(grid.number(part)?);
        }
        Ok(grid)
    }

    fn number(&self, part: &str) -> Result<Numbering, DomainError> {
        let mut radices = Digits::from_elem(1, self.axes.len());
        let mut total = 1u128;
        let mut is_finite = self.axes.is_empty();
        for (axis, digit) in self.axes() {
            let radix = match axis {
                Axis::Rows { rows, .. } => Some(rows.len() as u128),
                Axis::Selected(selection) => selection.len()?.finite(),
                Axis::Drawn(_) | Axis::Endless(_) => None,
            };
            is_finite |= radix.is_some();
            radices[digit] = radix.unwrap_or(1);
            let product = total.checked_mul(radices[digit]);
            total = product.ok_or_else(|| too_large(part))?;
        }
        Ok(Numbering::new(radices, total, !is_finite))
    }

    /// Applies constraints on lists; returns the unchanged grid if that needs a scan.
    pub(crate) fn constrain(
        mut self,
        constraints: &[Constraint],
        part: &str,
    ) -> Result<Result<Grid, Grid>, DomainError> {
        let Some(numbering) = &mut self.numbering else {
            return Ok(Err(self));
        };
        let mut levels = vec![None; self.axes.len()];
        for (axis, digit) in self.axes.iter().zip(&self.digit_of) {
            if let Axis::Rows { rows, .. } = axis {
                levels[*digit] = Some(Arc::clone(rows));
            }
        }
        match DecisionDiagram::new(&numbering.levels(levels), constraints) {
            Ok(diagram) => {
                numbering.constrain(diagram);
                self.constraints = constraints.to_vec();
                Ok(Ok(self))
            }
            Err(NoDiagram::NeedsScan) => Ok(Err(self)),
            Err(NoDiagram::TooLarge) => Err(too_large(part)),
        }
    }

    pub(crate) fn known_count(&self) -> Option<Count> {
        match &self.numbering {
            Some(numbering) => Some(numbering.count()),
            None => self.lone_selection().and_then(Selection::known_len),
        }
    }

    pub(crate) fn count(&self) -> Result<Count, DomainError> {
        match (&self.numbering, self.lone_selection()) {
            (Some(numbering), _) => Ok(numbering.count()),
            (None, Some(selection)) => selection.len(),
            (None, None) => Ok(Count::Finite(0)),
        }
    }

    pub(super) fn numbering(&self) -> Option<&Numbering> {
        self.numbering.as_ref()
    }

    /// Returns the axes, each with the index of its digit.
    pub(super) fn axes(
        &self,
    ) -> impl ExactSizeIterator<Item = (&Axis, usize)> + DoubleEndedIterator {
        self.axes.iter().zip(self.digit_of.iter().copied())
    }

    fn lone_selection(&self) -> Option<&Selection> {
        match self.axes.as_slice() {
            [Axis::Selected(selection)] => Some(selection),
            _ => None,
        }
    }

    /// Returns whether all axes are lists and distributions, as a [`Cursor`](super::cursor::Cursor)
    /// needs.
    pub(crate) fn is_plain(&self) -> bool {
        let is_plain = |axis: &Axis| matches!(axis, Axis::Rows { .. } | Axis::Drawn(_));
        self.axes.iter().all(is_plain)
    }

    /// Returns whether all axes are drawn, so the grid is infinite.
    pub(super) fn is_only_drawn(&self) -> bool {
        self.axes.iter().all(|axis| matches!(axis, Axis::Drawn(_)))
    }

    /// Returns the axes and the constraints, if all axes are lists.
    pub(crate) fn rows(&self) -> Option<(Vec<Arc<Rows>>, &[Constraint])> {
        let rows = |axis: &Axis| match axis {
            Axis::Rows { rows, .. } => Some(Arc::clone(rows)),
            _ => None,
        };
        let rows: Option<Vec<_>> = self.axes.iter().map(rows).collect();
        rows.map(|rows| (rows, self.constraints.as_slice()))
    }

    /// Returns the config at an index; `None` beyond the end.
    pub(crate) fn config(&self, index: u128, pass: Pass) -> Result<Option<Config>, DomainError> {
        match (&self.numbering, self.lone_selection()) {
            (Some(numbering), _) if numbering.count().has(index) => {
                let mut digits = Digits::new();
                numbering.decode(index, &mut digits);
                self.build(numbering, index, &digits, pass).map(Some)
            }
            (None, Some(selection)) => selection.config(index),
            _ => Ok(None),
        }
    }

    /// Returns a digest that distinguishes the config at an index from all others, or else the
    /// index.
    pub(super) fn key(&self, index: u128) -> Result<u128, DomainError> {
        if let [Axis::Selected(selection) | Axis::Endless(selection)] = self.axes.as_slice() {
            return selection.key(index);
        }
        let (Some(numbering), Some(member)) = (&self.numbering, &self.member) else {
            return Ok(index);
        };
        let mut digits = Digits::new();
        numbering.decode(index, &mut digits);
        let address = self.address_in(member, numbering, index, &digits, Pass::default())?;
        Ok(member.key(address))
    }

    /// Returns the address of the draws of a config.
    pub(super) fn address(
        &self,
        numbering: &Numbering,
        index: u128,
        digits: &[u128],
        pass: Pass,
    ) -> Result<Address, DomainError> {
        match &self.member {
            _ if !self.is_drawn => Ok(Address::default()),
            Some(member) => self.address_in(member, numbering, index, digits, pass),
            None => Ok(Address {
                values: 0,
                occurrence: numbering.draw(index, digits, pass.number),
            }),
        }
    }

    fn address_in(
        &self,
        member: &Member,
        numbering: &Numbering,
        index: u128,
        digits: &[u128],
        pass: Pass,
    ) -> Result<Address, DomainError> {
        let mut listed: SmallVec<[Row<'_>; 8]> = SmallVec::new();
        let mut inside = pass.around;
        for (axis, digit) in self.axes() {
            let digit = digits[digit];
            match axis {
                // A digit is below the length of a list in memory.
                Axis::Rows { rows, .. } => listed.push((rows, digit as usize)),
                Axis::Selected(selection) => {
                    inside = inside.wrapping_add(selection.key(digit)?);
                }
                Axis::Drawn(_) | Axis::Endless(_) => {}
            }
        }
        Ok(match numbering.count() {
            Count::Infinite => member.endless_address(index, inside),
            Count::Finite(_) => member.address(&listed, inside, pass.number),
        })
    }

    /// Returns the config with these digits.
    pub(super) fn build(
        &self,
        numbering: &Numbering,
        index: u128,
        digits: &[u128],
        pass: Pass,
    ) -> Result<Config, DomainError> {
        let address = self.address(numbering, index, digits, pass)?;
        let mut config = Config::new();
        for (axis, digit) in self.axes() {
            let digit = digits[digit];
            match axis {
                // A digit is below the length of a list in memory.
                Axis::Rows { rows, .. } => rows.push(digit as usize, &mut config),
                Axis::Drawn(drawn) => config.push_shared(drawn.entry(address)?),
                Axis::Selected(selection) => selection.push(digit, &mut config)?,
                Axis::Endless(selection) => match self.around(selection, numbering, address) {
                    Some(around) => selection.push_first(around, &mut config)?,
                    None => {
                        let number = numbering.draw(index, digits, pass.number);
                        selection.push(number, &mut config)?;
                    }
                },
            }
        }
        Ok(config)
    }

    /// Returns the address of the draws of an infinite selection, if each config takes the first
    /// selected one of its own draws. Otherwise (`None`) each config takes the next one of a common
    /// sequence.
    fn around(
        &self,
        selection: &Selection,
        numbering: &Numbering,
        address: Address,
    ) -> Option<u128> {
        let member = self.member.as_ref()?;
        let is_finite = numbering.count() != Count::Infinite;
        (is_finite && selection.is_only_drawn()).then(|| member.key(address))
    }
}

/// Returns the index of each axis's digit: in the order of the axes, zips first.
fn digits_of(axes: &[Axis]) -> SmallVec<[usize; 8]> {
    let zipped = |axis: &Axis| matches!(axis, Axis::Rows { zipped: true, .. });
    let (mut next_zip, mut next) = (0, axes.iter().filter(|axis| zipped(axis)).count());
    let digit = |axis| {
        let counter = match zipped(axis) {
            true => &mut next_zip,
            false => &mut next,
        };
        *counter += 1;
        *counter - 1
    };
    axes.iter().map(digit).collect()
}

impl Drawn {
    pub(super) fn entry(&self, address: Address) -> Result<Arc<Entry>, DomainError> {
        let mut draws = self.streams.at_values(address.values, address.occurrence);
        match self.distribution.draw(&mut draws) {
            Ok(drawn) => Ok(Arc::new(entry(&self.key, drawn))),
            Err(source) => Err(DomainError::Distribution {
                name: self.key.name.to_string(),
                source,
            }),
        }
    }
}
