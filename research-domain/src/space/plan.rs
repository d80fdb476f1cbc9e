//! A plan: a domain that is ready to be counted and to find a config by its index.
//!
//! A plan is a list of blocks; a block is one grid, or several with weights; a grid is a product of
//! axes, so the index of a config is a number in a mixed radix, and no configs are stored.

pub(crate) mod constraint;
pub(crate) mod cursor;
mod decision_diagram;
pub(crate) mod grid;
pub(crate) mod membership;
mod numbering;
pub(crate) mod occurrence;
pub(crate) mod permutation;
pub(crate) mod rows;
pub(crate) mod selection;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::config::Config;
use crate::count::Count;
use crate::random::Streams;
use crate::rules::Rules;
use crate::space::domain::error::DomainError;

use grid::Grid;

/// A pass through a domain: a domain starts over if more configs are requested than it has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pass {
    /// The number of passes before.
    pub(crate) number: u128,
    /// A digest of the enclosing config, which distinguishes the draws of a nested domain.
    pub(crate) around: u128,
}

/// The inputs of draws and ids that are common to all configs.
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
    /// The first position of each leading block whose length is known without a scan, and the
    /// position after the last of them unless it is infinite.
    starts: Vec<u128>,
    /// The expression of the domain, for messages.
    pub(crate) part: String,
}

impl Plan {
    pub(crate) fn new(blocks: Vec<Block>, part: String) -> Result<Plan, DomainError> {
        let mut plan = Plan {
            blocks,
            starts: vec![0],
            part,
        };
        let mut end = 0;
        for block in &plan.blocks {
            let Some(Count::Finite(count)) = block.known_count() else {
                break;
            };
            end = plan.sum(end, count)?;
            plan.starts.push(end);
        }
        Ok(plan)
    }

    fn sum(&self, a: u128, b: u128) -> Result<u128, DomainError> {
        a.checked_add(b).ok_or_else(|| too_large(&self.part))
    }

    /// Returns the number of leading blocks with known lengths, and the position after them.
    fn known(&self) -> (usize, u128) {
        let known = self.starts.len() - 1;
        (known, self.starts[known])
    }

    /// Returns the number of configs; may have to scan them.
    pub(crate) fn len(&self) -> Result<Count, DomainError> {
        let (known, mut total) = self.known();
        for block in &self.blocks[known..] {
            let Count::Finite(count) = block.count()? else {
                return Ok(Count::Infinite);
            };
            total = self.sum(total, count)?;
        }
        Ok(Count::Finite(total))
    }

    /// Returns the number of configs, if it is known without a scan.
    fn known_len(&self) -> Option<Count> {
        let (known, end) = self.known();
        match self.blocks.get(known) {
            None => Some(Count::Finite(end)),
            Some(block) => block
                .known_count()
                .filter(|count| *count == Count::Infinite),
        }
    }

    /// Returns the block of a position, and the index in the block; the last block takes all
    /// positions beyond the end.
    pub(crate) fn locate(&self, position: u128) -> Result<(usize, u128), DomainError> {
        let (known, end) = self.known();
        if position < end {
            let block = self.starts.partition_point(|start| *start <= position) - 1;
            return Ok((block, position - self.starts[block]));
        }
        let mut index = position - end;
        for (number, block) in self.blocks.iter().enumerate().skip(known) {
            if number + 1 == self.blocks.len() {
                return Ok((number, index));
            }
            match block.count()? {
                Count::Finite(count) if index >= count => index -= count,
                _ => return Ok((number, index)),
            }
        }
        Ok((self.blocks.len(), index))
    }

    /// Returns the config at a position of a pass; `None` beyond the end.
    pub(crate) fn config(&self, position: u128, pass: Pass) -> Result<Option<Config>, DomainError> {
        let (block, index) = self.locate(position)?;
        match self.blocks.get(block) {
            Some(block) => block.config(index, pass),
            None => Ok(None),
        }
    }

    /// Returns a digest that distinguishes the config at a position from all others, wherever it
    /// is; for nested domains.
    fn key(&self, position: u128) -> Result<u128, DomainError> {
        let (block, index) = self.locate(position)?;
        match self.blocks.get(block) {
            Some(Block::Single(grid)) => grid.key(index),
            Some(Block::Weighted(weighted)) => {
                let (grid, index) = weighted.pick(index, 0);
                weighted.grids[grid].key(index)
            }
            None => Ok(position),
        }
    }

    /// Returns whether all parameters are drawn, so draws can be made for each enclosing config.
    fn is_only_drawn(&self) -> bool {
        matches!(self.blocks.as_slice(), [Block::Single(grid)] if grid.is_only_drawn())
    }
}

fn too_large(part: &str) -> DomainError {
    DomainError::TooLarge {
        part: part.to_owned(),
    }
}

