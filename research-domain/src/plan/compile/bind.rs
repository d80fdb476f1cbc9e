//! Cubes with their streams of random numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::Compiler;
use super::shape::{Origin, Selected, SelectedBy, Shape, Spec};
use crate::count::Count;
use crate::domain::DomainError;
use crate::plan::Plan;
use crate::plan::block::{Block, Weighted};
use crate::plan::cube::{Axis, Cube, Drawn};
use crate::plan::limit::Limit;
use crate::plan::permutation::Permutation;
use crate::plan::selection::{Rule, Selection};
use crate::stream::Streams;

/// Selections that are bound already: a factor of several cubes is the same in each.
pub(super) type Bound = HashMap<(*const Selected, Origin), Arc<Selection>>;

impl Compiler {
    /// Gives every sampler its streams, and puts cubes with weights together into blocks.
    pub(super) fn bind(
        &self,
        shapes: &[Shape],
        outer: Origin,
        bound: &mut Bound,
        part: String,
    ) -> Result<Plan, DomainError> {
        let mut blocks = Vec::new();
        for run in shapes.chunk_by(|a, b| a.weight.is_some() && b.weight.is_some()) {
            let cubes = run
                .iter()
                .map(|shape| self.cube(shape, outer, bound, &part));
            let mut cubes: Vec<Cube> = cubes.collect::<Result<_, _>>()?;
            let weights: Option<Vec<f64>> = run.iter().map(|shape| shape.weight).collect();
            blocks.push(match weights {
                Some(weights) => {
                    let origin = outer.inside(run[0].origin).term(blocks.len());
                    let streams = self.streams(b"block", origin, "");
                    Block::Weighted(Weighted::new(cubes, weights, streams, &part)?)
                }
                None => Block::Single(cubes.swap_remove(0)),
            });
        }
        Plan::from_blocks(blocks, part)
    }

    pub(super) fn cube(
        &self,
        shape: &Shape,
        outer: Origin,
        bound: &mut Bound,
        part: &str,
    ) -> Result<Cube, DomainError> {
        let mut axes = Vec::with_capacity(shape.axes.len());
        for axis in &shape.axes {
            axes.push(match axis {
                Spec::Rows { rows, zipped } => Axis::Rows {
                    rows: Arc::clone(rows),
                    zipped: *zipped,
                },
                Spec::Drawn(drawn) => {
                    let (key, sampler) = (**drawn).clone();
                    let streams = self.streams(b"draw", outer.inside(shape.origin), &key.name);
                    Axis::Drawn(Box::new(Drawn {
                        key,
                        sampler,
                        streams,
                    }))
                }
                Spec::Selected { content, origin } => {
                    let origin = outer.inside(*origin);
                    let place = (Arc::as_ptr(content), origin);
                    let selection = match bound.get(&place) {
                        Some(selection) => Arc::clone(selection),
                        None => Arc::new(self.selection(content, origin, bound)?),
                    };
                    bound.insert(place, Arc::clone(&selection));
                    match selection.known_len() {
                        Some(Count::Infinite) => Axis::Endless(selection),
                        _ => Axis::Selected(selection),
                    }
                }
            });
        }
        let cube = Cube::new(axes, part)?;
        if shape.limits.is_empty() {
            return Ok(cube);
        }
        match cube.constrain(&shape.limits, part)? {
            Ok(cube) => Ok(cube),
            Err(cube) => look_at_each(cube, &shape.limits, part),
        }
    }

    pub(super) fn selection(
        &self,
        content: &Selected,
        origin: Origin,
        bound: &mut Bound,
    ) -> Result<Selection, DomainError> {
        let plan = self.bind(&content.shapes, origin, bound, content.part.clone())?;
        let rule = match &content.rule {
            SelectedBy::Test(test) => Rule::Test(test.clone()),
            SelectedBy::New => Rule::New,
            SelectedBy::Absent(others) => Rule::Absent(Arc::clone(others)),
            SelectedBy::Sample(count) => match plan.len()? {
                Count::Infinite => Rule::First {
                    len: u128::from(*count),
                },
                Count::Finite(all) => {
                    let streams = self.streams(b"sample", origin, "");
                    let len = all.min(u128::from(*count));
                    Rule::Shuffled {
                        order: Permutation::new(all, &streams),
                        len,
                    }
                }
            },
        };
        Ok(Selection::new(plan, rule))
    }

    pub(super) fn streams(&self, purpose: &[u8], origin: Origin, name: &str) -> Streams {
        let (origin, updates) = (origin.to_bytes(), self.updates.to_le_bytes());
        Streams::new(self.seed, &[purpose, &origin, &updates, name.as_bytes()])
    }
}

/// A cube whose limits need a look at each config: they fail for some values, or tie too many
/// parameters together.
fn look_at_each(cube: Cube, limits: &[Limit], part: &str) -> Result<Cube, DomainError> {
    let plan = Plan::from_blocks(vec![Block::Single(cube)], part.to_owned())?;
    let selection = Selection::new(plan, Rule::Limits(limits.to_vec()));
    Cube::new(vec![Axis::Selected(Arc::new(selection))], part)
}
