//! Cubes: products of axes.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Pass;
use super::diagram::{Diagram, NoDiagram};
use super::limit::Limit;
use super::numbering::{Digits, Numbering};
use super::occurrence::{Address, Member, Row};
use super::rows::{Rows, entry};
use super::selection::Selection;
use crate::config::Config;
use crate::count::Count;
use crate::domain::DomainError;
use crate::option::Key;
use crate::sampler::Sampler;
use crate::stream::Streams;

/// One factor of a cube.
#[derive(Debug)]
pub(super) enum Axis {
    /// A list, or several that are zipped: those vary slower than all others, since each of their
    /// rows counts as a cube.
    Rows { rows: Arc<Rows>, zipped: bool },
    /// A sampler: a draw for each config.
    Drawn(Box<Drawn>),
    /// Some of the configs of another domain, counted.
    Selected(Arc<Selection>),
    /// The configs of another domain that never ends: the next for each config.
    Endless(Arc<Selection>),
}

/// A parameter that is drawn.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) key: Key,
    pub(super) sampler: Sampler,
    pub(super) streams: Streams,
}

/// A product of axes.
#[derive(Debug)]
pub(crate) struct Cube {
    axes: Vec<Axis>,
    /// The digit of each axis.
    digit_of: SmallVec<[usize; 8]>,
    /// None when it takes looking at configs, which only a cube of one axis puts off.
    numbering: Option<Numbering>,
    limits: Vec<Limit>,
    /// Its place among the cubes that may have the same values, where draws are addressed by
    /// these; without it they are addressed by the config's number.
    member: Option<Member>,
    /// Whether anything of a config depends on its address.
    is_drawn: bool,
}

impl Cube {
    pub(super) fn new(axes: Vec<Axis>, part: &str) -> Result<Cube, DomainError> {
        let is_drawn = |axis: &Axis| matches!(axis, Axis::Drawn(_) | Axis::Endless(_));
        let mut cube = Cube {
            digit_of: digits_of(&axes),
            is_drawn: axes.iter().any(is_drawn),
            axes,
            numbering: None,
            limits: Vec::new(),
            member: None,
        };
        let put_off = cube.lone_selection().map(Selection::known_len) == Some(None);
        if !put_off {
            cube.numbering = Some(cube.number(part)?);
        }
        Ok(cube)
    }

    /// Addresses its draws by values.
    pub(super) fn addressed_by(self, member: Option<Member>) -> Cube {
        Cube { member, ..self }
    }

    fn number(&self, part: &str) -> Result<Numbering, DomainError> {
        let mut radices = Digits::from_elem(1, self.axes.len());
        let mut total = 1u128;
        let mut listed = self.axes.is_empty();
        for (axis, digit) in self.axes.iter().zip(&self.digit_of) {
            let radix = match axis {
                Axis::Rows { rows, .. } => Some(rows.len() as u128),
                Axis::Selected(selection) => selection.len()?.finite(),
                Axis::Drawn(_) | Axis::Endless(_) => None,
            };
            listed |= radix.is_some();
            radices[*digit] = radix.unwrap_or(1);
            total = total
                .checked_mul(radices[*digit])
                .ok_or_else(|| too_large(part))?;
        }
        Ok(Numbering::new(radices, total, !listed))
    }

