//! Cubes: products of axes.

use std::sync::Arc;

use smallvec::SmallVec;

use super::rows::{Rows, entry};
use super::selection::Selection;
use crate::config::Config;
use crate::count::Count;
use crate::domain::DomainError;
use crate::option::Key;
use crate::sampler::Sampler;
use crate::stream::Streams;

/// A place in a cube: a number for each axis, zero for those that are drawn.
pub(crate) type Digits = SmallVec<[u128; 8]>;

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
    /// The length of the axis of each digit, slowest first; 1 for those that are drawn.
    radices: Digits,
    /// None when it takes looking at configs, which only a cube of one axis puts off.
    count: Option<Count>,
}

impl Cube {
    pub(super) fn new(axes: Vec<Axis>, part: &str) -> Result<Cube, DomainError> {
        if let [Axis::Selected(selection)] = axes.as_slice()
            && selection.known_len().is_none()
        {
            return Ok(Cube {
                axes,
                digit_of: SmallVec::new(),
                radices: Digits::new(),
                count: None,
            });
        }
        let digit_of = digits_of(&axes);
        let mut radices = Digits::from_elem(1, axes.len());
        let mut total = 1u128;
        let mut listed = axes.is_empty();
        for (axis, digit) in axes.iter().zip(&digit_of) {
            let radix = match axis {
                Axis::Rows { rows, .. } => Some(rows.len() as u128),
                Axis::Selected(selection) => selection.len()?.finite(),
                Axis::Drawn(_) | Axis::Endless(_) => None,
            };
            listed |= radix.is_some();
            let radix = radix.unwrap_or(1);
            radices[*digit] = radix;
            total = total
                .checked_mul(radix)
                .ok_or_else(|| DomainError::TooLarge {
                    part: part.to_owned(),
                })?;
        }
        let count = if listed {
            Count::Finite(total)
        } else {
            Count::Infinite
        };
        Ok(Cube {
            axes,
            digit_of,
            radices,
            count: Some(count),
        })
    }

    pub(crate) fn known_count(&self) -> Option<Count> {
        self.count
            .or_else(|| self.lone_selection().and_then(Selection::known_len))
    }

    pub(crate) fn count(&self) -> Result<Count, DomainError> {
        match (self.count, self.lone_selection()) {
            (Some(count), _) => Ok(count),
            (None, Some(selection)) => selection.len(),
            (None, None) => Ok(Count::Finite(0)),
        }
    }

    fn lone_selection(&self) -> Option<&Selection> {
        match self.axes.as_slice() {
            [Axis::Selected(selection)] => Some(selection),
            _ => None,
        }
    }

    /// The length of the axis of each digit; empty when it takes looking at configs.
    pub(crate) fn radices(&self) -> &[u128] {
        &self.radices
    }

    /// Whether it is made of lists and samplers alone, so that it can be walked step by step.
    pub(crate) fn is_plain(&self) -> bool {
        self.axes
            .iter()
            .all(|axis| matches!(axis, Axis::Rows { .. } | Axis::Drawn(_)))
    }

    /// The axes, when all of them are lists.
    pub(super) fn rows(&self) -> Option<Vec<Arc<Rows>>> {
        let rows = |axis: &Axis| match axis {
            Axis::Rows { rows, .. } => Some(Arc::clone(rows)),
            _ => None,
        };
        self.axes.iter().map(rows).collect()
    }

    /// Which draw a config takes in a pass through the domain.
    fn draw(&self, local: u128, pass: u128) -> u128 {
        match self.count {
            Some(Count::Finite(count)) => pass.wrapping_mul(count).wrapping_add(local),
            _ => local,
        }
    }

    /// The config of a number; none beyond the end.
    pub(crate) fn config(&self, local: u128, pass: u128) -> Result<Option<Config>, DomainError> {
        match (self.count, self.lone_selection()) {
            (Some(count), _) if !count.has(local) => Ok(None),
            (None, Some(selection)) => selection.config(local),
            _ => {
                let mut digits = Digits::new();
                decode(local, &self.radices, &mut digits);
                self.build(&digits, self.draw(local, pass)).map(Some)
            }
        }
    }

    fn build(&self, digits: &[u128], draw: u128) -> Result<Config, DomainError> {
        let mut config = Config::new();
        for (axis, digit) in self.axes.iter().zip(&self.digit_of) {
            let digit = digits[*digit];
            match axis {
                // A digit is below the length of a list in memory.
                Axis::Rows { rows, .. } => rows.push(digit as usize, &mut config),
                Axis::Drawn(drawn) => config.push_shared(drawn.entry(draw)?),
                Axis::Selected(selection) => selection.push(digit, &mut config)?,
                Axis::Endless(selection) => selection.push(draw, &mut config)?,
            }
        }
        Ok(config)
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
    fn entry(&self, draw: u128) -> Result<Arc<crate::config::Entry>, DomainError> {
        let drawn = self.sampler.draw(&mut self.streams.at(draw));
        let drawn = drawn.map_err(|source| DomainError::Sampler {
            name: self.key.name.to_string(),
            source,
        })?;
        Ok(Arc::new(entry(&self.key, drawn)))
    }
}

/// A number as digits of a mixed radix, the last one fastest.
#[inline]
pub(crate) fn decode(mut number: u128, radices: &[u128], digits: &mut Digits) {
    digits.clear();
    digits.resize(radices.len(), 0);
    for (digit, radix) in digits.iter_mut().zip(radices).rev() {
        (number, *digit) = divide(number, *radix);
    }
}

/// Quotient and remainder; most numbers are small, and small divisions are far faster.
#[inline]
fn divide(number: u128, radix: u128) -> (u128, u128) {
    let both = number | radix;
    if both >> 32 == 0 {
        let (number, radix) = (number as u32, radix as u32);
        (u128::from(number / radix), u128::from(number % radix))
    } else if both >> 64 == 0 {
        let (number, radix) = (number as u64, radix as u64);
        (u128::from(number / radix), u128::from(number % radix))
    } else {
        (number / radix, number % radix)
    }
}

/// The next digits; returns the first place that changed, or none after the last.
#[inline]
pub(crate) fn advance(digits: &mut [u128], radices: &[u128]) -> Option<usize> {
    for place in (0..digits.len()).rev() {
        digits[place] += 1;
        if digits[place] < radices[place] {
            return Some(place);
        }
        digits[place] = 0;
    }
    None
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
        pass: u128,
    ) -> Result<Option<Config>, DomainError> {
        if !self.started {
            if cube.count.is_none_or(|count| !count.has(local)) {
                return Ok(None);
            }
            decode(local, &cube.radices, &mut self.digits);
            self.config = cube.build(&self.digits, cube.draw(local, pass))?;
            self.started = true;
            return Ok(Some(self.config.clone()));
        }
        let changed = match advance(&mut self.digits, &cube.radices) {
            Some(changed) => changed,
            None if cube.count == Some(Count::Infinite) => cube.axes.len(),
            None => {
                self.started = false;
                return Ok(None);
            }
        };
        self.update(cube, changed, cube.draw(local, pass))?;
        Ok(Some(self.config.clone()))
    }

    /// Puts the new entries of the changed axes, and new draws, into the config.
    #[inline]
    fn update(&mut self, cube: &Cube, changed: usize, draw: u128) -> Result<(), DomainError> {
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
                    self.config.shared_mut()[place] = drawn.entry(draw)?;
                }
                // A walk is only for cubes without them.
                Axis::Selected(_) | Axis::Endless(_) => {}
            }
        }
        Ok(())
    }
}
