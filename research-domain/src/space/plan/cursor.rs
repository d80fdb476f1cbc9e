//! Forward iteration through a grid, in which a step only computes the axes that change.

use super::Pass;
use super::grid::{Axis, Grid};
use super::numbering::Digits;
use super::occurrence::Address;
use crate::config::Config;
use crate::space::domain::error::DomainError;

/// Iterates over a grid of lists and distributions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursor {
    digits: Digits,
    config: Config,
    started: bool,
}

impl Cursor {
    /// Forgets the position.
    pub(crate) fn reset(&mut self) {
        self.started = false;
    }

    /// Returns the config at `index`, or `None` beyond the end. Unless the cursor was reset,
    /// `index` must be the next one after the last call.
    pub(crate) fn next(
        &mut self,
        grid: &Grid,
        index: u128,
        pass: Pass,
    ) -> Result<Option<Config>, DomainError> {
        let Some(numbering) = grid.numbering() else {
            return Ok(None);
        };
        if !self.started {
            if !numbering.count().has(index) {
                return Ok(None);
            }
            numbering.decode(index, &mut self.digits);
            self.config = grid.build(numbering, index, &self.digits, pass)?;
            self.started = true;
            return Ok(Some(self.config.clone()));
        }
        let Some(changed) = numbering.advance(index, &mut self.digits) else {
            self.started = false;
            return Ok(None);
        };
        let address = grid.address(numbering, index, &self.digits, pass)?;
        self.update(grid, changed, address)?;
        Ok(Some(self.config.clone()))
    }

    /// Replaces the entries of the changed axes, and those that are drawn.
    #[inline]
    fn update(&mut self, grid: &Grid, changed: usize, address: Address) -> Result<(), DomainError> {
        let mut end = self.config.len();
        for (axis, digit) in grid.axes().rev() {
            match axis {
                Axis::Rows { rows, .. } => {
                    end -= rows.width();
                    if digit >= changed {
                        rows.replace(self.digits[digit] as usize, &mut self.config, end);
                    }
                }
                Axis::Drawn(drawn) => {
                    end -= 1;
                    self.config.shared_mut()[end] = drawn.entry(address)?;
                }
                // A cursor is only used for grids without them.
                Axis::Selected(_) | Axis::Endless(_) => {}
            }
        }
        Ok(())
    }
}
