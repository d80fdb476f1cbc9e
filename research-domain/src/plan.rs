//! Domains made ready to be counted and asked for configs by number.
//!
//! A domain is a list of blocks; a block is one cube, or several with weights; a cube is a
//! product of axes, and so a number in a mixed radix: the configs of a cube are never stored.

mod block;
mod compile;
mod cube;
mod diagram;
mod limit;
mod membership;
mod numbering;
mod occurrence;
mod permutation;
mod rows;
mod selection;

use crate::config::Config;
use crate::count::Count;
use crate::domain::{Domain, DomainError};
use crate::rules::Rules;

pub(crate) use block::Block;
pub(crate) use cube::{Cube, Walk};
pub(crate) use numbering::{Digits, Numbering};

/// A pass through a domain.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pass {
    /// How many passes came before.
    number: u128,
    /// What keeps the draws of a domain that stands inside of another one apart, for each config
    /// that is around it.
    around: u128,
}

impl Pass {
    pub(crate) fn new(number: u128) -> Pass {
        Pass { number, around: 0 }
    }
}

/// What draws and ids are made by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seeding {
    pub(crate) seed: u64,
    pub(crate) updates: u64,
    pub(crate) rules: Rules,
}

/// A domain ready for iteration with one seed.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) blocks: Vec<Block>,
    /// Where each block starts, for the first blocks, whose lengths are known without looking at
    /// configs; one longer than their number, unless the last one is infinite.
    starts: Vec<u128>,
    /// The domain's text, for messages.
    part: String,
}

impl Plan {
    /// Checks the domain and prepares it.
    pub(crate) fn new(domain: &Domain, seeding: Seeding) -> Result<Plan, DomainError> {
        compile::compile(domain, seeding)
    }

    fn from_blocks(blocks: Vec<Block>, part: String) -> Result<Plan, DomainError> {
        let mut starts = vec![0];
        let mut end = 0u128;
        for block in &blocks {
            let Some(Count::Finite(count)) = block.known_count() else {
                break;
            };
            end = end
                .checked_add(count)
                .ok_or_else(|| DomainError::TooLarge { part: part.clone() })?;
            starts.push(end);
        }
        Ok(Plan {
            blocks,
            starts,
            part,
        })
    }

    /// The number of configs; may have to look at them.
    pub(crate) fn len(&self) -> Result<Count, DomainError> {
        let known = self.starts.len() - 1;
        let mut total = self.starts[known];
        for block in &self.blocks[known..] {
            let Count::Finite(count) = block.count()? else {
                return Ok(Count::Infinite);
            };
            total = total
                .checked_add(count)
                .ok_or_else(|| DomainError::TooLarge {
                    part: self.part.clone(),
                })?;
        }
        Ok(Count::Finite(total))
    }

    /// The number of configs if it is known without looking at them.
    fn known_len(&self) -> Option<Count> {
        let known = self.starts.len() - 1;
        match self.blocks.get(known) {
            None => Some(Count::Finite(self.starts[known])),
            Some(block) => match block.known_count() {
                Some(Count::Infinite) => Some(Count::Infinite),
                _ => None,
            },
        }
    }

    /// The block of a position, and the position in it; the last block's for all that lie beyond.
    pub(crate) fn locate(&self, position: u128) -> Result<(usize, u128), DomainError> {
        let known = self.starts.len() - 1;
        if position < self.starts[known] {
            let block = self.starts.partition_point(|start| *start <= position) - 1;
            return Ok((block, position - self.starts[block]));
        }
        let mut local = position - self.starts[known];
        for (block, content) in self.blocks.iter().enumerate().skip(known) {
            if block + 1 == self.blocks.len() {
                return Ok((block, local));
            }
            match content.count()? {
                Count::Finite(count) if local >= count => local -= count,
                _ => return Ok((block, local)),
            }
        }
        Ok((self.blocks.len(), local))
    }

    /// The config at a position of a pass through the domain; none beyond its end.
    pub(crate) fn config(&self, position: u128, pass: Pass) -> Result<Option<Config>, DomainError> {
        let (block, local) = self.locate(position)?;
        match self.blocks.get(block) {
            Some(block) => block.config(local, pass),
            None => Ok(None),
        }
    }

    /// A digest that tells the config at a position from all others, wherever it stands; for
    /// domains that stand inside of another one.
    fn key(&self, position: u128) -> Result<u128, DomainError> {
        let (block, local) = self.locate(position)?;
        match self.blocks.get(block) {
            Some(block) => block.key(local),
            None => Ok(position),
        }
    }

    /// Whether the configs are draws that can be made for each config that is around them.
    fn is_only_drawn(&self) -> bool {
        match self.blocks.as_slice() {
            [Block::Single(cube)] => cube.is_only_drawn(),
            _ => false,
        }
    }
}
