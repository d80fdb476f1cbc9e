//! Configs as numbers of values.

use crate::count::Count;
use crate::domain::DomainError;
use crate::plan::{Cube, Digits, Plan, advance, decode};

/// Walks through a domain and gives, for each config, the cube that it is in and the number of
/// its value in each axis of the cube, zips first, since they vary slowest: an option with a list
/// is an axis, and so is a selection of configs; what is drawn stays at zero. Weights and repetitions are left out.
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
    cubes: Vec<CubeRadices>,
    cube: usize,
    digits: Digits,
}

#[derive(Clone, Debug)]
struct CubeRadices {
    radices: Digits,
    count: Count,
}

impl IndexVectors {
    pub(super) fn new(plan: &Plan) -> Result<IndexVectors, DomainError> {
        let mut cubes = Vec::new();
        for cube in plan.blocks.iter().flat_map(|block| block.cubes()) {
            let count = cube.count()?;
            if count != Count::Finite(0) {
                cubes.push(CubeRadices {
                    radices: radices(cube, count),
                    count,
                });
            }
        }
        let mut vectors = IndexVectors {
            cubes,
            cube: 0,
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
        match self.cubes.get(self.cube) {
            Some(cube) => advance(&mut self.digits, &cube.radices).is_some() || self.next_cube(),
            None => false,
        }
    }

    #[cold]
    fn next_cube(&mut self) -> bool {
        if self.cubes[self.cube].count == Count::Infinite {
            return true;
        }
        self.cube += 1;
        self.start_cube()
    }

    fn start_cube(&mut self) -> bool {
        self.digits.clear();
        match self.cubes.get(self.cube) {
            Some(cube) => {
                self.digits.resize(cube.radices.len(), 0);
                true
            }
            None => false,
        }
    }

    /// Goes to the config of a number; false when it is beyond the last.
    #[inline]
    pub fn seek(&mut self, index: u128) -> bool {
        let mut local = index;
        for (number, cube) in self.cubes.iter().enumerate() {
            match cube.count {
                Count::Finite(count) if local >= count => local -= count,
                Count::Finite(_) => {
                    self.cube = number;
                    decode(local, &cube.radices, &mut self.digits);
                    return true;
                }
                Count::Infinite => {
                    self.cube = number;
                    return self.start_cube();
                }
            }
        }
        self.cube = self.cubes.len();
        self.start_cube()
    }
}

/// The length of each axis; a selection that was counted just now is an axis of its length.
fn radices(cube: &Cube, count: Count) -> Digits {
    match (cube.radices(), count) {
        ([], Count::Finite(count)) if count != 1 => Digits::from_elem(count, 1),
        (radices, _) => Digits::from_slice(radices),
    }
}
