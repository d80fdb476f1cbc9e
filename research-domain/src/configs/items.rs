//! Forward iteration: a step costs only what changes.

use std::iter::FusedIterator;
use std::sync::Arc;

use super::{Inner, Item, Turn};
use crate::config::Config;
use crate::domain::DomainError;
use crate::plan::{Block, Pass, Walk};

/// An iterator over the configs of a domain; after an error it ends.
#[derive(Clone, Debug)]
pub struct Items {
    inner: Arc<Inner>,
    index: u128,
    /// What the next index stands for, as long as items follow each other.
    turn: Option<Turn>,
    ended: bool,
    place: Place,
    walk: Walk,
}

/// Where the next config is.
#[derive(Clone, Debug)]
struct Place {
    item: u128,
    pass: u128,
    block: usize,
    local: u128,
}

impl Items {
    pub(super) fn new(inner: Arc<Inner>, index: u128) -> Items {
        // Nowhere: the first item is looked up.
        let place = Place {
            item: u128::MAX,
            pass: 0,
            block: 0,
            local: 0,
        };
        Items {
            inner,
            index,
            turn: None,
            ended: false,
            place,
            walk: Walk::default(),
        }
    }

    fn step(&mut self) -> Result<Option<Item>, DomainError> {
        let turn = match self.turn {
            Some(turn) => turn,
            None => match self.inner.turn(self.index)? {
                Some(turn) => turn,
                None => return Ok(None),
            },
        };
        if turn.item != self.place.item {
            self.go_to(turn.item)?;
        }
        let Some(config) = self.take()? else {
            return Ok(None);
        };
        let item = self.inner.item(self.index, turn.repetition, config);
        self.index += 1;
        let following = turn.item + 1;
        self.turn = (following < turn.end).then_some(Turn {
            item: following,
            ..turn
        });
        Ok(Some(item))
    }

    fn go_to(&mut self, item: u128) -> Result<(), DomainError> {
        self.walk.reset();
        let (pass, position) = if item == 0 {
            (0, 0)
        } else {
            self.inner.pass(item)?
        };
        let (block, local) = if position == 0 {
            (0, 0)
        } else {
            self.inner.plan.locate(position)?
        };
        self.place = Place {
            item,
            pass,
            block,
            local,
        };
        Ok(())
    }

    /// The config at the place, which moves on.
    fn take(&mut self) -> Result<Option<Config>, DomainError> {
        let mut passes = 0;
        loop {
            let Some(block) = self.inner.plan.blocks.get(self.place.block) else {
                if self.inner.iteration.n_items.is_none() {
                    return Ok(None);
                }
                passes += 1;
                if passes > 1 {
                    return Err(self.inner.nothing_left());
                }
                self.place.pass += 1;
                self.place.block = 0;
                self.place.local = 0;
                continue;
            };
            let (local, pass) = (self.place.local, Pass::new(self.place.pass));
            let config = match block {
                Block::Single(cube) if cube.is_plain() => self.walk.next(cube, local, pass)?,
                _ => block.config(local, pass)?,
            };
            if config.is_some() {
                self.place.local += 1;
                self.place.item += 1;
                return Ok(config);
            }
            self.walk.reset();
            self.place.block += 1;
            self.place.local = 0;
        }
    }
}

impl Iterator for Items {
    type Item = Result<Item, DomainError>;

    #[inline]
    fn next(&mut self) -> Option<Result<Item, DomainError>> {
        if self.ended {
            return None;
        }
        let step = self.step().transpose();
        self.ended = !matches!(step, Some(Ok(_)));
        step
    }

    /// Jumps: nothing in between is produced.
    fn nth(&mut self, n: usize) -> Option<Result<Item, DomainError>> {
        if n > 0 {
            self.index = self.index.saturating_add(n as u128);
            self.turn = None;
        }
        self.next()
    }
}

impl FusedIterator for Items {}
