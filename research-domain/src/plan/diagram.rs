//! Limits of a cube of lists, counted without looking at every config.
//!
//! A decision diagram: one level for each axis, and at each level one node for every different
//! past that later limits can tell apart. A node knows how many configs lie under each of its
//! digits, so counting is reading a number and decoding is a descent. For `a < b` and a hundred
//! other parameters there are as many nodes as `a` has values, plus one for each other level.

use std::collections::HashMap;
use std::sync::Arc;

use super::limit::Limit;
use super::membership::CubeSet;
use super::rows::Rows;
use crate::condition::Condition;
use crate::value::Value;

/// Which digits of a cube are left by its limits.
#[derive(Debug)]
pub(crate) struct Diagram {
    /// A node comes after those under it; the last one is the root.
    nodes: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    /// Below the last level.
    End,
    /// A level that no condition looks at: each digit has the same under it.
    Free { count: u128, under: usize },
    /// A level that conditions look at: the digits that are left, where the numbers under each of
    /// them start, and the node under each.
    Choice {
        count: u128,
        digits: Vec<u32>,
        starts: Vec<u128>,
        under: Vec<usize>,
    },
}

/// Why there is no diagram.
#[derive(Debug)]
pub(super) enum NoDiagram {
    /// A condition that fails for some values, or that ties so many parameters together that the
    /// diagram would be as large as the cube: configs have to be looked at one by one.
    LookAtEach,
    /// The number of configs does not fit into 128 bits.
    TooLarge,
}

/// One axis of a cube, in the order of its digits.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) radix: u128,
    /// The rows, for an axis that is a list.
    pub(super) rows: Option<Arc<Rows>>,
}

impl Node {
    fn count(&self) -> u128 {
        match self {
            Node::End => 1,
            Node::Free { count, .. } | Node::Choice { count, .. } => *count,
        }
    }
}

impl Diagram {
    /// How many digits are tried before a diagram is given up: about 20 MB of nodes.
    const LIMIT: usize = 1_000_000;
    /// How many digits there may be at most for a diagram to be tried at all: conditions would
    /// have to leave less than one in a hundred.
    const HOPELESS: u128 = 100_000_000;

    pub(super) fn new(levels: &[Level], limits: &[Limit]) -> Result<Diagram, NoDiagram> {
        let mut builder = Builder {
            levels,
            checks: Vec::new(),
            absent: Vec::new(),
            live: Vec::new(),
            known: HashMap::new(),
            nodes: Vec::new(),
            tried: 0,
        };
        let lists: Vec<_> = levels.iter().map(|level| level.rows.clone()).collect();
        for limit in limits {
            match limit {
                Limit::Condition(condition) => {
                    builder.checks.push(Check::new(condition, levels));
                }
                Limit::Absent(set) => builder.absent.push(Absent::new(set, &lists)?),
            }
        }
        builder.live = (0..=levels.len())
            .map(|level| builder.live_at(level))
            .collect();
        if builder.most_digits() > Diagram::HOPELESS {
            return Err(NoDiagram::LookAtEach);
        }
        let inside = vec![true; builder.absent.len()];
        builder.node(0, &mut vec![0; levels.len()], inside)?;
        Ok(Diagram {
            nodes: builder.nodes,
        })
    }

    pub(super) fn count(&self) -> u128 {
        self.nodes.last().map_or(0, Node::count)
    }

    /// The digits of a number that is below the count.
    pub(super) fn decode(&self, mut number: u128, digits: &mut [u128]) {
        let mut node = self.nodes.len() - 1;
        for digit in digits {
            match &self.nodes[node] {
                Node::End => return,
                Node::Free { under, .. } => {
                    let each = self.nodes[*under].count();
                    *digit = number / each;
                    number %= each;
                    node = *under;
                }
                Node::Choice {
                    digits: left,
                    starts,
                    under,
                    ..
                } => {
                    let place = starts.partition_point(|start| *start <= number) - 1;
                    *digit = u128::from(left[place]);
                    number -= starts[place];
                    node = under[place];
                }
            }
        }
    }
}

/// A condition, with the places of its parameters.
struct Check<'a> {
    condition: &'a Condition,
    /// Name, level, and column in the level's rows.
    names: Vec<(&'a str, usize, usize)>,
    /// The level at which all of its parameters are known.
    last: usize,
}

impl<'a> Check<'a> {
    fn new(condition: &'a Condition, levels: &[Level]) -> Check<'a> {
        let place = |name: &'a str| {
            levels.iter().enumerate().find_map(|(level, axis)| {
                let column = axis
                    .rows
                    .as_ref()?
                    .names()
                    .position(|known| **known == *name)?;
                Some((name, level, column))
            })
        };
        let names: Vec<_> = condition.names().into_iter().filter_map(place).collect();
        let last = names.iter().map(|(_, level, _)| *level).max().unwrap_or(0);
        Check {
            condition,
            names,
            last,
        }
    }

    fn holds(&self, levels: &[Level], digits: &[usize]) -> Result<bool, NoDiagram> {
        let value = |wanted: &str| -> Option<&Value> {
            let (_, level, column) = self.names.iter().find(|(name, ..)| *name == wanted)?;
            Some(levels[*level].rows.as_ref()?.value(digits[*level], *column))
        };
        self.condition
            .holds_for(&value)
            .map_err(|_| NoDiagram::LookAtEach)
    }
}

