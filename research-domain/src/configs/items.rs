//! Forward iteration, in which a step only computes the parameters that change.

use std::iter::FusedIterator;
use std::sync::Arc;

use super::{Inner, Item, Step};
use crate::config::Config;
use crate::space::domain::error::DomainError;
use crate::space::plan::cursor::Cursor;
use crate::space::plan::{Block, Pass};

/// An iterator over the configs of a domain, which ends after an error.
#[derive(Clone, Debug)]
pub struct Items {
    inner: Arc<Inner>,
    index: u128,
    /// The step of the next index, while items are consecutive.
    step: Option<Step>,
    is_done: bool,
    position: Position,
    cursor: Cursor,
}

/// The position of the next config in the plan.
#[derive(Clone, Debug)]
struct Position {
    item: u128,
    pass: u128,
    block: usize,
    index: u128,
}

impl Items {
    pub(super) fn new(inner: Arc<Inner>, index: u128) -> Items {
        Items {
            inner,
            index,
            step: None,
            is_done: false,
            // No item has this position, so the first one is located.
            position: Position {
                item: u128::MAX,
                pass: 0,
                block: 0,
                index: 0,
            },
            cursor: Cursor::default(),
        }
    }

    fn advance(&mut self) -> Result<Option<Item>, DomainError> {
        let step = match self.step {
            Some(step) => step,
            None => match self.inner.step(self.index)? {
                Some(step) => step,
                None => return Ok(None),
            },
        };
        if step.item != self.position.item {
            self.move_to(step.item)?;
        }
        let Some(config) = self.take()? else {
            return Ok(None);
        };
        let item = self.inner.item(self.index, step.repetition, config);
        self.index += 1;
        let following = step.item + 1;
        self.step = (following < step.end).then_some(Step {
            item: following,
            ..step
        });
        Ok(Some(item))
    }

    fn move_to(&mut self, item: u128) -> Result<(), DomainError> {
        self.cursor.reset();
        let (pass, position) = match item {
            0 => (0, 0),
            _ => self.inner.pass(item)?,
        };
        let (block, index) = match position {
            0 => (0, 0),
            _ => self.inner.plan.locate(position)?,
        };
        self.position = Position {
            item,
            pass,
            block,
            index,
        };
        Ok(())
    }

    /// Takes the config at the position, and advances the position.
    fn take(&mut self) -> Result<Option<Config>, DomainError> {
        let mut passes = 0;
        loop {
            let Some(block) = self.inner.plan.blocks.get(self.position.block) else {
                if self.inner.iteration.n_items.is_none() {
                    return Ok(None);
                }
                passes += 1;
                if passes > 1 {
                    return Err(self.inner.empty());
                }
                self.position.pass += 1;
                self.position.block = 0;
                self.position.index = 0;
                continue;
            };
            let index = self.position.index;
            let pass = Pass {
                number: self.position.pass,
                around: 0,
            };
            let config = match block {
                Block::Single(grid) if grid.is_plain() => self.cursor.next(grid, index, pass)?,
                _ => block.config(index, pass)?,
            };
            if config.is_some() {
                self.position.index += 1;
                self.position.item += 1;
                return Ok(config);
            }
            self.cursor.reset();
            self.position.block += 1;
            self.position.index = 0;
        }
    }
}

impl Iterator for Items {
    type Item = Result<Item, DomainError>;

    #[inline]
    fn next(&mut self) -> Option<Result<Item, DomainError>> {
        if self.is_done {
            return None;
        }
        let item = self.advance().transpose();
        self.is_done = !matches!(item, Some(Ok(_)));
        item
    }

    /// Skips `n` items without computing them.
    fn nth(&mut self, n: usize) -> Option<Result<Item, DomainError>> {
        if n > 0 {
            self.index = self.index.saturating_add(n as u128);
            self.step = None;
        }
        self.next()
    }
}

impl FusedIterator for Items {}