/// Locks a cache. It stays usable after a panic in another thread, because every state is valid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Grids that are iterated together.
#[derive(Debug)]
pub(crate) enum Block {
    /// One grid, from its first config to its last.
    Single(Grid),
    /// Several grids: each draw chooses one and takes its next config.
    Weighted(Weighted),
}

impl Block {
    fn known_count(&self) -> Option<Count> {
        match self {
            Block::Single(grid) => grid.known_count(),
            Block::Weighted(weighted) => Some(weighted.count),
        }
    }

    fn count(&self) -> Result<Count, DomainError> {
        match self {
            Block::Single(grid) => grid.count(),
            Block::Weighted(weighted) => Ok(weighted.count),
        }
    }

    /// Returns the config at an index; `None` beyond the end.
    pub(crate) fn config(&self, index: u128, pass: Pass) -> Result<Option<Config>, DomainError> {
        match self {
            Block::Single(grid) => grid.config(index, pass),
            Block::Weighted(weighted) => weighted.config(index, pass),
        }
    }

    pub(crate) fn grids(&self) -> &[Grid] {
        match self {
            Block::Single(grid) => std::slice::from_ref(grid),
            Block::Weighted(weighted) => &weighted.grids,
        }
    }
}

/// Grids with weights. The grid that a draw chooses depends on the grids that are exhausted by
/// then, so the config at an index is found by replaying the draws from the nearest checkpoint.
#[derive(Debug)]
pub(crate) struct Weighted {
    grids: Vec<Grid>,
    weights: Vec<f64>,
    counts: Vec<Count>,
    count: Count,
    streams: Streams,
    replay: Mutex<Replay>,
}

/// The number of configs taken from each grid before a draw.
#[derive(Clone, Debug)]
struct State {
    draw: u128,
    taken: Vec<u128>,
}

#[derive(Debug)]
struct Replay {
    pass: u128,
    latest: State,
    /// The states before draws 0, [`SPACING`], 2 `SPACING`, ….
    checkpoints: Vec<State>,
}

const SPACING: u128 = 1024;

impl Replay {
    fn new(pass: u128, grids: usize) -> Replay {
        let start = State {
            draw: 0,
            taken: vec![0; grids],
        };
        Replay {
            pass,
            latest: start.clone(),
            checkpoints: vec![start],
        }
    }
}

impl Weighted {
    pub(crate) fn new(
        grids: Vec<Grid>,
        weights: Vec<f64>,
        streams: Streams,
        part: &str,
    ) -> Result<Weighted, DomainError> {
        let counts: Vec<Count> = grids.iter().map(Grid::count).collect::<Result<_, _>>()?;
        let mut total = Count::Finite(0);
        for count in &counts {
            total = match (total, count) {
                (Count::Finite(a), Count::Finite(b)) => {
                    Count::Finite(a.checked_add(*b).ok_or_else(|| too_large(part))?)
                }
                _ => Count::Infinite,
            };
        }
        let replay = Mutex::new(Replay::new(0, grids.len()));
        Ok(Weighted {
            grids,
            weights,
            counts,
            count: total,
            streams,
            replay,
        })
    }

    fn config(&self, index: u128, pass: Pass) -> Result<Option<Config>, DomainError> {
        if !self.count.has(index) {
            return Ok(None);
        }
        let (grid, index) = self.pick(index, pass.number);
        self.grids[grid].config(index, pass)
    }

    /// Returns the grid that a draw chooses, and the index of its next config.
    fn pick(&self, draw: u128, pass: u128) -> (usize, u128) {
        let mut replay = lock(&self.replay);
        if replay.pass != pass {
            *replay = Replay::new(pass, self.grids.len());
        }
        // The number of checkpoints is bounded by memory, so it fits.
        let nearest = replay.checkpoints.len().min((draw / SPACING) as usize + 1) - 1;
        let checkpoint = &replay.checkpoints[nearest];
        if replay.latest.draw > draw || replay.latest.draw < checkpoint.draw {
            replay.latest = checkpoint.clone();
        }
        loop {
            let current = replay.latest.draw;
            if current == SPACING * replay.checkpoints.len() as u128 {
                let state = replay.latest.clone();
                replay.checkpoints.push(state);
            }
            let picked = self.step(&mut replay.latest, pass);
            if current == draw {
                return picked;
            }
        }
    }

    fn step(&self, state: &mut State, pass: u128) -> (usize, u128) {
        let grids = self.counts.iter().zip(&state.taken).zip(&self.weights);
        let weights: Vec<f64> = grids
            .map(|((count, taken), weight)| if count.has(*taken) { *weight } else { 0.0 })
            .collect();
        let index = match self.count {
            Count::Finite(count) => pass.wrapping_mul(count).wrapping_add(state.draw),
            Count::Infinite => state.draw,
        };
        let grid = self.streams.at(index).weighted(&weights);
        let index = state.taken[grid];
        state.taken[grid] += 1;
        state.draw += 1;
        (grid, index)
    }
}
