//! The numbering of a grid's configs: a mixed radix, and the digits that constraints allow.

use std::sync::Arc;

use smallvec::SmallVec;

use super::decision_diagram::{DecisionDiagram, Level};
use super::rows::Rows;
use crate::count::Count;

/// A number for each axis of a grid, slowest first, zero for those that are drawn.
pub(super) type Digits = SmallVec<[u128; 8]>;

/// The numbering of a grid's configs.
#[derive(Debug)]
pub(super) struct Numbering {
    /// The length of each axis; 1 for those that are drawn.
    radices: Digits,
    /// The product of the radices.
    total: u128,
    /// Whether all axes are drawn, so the numbers have no end.
    endless: bool,
    /// The digits that constraints allow.
    diagram: Option<DecisionDiagram>,
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

    pub(super) fn constrain(&mut self, diagram: DecisionDiagram) {
        self.diagram = Some(diagram);
    }

    /// Returns the levels of a decision diagram, given the rows of the axes that are lists.
    pub(super) fn levels(&self, rows: Vec<Option<Arc<Rows>>>) -> Vec<Level> {
        let radices = self.radices.iter().zip(rows);
        radices
            .map(|(radix, rows)| Level {
                radix: *radix,
                rows,
            })
            .collect()
    }

    pub(super) fn count(&self) -> Count {
        match &self.diagram {
            _ if self.endless => Count::Infinite,
            Some(diagram) => Count::Finite(diagram.count()),
            None => Count::Finite(self.total),
        }
    }

    /// Decodes a number below the count.
    #[inline]
    pub(super) fn decode(&self, number: u128, digits: &mut Digits) {
        digits.clear();
        digits.resize(self.radices.len(), 0);
        match &self.diagram {
            _ if self.endless => {}
            Some(diagram) => diagram.decode(number, digits),
            None => decode(number, &self.radices, digits),
        }
    }

    /// Advances the digits to `next`, the number after theirs. Returns the index of the first digit
    /// that changed; `None` after the last number.
    #[inline]
    pub(super) fn advance(&self, next: u128, digits: &mut Digits) -> Option<usize> {
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

    /// Returns the number of a config's draw in a pass: that of the config without constraints, so
    /// constraints change no draws.
    pub(super) fn draw(&self, number: u128, digits: &[u128], pass: u128) -> u128 {
        if self.endless {
            return number;
        }
        let number = match self.diagram {
            Some(_) => encode(digits, &self.radices),
            None => number,
        };
        // Beyond 2^128 draws the streams start over.
        pass.wrapping_mul(self.total).wrapping_add(number)
    }
}

/// Decodes a number of a mixed radix, the last digit fastest.
#[inline]
fn decode(mut number: u128, radices: &[u128], digits: &mut [u128]) {
    for (digit, radix) in digits.iter_mut().zip(radices).rev() {
        (number, *digit) = divide(number, *radix);
    }
}

fn encode(digits: &[u128], radices: &[u128]) -> u128 {
    let digits = digits.iter().zip(radices);
    digits.fold(0, |number, (digit, radix)| number * radix + digit)
}

/// Quotient and remainder; divisions of small numbers, which most are, are much faster.
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

/// Advances the digits by one; returns the index of the first that changed, or `None` at the end.
#[inline]
fn advance(digits: &mut [u128], radices: &[u128]) -> Option<usize> {
    for index in (0..digits.len()).rev() {
        digits[index] += 1;
        if digits[index] < radices[index] {
            return Some(index);
        }
        digits[index] = 0;
    }
    None
}
