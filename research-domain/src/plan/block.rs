//! Blocks: one cube, or several that are drawn from by their weights.

use std::sync::Mutex;

use super::Pass;
use super::cube::Cube;
use crate::config::Config;
use crate::count::Count;
use crate::domain::DomainError;
use crate::lock::lock;
use crate::stream::Streams;

/// Cubes that are iterated together.
#[derive(Debug)]
pub(crate) enum Block {
    /// One cube, from its first config to its last.
    Single(Cube),
    /// Several cubes: each draw picks one and takes its next config.
    Weighted(Weighted),
}

impl Block {
    pub(super) fn known_count(&self) -> Option<Count> {
        match self {
            Block::Single(cube) => cube.known_count(),
            Block::Weighted(weighted) => Some(weighted.count),
        }
    }

    pub(super) fn count(&self) -> Result<Count, DomainError> {
        match self {
            Block::Single(cube) => cube.count(),
            Block::Weighted(weighted) => Ok(weighted.count),
        }
    }

    /// The config of a number; none beyond the end.
    pub(crate) fn config(&self, local: u128, pass: Pass) -> Result<Option<Config>, DomainError> {
        match self {
            Block::Single(cube) => cube.config(local, pass),
            Block::Weighted(weighted) => weighted.config(local, pass),
        }
    }

    /// A digest that tells the config of a number from all others.
    pub(super) fn key(&self, local: u128) -> Result<u128, DomainError> {
        match self {
            Block::Single(cube) => cube.key(local),
            Block::Weighted(weighted) => {
                let (cube, number) = weighted.pick(local, 0);
                weighted.cubes[cube].key(number)
            }
        }
    }

    pub(crate) fn cubes(&self) -> &[Cube] {
        match self {
            Block::Single(cube) => std::slice::from_ref(cube),
            Block::Weighted(weighted) => &weighted.cubes,
        }
    }
}

/// Cubes with weights; which one a draw picks depends on which ones are exhausted, so a number is
/// found by replaying the draws from the nearest place that was kept.
#[derive(Debug)]
pub(crate) struct Weighted {
    cubes: Vec<Cube>,
    weights: Vec<f64>,
    counts: Vec<Count>,
    count: Count,
    streams: Streams,
    replay: Mutex<Replay>,
}

/// How many configs each cube has given before a draw.
#[derive(Clone, Debug)]
struct State {
    drawn: u128,
    taken: Vec<u128>,
}

#[derive(Debug)]
struct Replay {
    pass: u128,
    latest: State,
    /// The states before every `SPACING`-th draw.
    kept: Vec<State>,
}

const SPACING: u128 = 1024;

impl Replay {
    fn new(pass: u128, cubes: usize) -> Replay {
        let start = State {
            drawn: 0,
            taken: vec![0; cubes],
        };
        Replay {
            pass,
            latest: start.clone(),
            kept: vec![start],
        }
    }
}

impl Weighted {
    pub(super) fn new(
        cubes: Vec<Cube>,
        weights: Vec<f64>,
        streams: Streams,
        part: &str,
    ) -> Result<Weighted, DomainError> {
        let counts: Vec<Count> = cubes.iter().map(Cube::count).collect::<Result<_, _>>()?;
        let total = counts
            .iter()
            .try_fold(Count::Finite(0), |total, count| match (total, count) {
                (Count::Finite(a), Count::Finite(b)) => a.checked_add(*b).map(Count::Finite),
                _ => Some(Count::Infinite),
            });
        let count = total.ok_or_else(|| DomainError::TooLarge {
            part: part.to_owned(),
        })?;
        let replay = Mutex::new(Replay::new(0, cubes.len()));
        Ok(Weighted {
            cubes,
            weights,
            counts,
            count,
            streams,
            replay,
        })
    }

    fn config(&self, local: u128, pass: Pass) -> Result<Option<Config>, DomainError> {
        if !self.count.has(local) {
            return Ok(None);
        }
        let (cube, number) = self.pick(local, pass.number);
        self.cubes[cube].config(number, pass)
    }

    /// The cube that a draw picks, and the number of its config.
    fn pick(&self, draw: u128, pass: u128) -> (usize, u128) {
        let mut replay = lock(&self.replay);
        if replay.pass != pass {
            *replay = Replay::new(pass, self.cubes.len());
        }
        // The number of kept states is bounded by memory, so it fits.
        let nearest = replay.kept.len().min((draw / SPACING) as usize + 1) - 1;
        let kept = &replay.kept[nearest];
        if replay.latest.drawn > draw || replay.latest.drawn < kept.drawn {
            replay.latest = kept.clone();
        }
        loop {
            let current = replay.latest.drawn;
            if current == SPACING * replay.kept.len() as u128 {
                let state = replay.latest.clone();
                replay.kept.push(state);
            }
            let picked = self.step(&mut replay.latest, pass);
            if current == draw {
                return picked;
            }
        }
    }

    fn step(&self, state: &mut State, pass: u128) -> (usize, u128) {
        let left = self.counts.iter().zip(&state.taken).zip(&self.weights);
        let weights: Vec<f64> = left
            .map(|((count, taken), weight)| if count.has(*taken) { *weight } else { 0.0 })
            .collect();
        let index = match self.count {
            Count::Finite(count) => pass.wrapping_mul(count).wrapping_add(state.drawn),
            Count::Infinite => state.drawn,
        };
        let cube = self.streams.at(index).weighted(&weights);
        let number = state.taken[cube];
        state.taken[cube] += 1;
        state.drawn += 1;
        (cube, number)
    }
}