/// A set that configs must not be in.
struct Absent {
    /// For each level that the set is about, which rows are in it.
    inside: Vec<Option<Vec<bool>>>,
    /// The last of these levels.
    last: usize,
}

impl Absent {
    fn new(set: &CubeSet, lists: &[Option<Arc<Rows>>]) -> Result<Absent, NoDiagram> {
        let inside = set.rows_inside(lists).ok_or(NoDiagram::LookAtEach)?;
        let last = inside.iter().rposition(Option::is_some);
        let last = last.ok_or(NoDiagram::LookAtEach)?;
        Ok(Absent { inside, last })
    }

    fn has(&self, level: usize, digit: usize) -> bool {
        self.inside[level].as_ref().is_none_or(|rows| rows[digit])
    }
}

struct Builder<'a> {
    levels: &'a [Level],
    checks: Vec<Check<'a>>,
    absent: Vec<Absent>,
    /// For each level, the earlier ones that a condition at it or after it looks at.
    live: Vec<Vec<usize>>,
    /// The nodes by level, by the digits of the live levels, and by the sets that the past is
    /// inside of.
    known: HashMap<(usize, Vec<usize>, Vec<bool>), usize>,
    nodes: Vec<Node>,
    tried: usize,
}

impl Builder<'_> {
    fn live_at(&self, level: usize) -> Vec<usize> {
        let looked_at = |earlier: &usize| {
            self.checks.iter().any(|check| {
                check.last >= level && check.names.iter().any(|(_, at, _)| at == earlier)
            })
        };
        (0..level).filter(looked_at).collect()
    }

    /// How many digits there are to try if conditions leave everything.
    fn most_digits(&self) -> u128 {
        let radix = |level: usize| self.levels[level].radix;
        let everywhere = vec![true; self.absent.len()];
        let choices = (0..self.levels.len()).filter(|level| !self.is_free(*level, &everywhere));
        let digits = choices.map(|level| {
            let pasts = self.live[level].iter().map(|at| radix(*at));
            pasts.fold(radix(level), u128::saturating_mul)
        });
        digits.fold(0, u128::saturating_add)
    }

    /// Whether no limit looks at the level, for a past that is inside of these sets.
    fn is_free(&self, level: usize, inside: &[bool]) -> bool {
        let checked = self
            .checks
            .iter()
            .any(|check| check.last == level || check.names.iter().any(|(_, at, _)| *at == level));
        let mut sets = self.absent.iter().zip(inside);
        !checked && !sets.any(|(set, inside)| *inside && set.inside[level].is_some())
    }

    fn node(
        &mut self,
        level: usize,
        digits: &mut Vec<usize>,
        inside: Vec<bool>,
    ) -> Result<usize, NoDiagram> {
        let past = self.live[level].iter().map(|at| digits[*at]).collect();
        let key = (level, past, inside);
        if let Some(node) = self.known.get(&key) {
            return Ok(*node);
        }
        let node = if level == self.levels.len() {
            Node::End
        } else if self.is_free(level, &key.2) {
            let under = self.node(level + 1, digits, key.2.clone())?;
            let each = self.nodes[under].count();
            let count = each.checked_mul(self.levels[level].radix);
            Node::Free {
                count: count.ok_or(NoDiagram::TooLarge)?,
                under,
            }
        } else {
            self.choice(level, digits, &key.2)?
        };
        self.nodes.push(node);
        self.known.insert(key, self.nodes.len() - 1);
        Ok(self.nodes.len() - 1)
    }

    fn choice(
        &mut self,
        level: usize,
        digits: &mut Vec<usize>,
        inside: &[bool],
    ) -> Result<Node, NoDiagram> {
        let (mut left, mut starts, mut under) = (Vec::new(), Vec::new(), Vec::new());
        let mut count = 0u128;
        let len = self.levels[level]
            .rows
            .as_ref()
            .map_or(0, |rows| rows.len());
        for digit in 0..len {
            self.tried += 1;
            if self.tried > Diagram::LIMIT {
                return Err(NoDiagram::LookAtEach);
            }
            digits[level] = digit;
            let Some(inside) = self.still_inside(level, digit, inside) else {
                continue;
            };
            if !self.holds(level, digits)? {
                continue;
            }
            let next = self.node(level + 1, digits, inside)?;
            let below = self.nodes[next].count();
            if below > 0 {
                // There are never as many digits as the limit, so they fit.
                left.push(digit as u32);
                starts.push(count);
                under.push(next);
                count = count.checked_add(below).ok_or(NoDiagram::TooLarge)?;
            }
        }
        Ok(Node::Choice {
            count,
            digits: left,
            starts,
            under,
        })
    }

    /// The sets that the past is inside of after one more digit; none when it is wholly in one.
    fn still_inside(&self, level: usize, digit: usize, inside: &[bool]) -> Option<Vec<bool>> {
        let sets = self.absent.iter().zip(inside);
        let still: Vec<bool> = sets
            .map(|(set, inside)| *inside && set.has(level, digit))
            .collect();
        let mut sets = self.absent.iter().zip(&still);
        let wholly = sets.any(|(set, inside)| *inside && set.last == level);
        (!wholly).then_some(still)
    }

    /// Whether the conditions hold whose parameters are all known at this level.
    fn holds(&self, level: usize, digits: &[usize]) -> Result<bool, NoDiagram> {
        for check in self.checks.iter().filter(|check| check.last == level) {
            if !check.holds(self.levels, digits)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
