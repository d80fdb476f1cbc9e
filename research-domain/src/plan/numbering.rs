//! The numbers of a cube's configs: digits of a mixed radix, and which of them conditions leave.

use std::sync::Arc;

use smallvec::SmallVec;

use super::diagram::{Diagram, Level};
use super::rows::Rows;
use crate::count::Count;

/// A number for each axis of a cube, slowest first, zero for those that are drawn.
pub(crate) type Digits = SmallVec<[u128; 8]>;

/// How the configs of a cube are numbered.
#[derive(Clone, Debug)]
pub(crate) struct Numbering {
    /// The length of each axis; 1 for those that are drawn.
    radices: Digits,
    /// The product of the radices.
    total: u128,
    /// Whether all axes are drawn, so that there is always another config.
    endless: bool,
    /// Which digits conditions leave.
    diagram: Option<Arc<Diagram>>,
}

impl Numbering {
    pub(super) fn new(radices: Digits, total: u128, endless: bool) -> Numbering {
        Numbering {
            radices,
            total,
            endless,
            diagram: None,
        }
    }

    pub(super) fn constrained_by(self, diagram: Diagram) -> Numbering {
        Numbering {
            diagram: Some(Arc::new(diagram)),
            ..self
        }
    }

    /// The levels of a diagram, given the rows of those axes that are lists.
    pub(super) fn levels(&self, rows: Vec<Option<Arc<Rows>>>) -> Vec<Level> {
        let radices = self.radices.iter().zip(rows);
        radices
            .map(|(radix, rows)| Level {
                radix: *radix,
                rows,
            })
            .collect()
    }

    pub(crate) fn count(&self) -> Count {
        match &self.diagram {
            _ if self.endless => Count::Infinite,
            Some(diagram) => Count::Finite(diagram.count()),
            None => Count::Finite(self.total),
        }
    }

    /// The digits of a number that is below the count.
    #[inline]
    pub(crate) fn decode(&self, number: u128, digits: &mut Digits) {
        digits.clear();
        digits.resize(self.radices.len(), 0);
        match &self.diagram {
            _ if self.endless => {}
            Some(diagram) => diagram.decode(number, digits),
            None => decode(number, &self.radices, digits),
        }
    }

    /// Makes the digits those of `next`, which comes after the number that they have. Returns the
    /// first place that changed; none after the last.
    #[inline]
    pub(crate) fn advance(&self, next: u128, digits: &mut Digits) -> Option<usize> {
        match &self.diagram {
            _ if self.endless => Some(digits.len()),
            Some(_) => self.jump(next, digits),
            None => advance(digits, &self.radices),
        }
    }

    fn jump(&self, next: u128, digits: &mut Digits) -> Option<usize> {
        if !self.count().has(next) {
            return None;
        }
        let before = digits.clone();
        self.decode(next, digits);
        before.iter().zip(&*digits).position(|(a, b)| a != b)
    }

    /// Which draw a config takes in a pass through the domain: the one that it would take if there
    /// were no conditions, so that conditions change no draws.
    pub(super) fn draw(&self, number: u128, digits: &[u128], pass: u128) -> u128 {
        if self.endless {
            return number;
        }
        let place = match self.diagram {
            Some(_) => encode(digits, &self.radices),
            None => number,
        };
        // Beyond 2^128 draws the streams start over.
        pass.wrapping_mul(self.total).wrapping_add(place)
    }
}

/// A number as digits of a mixed radix, the last one fastest.
#[inline]
fn decode(mut number: u128, radices: &[u128], digits: &mut [u128]) {
    for (digit, radix) in digits.iter_mut().zip(radices).rev() {
        (number, *digit) = divide(number, *radix);
    }
}

fn encode(digits: &[u128], radices: &[u128]) -> u128 {
    let places = digits.iter().zip(radices);
    places.fold(0, |number, (digit, radix)| number * radix + digit)
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
fn advance(digits: &mut [u128], radices: &[u128]) -> Option<usize> {
    for place in (0..digits.len()).rev() {
        digits[place] += 1;
        if digits[place] < radices[place] {
            return Some(place);
        }
        digits[place] = 0;
    }
    None
}