    /// Leaves only the configs that the limits leave, which are about lists; gives the cube
    /// back as it was when that takes looking at each config.
    pub(super) fn constrain(
        mut self,
        limits: &[Limit],
        part: &str,
    ) -> Result<Result<Cube, Cube>, DomainError> {
        let Some(numbering) = self.numbering.take() else {
            return Ok(Err(self));
        };
        let mut levels = vec![None; self.axes.len()];
        for (axis, digit) in self.axes.iter().zip(&self.digit_of) {
            levels[*digit] = match axis {
                Axis::Rows { rows, .. } => Some(Arc::clone(rows)),
                _ => None,
            };
        }
        match Diagram::new(&numbering.levels(levels), limits) {
            Ok(diagram) => {
                self.numbering = Some(numbering.constrained_by(diagram));
                self.limits = limits.to_vec();
                Ok(Ok(self))
            }
            Err(NoDiagram::LookAtEach) => {
                self.numbering = Some(numbering);
                Ok(Err(self))
            }
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

    /// How the configs are numbered; the numbers of what had to be looked at are one axis.
    pub(crate) fn numbering(&self) -> Result<Numbering, DomainError> {
        match &self.numbering {
            Some(numbering) => Ok(numbering.clone()),
            None => {
                // A selection that never ends is no axis of its own, and is numbered above.
                let count = self.count()?.finite().unwrap_or(0);
                Ok(Numbering::new(Digits::from_elem(count, 1), count, false))
            }
        }
    }

    fn lone_selection(&self) -> Option<&Selection> {
        match self.axes.as_slice() {
            [Axis::Selected(selection)] => Some(selection),
            _ => None,
        }
    }

    /// Whether it is made of lists and samplers alone, so that it can be walked step by step.
    pub(crate) fn is_plain(&self) -> bool {
        self.axes
            .iter()
            .all(|axis| matches!(axis, Axis::Rows { .. } | Axis::Drawn(_)))
    }

    /// The axes, when all of them are lists, and what is left of them.
    pub(super) fn rows(&self) -> Option<(Vec<Arc<Rows>>, &[Limit])> {
        let rows = |axis: &Axis| match axis {
            Axis::Rows { rows, .. } => Some(Arc::clone(rows)),
            _ => None,
        };
        let rows: Option<Vec<_>> = self.axes.iter().map(rows).collect();
        rows.map(|rows| (rows, self.limits.as_slice()))
    }

    /// The config of a number; none beyond the end.
    pub(crate) fn config(&self, local: u128, pass: Pass) -> Result<Option<Config>, DomainError> {
        match (&self.numbering, self.lone_selection()) {
            (Some(numbering), _) if numbering.count().has(local) => {
                let mut digits = Digits::new();
                numbering.decode(local, &mut digits);
                self.build(numbering, local, &digits, pass).map(Some)
            }
            (None, Some(selection)) => selection.config(local),
            _ => Ok(None),
        }
    }

    /// A digest that tells the config of a number from all others; the number, where there is
    /// nothing better.
    pub(super) fn key(&self, local: u128) -> Result<u128, DomainError> {
        if let [Axis::Selected(selection) | Axis::Endless(selection)] = self.axes.as_slice() {
            return selection.key(local);
        }
        let (Some(numbering), Some(member)) = (&self.numbering, &self.member) else {
            return Ok(local);
        };
        let mut digits = Digits::new();
        numbering.decode(local, &mut digits);
        let address = self.address_of(member, numbering, local, &digits, Pass::default())?;
        Ok(member.key(address))
    }

    /// Whether it has draws alone, and so never ends.
    pub(super) fn is_only_drawn(&self) -> bool {
        self.axes.iter().all(|axis| matches!(axis, Axis::Drawn(_)))
    }

    /// What the draws of a config are addressed by.
    fn address(
        &self,
        numbering: &Numbering,
        local: u128,
        digits: &[u128],
        pass: Pass,
    ) -> Result<Address, DomainError> {
        match &self.member {
            _ if !self.is_drawn => Ok(Address::default()),
            Some(member) => self.address_of(member, numbering, local, digits, pass),
            None => Ok(Address {
                values: 0,
                occurrence: numbering.draw(local, digits, pass.number),
            }),
        }
    }

    fn address_of(
        &self,
        member: &Member,
        numbering: &Numbering,
        local: u128,
        digits: &[u128],
        pass: Pass,
    ) -> Result<Address, DomainError> {
        let mut rows: SmallVec<[Row<'_>; 8]> = SmallVec::new();
        let mut inside = pass.around;
        for (axis, digit) in self.axes.iter().zip(&self.digit_of) {
            let digit = digits[*digit];
            match axis {
                // A digit is below the length of a list in memory.
                Axis::Rows { rows: list, .. } => rows.push((list, digit as usize)),
                Axis::Selected(selection) => {
                    inside = inside.wrapping_add(selection.key(digit)?);
                }
                Axis::Drawn(_) | Axis::Endless(_) => {}
            }
        }
        Ok(match numbering.count() {
            Count::Infinite => member.endless_address(local, inside),
            Count::Finite(_) => member.address(&rows, inside, pass.number),
        })
    }

    fn build(
        &self,
        numbering: &Numbering,
        local: u128,
        digits: &[u128],
        pass: Pass,
    ) -> Result<Config, DomainError> {
        let address = self.address(numbering, local, digits, pass)?;
        let mut config = Config::new();
        for (axis, digit) in self.axes.iter().zip(&self.digit_of) {
            let digit = digits[*digit];
            match axis {
                // A digit is below the length of a list in memory.
                Axis::Rows { rows, .. } => rows.push(digit as usize, &mut config),
                Axis::Drawn(drawn) => config.push_shared(drawn.entry(address)?),
                Axis::Selected(selection) => selection.push(digit, &mut config)?,
                Axis::Endless(selection) => match self.around(selection, numbering, address) {
                    Some(around) => selection.push_first(around, &mut config)?,
                    None => {
                        let number = numbering.draw(local, digits, pass.number);
                        selection.push(number, &mut config)?;
                    }
                },
            }
        }
        Ok(config)
    }

    /// What addresses the draws of a selection that never ends, where a config takes the first
    /// that is left of draws of its own; elsewhere each config takes the next one.
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

fn too_large(part: &str) -> DomainError {
    DomainError::TooLarge {
        part: part.to_owned(),
    }
}

/// The digits of the axes: in order, but zips come first.
fn digits_of(axes: &[Axis]) -> SmallVec<[usize; 8]> {
    let zipped = |axis: &Axis| matches!(axis, Axis::Rows { zipped: true, .. });
    let (mut next_zip, mut next) = (0, axes.iter().filter(|axis| zipped(axis)).count());
    let digit = |axis| {
        let counter = if zipped(axis) {
            &mut next_zip
        } else {
            &mut next
        };
        *counter += 1;
        *counter - 1
    };
    axes.iter().map(digit).collect()
}

impl Drawn {
    fn entry(&self, address: Address) -> Result<Arc<crate::config::Entry>, DomainError> {
        let mut draws = self.streams.at_values(address.values, address.occurrence);
        let drawn = self.sampler.draw(&mut draws);
        let drawn = drawn.map_err(|source| DomainError::Sampler {
            name: self.key.name.to_string(),
            source,
        })?;
        Ok(Arc::new(entry(&self.key, drawn)))
    }
}

/// Walks through a plain cube: a step costs only what changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    digits: Digits,
    config: Config,
    started: bool,
}

impl Walk {
    /// Forgets where it was.
    pub(crate) fn reset(&mut self) {
        self.started = false;
    }

    /// The config of a number, which is the one after that of the last call unless the walk was
    /// reset in between; none beyond the end.
    pub(crate) fn next(
        &mut self,
        cube: &Cube,
        local: u128,
        pass: Pass,
    ) -> Result<Option<Config>, DomainError> {
        let Some(numbering) = &cube.numbering else {
            return Ok(None);
        };
        if !self.started {
            if !numbering.count().has(local) {
                return Ok(None);
            }
            numbering.decode(local, &mut self.digits);
            self.config = cube.build(numbering, local, &self.digits, pass)?;
            self.started = true;
            return Ok(Some(self.config.clone()));
        }
        let Some(changed) = numbering.advance(local, &mut self.digits) else {
            self.started = false;
            return Ok(None);
        };
        let address = cube.address(numbering, local, &self.digits, pass)?;
        self.update(cube, changed, address)?;
        Ok(Some(self.config.clone()))
    }

    /// Puts the new entries of the changed axes, and new draws, into the config.
    #[inline]
    fn update(&mut self, cube: &Cube, changed: usize, address: Address) -> Result<(), DomainError> {
        let mut place = self.config.len();
        for (number, axis) in cube.axes.iter().enumerate().rev() {
            match axis {
                Axis::Rows { rows, .. } => {
                    place -= rows.width();
                    let digit = cube.digit_of[number];
                    if digit >= changed {
                        rows.replace(self.digits[digit] as usize, &mut self.config, place);
                    }
                }
                Axis::Drawn(drawn) => {
                    place -= 1;
                    self.config.shared_mut()[place] = drawn.entry(address)?;
                }
                // A walk is only for cubes without them.
                Axis::Selected(_) | Axis::Endless(_) => {}
            }
        }
        Ok(())
    }
}
