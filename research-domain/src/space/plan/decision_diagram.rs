//! A decision diagram of a grid of lists: counts the configs that constraints allow without a scan.
//!
//! The diagram has a level for each axis, and at each level a node for every set of earlier digits
//! that later constraints can distinguish. A node holds the number of configs below each of its
//! digits, so counting reads a number and decoding descends from the root. For `a < b` and a
//! hundred other parameters there are as many nodes as `a` has values, plus one for each other
//! level.

use std::collections::HashMap;
use std::sync::Arc;

use super::constraint::Constraint;
use super::membership::GridSet;
use super::rows::Rows;
use crate::space::condition::Condition;
use crate::value::Value;

/// The digits of a grid that its constraints allow.
#[derive(Debug)]
pub(super) struct DecisionDiagram {
    /// The nodes; each comes after those below it, so the last one is the root.
    nodes: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    /// Below the last level.
    End,
    /// A level without constraints: all digits have the same node below.
    Free { count: u128, below: usize },
    /// A level with constraints: the allowed digits, the first number and the node below each.
    Choice {
        count: u128,
        digits: Vec<u32>,
        starts: Vec<u128>,
        below: Vec<usize>,
    },
}

/// The reason why no diagram can be built.
#[derive(Debug)]
pub(super) enum NoDiagram {
    /// A condition fails for some values, or combines so many parameters that the diagram would be
    /// as large as the grid: each config must be checked by itself.
    NeedsScan,
    /// The number of configs does not fit into 128 bits.
    TooLarge,
}

/// One axis of a grid, in the order of its digits.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) radix: u128,
    /// The rows, if the axis is a list.
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

impl DecisionDiagram {
    /// The maximum number of digits that are tried: about 20 MB of nodes.
    const MAX_TRIES: usize = 1_000_000;
    /// The number of possible digits from which on no diagram is tried: it would only fit if the
    /// conditions allowed less than one in a hundred.
    const MAX_DIGITS: u128 = 100_000_000;

    pub(super) fn new(
        levels: &[Level],
        constraints: &[Constraint],
    ) -> Result<DecisionDiagram, NoDiagram> {
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
        for constraint in constraints {
            match constraint {
                Constraint::Condition(condition) => {
                    builder.checks.push(Check::new(condition, levels));
                }
                Constraint::Absent(set) => builder.absent.push(Absent::new(set, &lists)?),
            }
        }
        builder.live = (0..=levels.len())
            .map(|level| builder.live_at(level))
            .collect();
        if builder.most_digits() > DecisionDiagram::MAX_DIGITS {
            return Err(NoDiagram::NeedsScan);
        }
        let inside = vec![true; builder.absent.len()];
        builder.node(0, &mut vec![0; levels.len()], inside)?;
        Ok(DecisionDiagram {
            nodes: builder.nodes,
        })
    }

    pub(super) fn count(&self) -> u128 {
        self.nodes.last().map_or(0, Node::count)
    }

    /// Decodes a number below the count.
    pub(super) fn decode(&self, mut number: u128, digits: &mut [u128]) {
        let mut node = self.nodes.len() - 1;
        for digit in digits {
            match &self.nodes[node] {
                Node::End => return,
                Node::Free { below, .. } => {
                    let each = self.nodes[*below].count();
                    *digit = number / each;
                    number %= each;
                    node = *below;
                }
                Node::Choice {
                    digits: allowed,
                    starts,
                    below,
                    ..
                } => {
                    let index = starts.partition_point(|start| *start <= number) - 1;
                    *digit = u128::from(allowed[index]);
                    number -= starts[index];
                    node = below[index];
                }
            }
        }
    }
}

/// A condition, with the locations of its parameters.
struct Check<'a> {
    condition: &'a Condition,
    /// Name, level, and column in the level's rows.
    names: Vec<(&'a str, usize, usize)>,
    /// The level at which all of its parameters are known.
    last: usize,
}

impl<'a> Check<'a> {
    fn new(condition: &'a Condition, levels: &[Level]) -> Check<'a> {
        let locate = |name: &'a str| {
            levels.iter().enumerate().find_map(|(level, axis)| {
                let column = axis
                    .rows
                    .as_ref()?
                    .names()
                    .position(|known| **known == *name)?;
                Some((name, level, column))
            })
        };
        let names: Vec<_> = condition.names().into_iter().filter_map(locate).collect();
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
            .map_err(|_| NoDiagram::NeedsScan)
    }
}

