//! Configs as numbers of values.

use crate::count::Count;
use crate::domain::DomainError;
use crate::plan::{Digits, Numbering, Plan};

/// Walks through a domain and gives, for each config, the cube that it is in and the number of
/// its value in each axis of the cube, zips first, since they vary slowest: an option with a list
/// is an axis, and so is a selection of configs; what is drawn stays at zero. Weights and
/// repetitions are left out.
///
/// ```
/// use research_domain::option;
///
/// let domain = option("a", ["x", "y"]) * option("b", [1, 2, 3]);
/// let mut vectors = domain.configs(&Default::default()).unwrap().index_vectors().unwrap();
/// assert_eq!(vectors.digits(), [0, 0]);
/// vectors.advance();
/// assert_eq!(vectors.digits(), [0, 1]);
/// assert!(vectors.seek(5));
/// assert_eq!(vectors.digits(), [1, 2]);
/// assert!(!vectors.advance());
/// ```
#[derive(Clone, Debug)]
pub struct IndexVectors {
    cubes: Vec<Numbering>,
    cube: usize,
    /// The number of the config in its cube.
    number: u128,
    digits: Digits,
}

impl IndexVectors {
    pub(super) fn new(plan: &Plan) -> Result<IndexVectors, DomainError> {
        let mut cubes = Vec::new();
        for cube in plan.blocks.iter().flat_map(|block| block.cubes()) {
            let numbering = cube.numbering()?;
            if numbering.count() != Count::Finite(0) {
                cubes.push(numbering);
            }
        }
        let mut vectors = IndexVectors {
            cubes,
            cube: 0,
            number: 0,
            digits: Digits::new(),
        };
        vectors.seek(0);
        Ok(vectors)
    }

    /// Whether it is past the last config.
    pub fn is_done(&self) -> bool {
        self.cube >= self.cubes.len()
    }

    /// The number of the cube that the config is in; cubes without configs are not counted.
    pub fn cube(&self) -> usize {
        self.cube
    }

    /// The number of the config's value in each axis; empty past the last config.
    #[inline]
    pub fn digits(&self) -> &[u128] {
        &self.digits
    }

    /// Goes to the next config; false when there is none. A cube that never ends stays where it
    /// is.
    #[inline]
    pub fn advance(&mut self) -> bool {
        let Some(cube) = self.cubes.get(self.cube) else {
            return false;
        };
        self.number += 1;
        cube.advance(self.number, &mut self.digits).is_some() || self.start(self.cube + 1, 0)
    }

    /// Goes to the config of a number; false when it is beyond the last.
    #[inline]
    pub fn seek(&mut self, index: u128) -> bool {
        let mut number = index;
        for (place, cube) in self.cubes.iter().enumerate() {
            match cube.count() {
                Count::Finite(count) if number >= count => number -= count,
                _ => return self.start(place, number),
            }
        }
        self.start(self.cubes.len(), 0)
    }

    fn start(&mut self, cube: usize, number: u128) -> bool {
        self.cube = cube;
        self.number = number;
        self.digits.clear();
        match self.cubes.get(cube) {
            Some(cube) => {
                cube.decode(number, &mut self.digits);
                true
            }
            None => false,
        }
    }
}