/// A set that must not contain the config.
struct Absent {
    /// Whether each row is in the set, for each level of which the set has parameters.
    inside: Vec<Option<Vec<bool>>>,
    /// The last of these levels.
    last: usize,
}

impl Absent {
    fn new(set: &GridSet, lists: &[Option<Arc<Rows>>]) -> Result<Absent, NoDiagram> {
        let inside = set.rows_inside(lists).ok_or(NoDiagram::NeedsScan)?;
        let last = inside.iter().rposition(Option::is_some);
        let last = last.ok_or(NoDiagram::NeedsScan)?;
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
    /// For each level, the earlier ones that a condition at it or after it uses.
    live: Vec<Vec<usize>>,
    /// The nodes by level, by the digits of the live levels, and by the sets that contain all
    /// earlier digits.
    known: HashMap<(usize, Vec<usize>, Vec<bool>), usize>,
    nodes: Vec<Node>,
    tried: usize,
}

impl Builder<'_> {
    fn live_at(&self, level: usize) -> Vec<usize> {
        let is_used = |earlier: &usize| {
            self.checks.iter().any(|check| {
                check.last >= level && check.names.iter().any(|(_, at, _)| at == earlier)
            })
        };
        (0..level).filter(is_used).collect()
    }

    /// Returns the number of digits to try if constraints allow all of them.
    fn most_digits(&self) -> u128 {
        let radix = |level: usize| self.levels[level].radix;
        let everywhere = vec![true; self.absent.len()];
        let choices = (0..self.levels.len()).filter(|level| !self.is_free(*level, &everywhere));
        let digits = choices.map(|level| {
            let earlier = self.live[level].iter().map(|at| radix(*at));
            earlier.fold(radix(level), u128::saturating_mul)
        });
        digits.fold(0, u128::saturating_add)
    }

    /// Returns whether no constraint uses the level, if these sets contain all earlier digits.
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
        let earlier = self.live[level].iter().map(|at| digits[*at]).collect();
        let key = (level, earlier, inside);
        if let Some(node) = self.known.get(&key) {
            return Ok(*node);
        }
        let node = if level == self.levels.len() {
            Node::End
        } else if self.is_free(level, &key.2) {
            let below = self.node(level + 1, digits, key.2.clone())?;
            let each = self.nodes[below].count();
            let count = each.checked_mul(self.levels[level].radix);
            Node::Free {
                count: count.ok_or(NoDiagram::TooLarge)?,
                below,
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
        let (mut allowed, mut starts, mut below) = (Vec::new(), Vec::new(), Vec::new());
        let mut count = 0u128;
        let len = self.levels[level]
            .rows
            .as_ref()
            .map_or(0, |rows| rows.len());
        for digit in 0..len {
            self.tried += 1;
            if self.tried > DecisionDiagram::MAX_TRIES {
                return Err(NoDiagram::NeedsScan);
            }
            digits[level] = digit;
            let Some(inside) = self.still_inside(level, digit, inside) else {
                continue;
            };
            if !self.holds(level, digits)? {
                continue;
            }
            let next = self.node(level + 1, digits, inside)?;
            let each = self.nodes[next].count();
            if each > 0 {
                // There are fewer digits than the limit, so they fit.
                allowed.push(digit as u32);
                starts.push(count);
                below.push(next);
                count = count.checked_add(each).ok_or(NoDiagram::TooLarge)?;
            }
        }
        Ok(Node::Choice {
            count,
            digits: allowed,
            starts,
            below,
        })
    }

    /// Returns the sets that contain all digits after one more; `None` if a set contains the whole
    /// config.
    fn still_inside(&self, level: usize, digit: usize, inside: &[bool]) -> Option<Vec<bool>> {
        let sets = self.absent.iter().zip(inside);
        let still: Vec<bool> = sets
            .map(|(set, inside)| *inside && set.has(level, digit))
            .collect();
        let mut sets = self.absent.iter().zip(&still);
        let is_absent = sets.any(|(set, inside)| *inside && set.last == level);
        (!is_absent).then_some(still)
    }

    /// Returns whether the conditions hold whose last parameter is at this level.
    fn holds(&self, level: usize, digits: &[usize]) -> Result<bool, NoDiagram> {
        for check in self.checks.iter().filter(|check| check.last == level) {
            if !check.holds(self.levels, digits)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
