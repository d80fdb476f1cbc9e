//! Cubes with their streams of random numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::Compiler;
use super::scope::Scope;
use super::shape::{Origin, Selected, SelectedBy, Shape, Spec};
use crate::count::Count;
use crate::domain::DomainError;
use crate::plan::Plan;
use crate::plan::block::{Block, Weighted};
use crate::plan::cube::{Axis, Cube, Drawn};
use crate::plan::limit::Limit;
use crate::plan::occurrence::Member;
use crate::plan::permutation::Permutation;
use crate::plan::selection::{Rule, Selection};
use crate::stream::Streams;

/// Selections that are bound already: a factor of several cubes is the same in each. One that is
/// a whole cube is kept apart, because it counts occurrences with the cubes around it.
pub(super) type Bound = HashMap<(*const Selected, Origin, bool), Arc<Selection>>;

impl Compiler {
    /// Gives every sampler its streams, and puts cubes with weights together into blocks.
    pub(super) fn bind(
        &self,
        shapes: &[Shape],
        scope: &Scope,
        bound: &mut Bound,
        part: String,
    ) -> Result<Plan, DomainError> {
        let mut blocks = Vec::new();
        for run in shapes.chunk_by(|a, b| a.weight.is_some() && b.weight.is_some()) {
            let cubes = run
                .iter()
                .map(|shape| self.cube(shape, scope, bound, &part));
            let mut cubes: Vec<Cube> = cubes.collect::<Result<_, _>>()?;
            let weights: Option<Vec<f64>> = run.iter().map(|shape| shape.weight).collect();
            blocks.push(match weights {
                Some(weights) => {
                    let origin = scope.origin.inside(run[0].origin).term(blocks.len());
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
        scope: &Scope,
        bound: &mut Bound,
        part: &str,
    ) -> Result<Cube, DomainError> {
        let member = scope.member(shape);
        let mut axes = Vec::with_capacity(shape.axes.len());
        for axis in &shape.axes {
            axes.push(match axis {
                Spec::Rows { rows, zipped } => Axis::Rows {
                    rows: Arc::clone(rows),
                    zipped: *zipped,
                },
                Spec::Drawn(drawn) => {
                    let (key, sampler) = (**drawn).clone();
                    let streams = match &member {
                        Some(member) => self.streams_of_group(member, scope.begin, &key.name),
                        None => {
                            let origin = scope.origin.inside(shape.origin);
                            self.streams(b"draw", origin, &key.name)
                        }
                    };
                    Axis::Drawn(Box::new(Drawn {
                        key,
                        sampler,
                        streams,
                    }))
                }
                Spec::Selected { content, origin } => {
                    let origin = scope.origin.inside(*origin);
                    let is_lone = shape.lone_content().is_some();
                    let place = (Arc::as_ptr(content), origin, is_lone);
                    let selection = match bound.get(&place) {
                        Some(selection) => Arc::clone(selection),
                        None => {
                            let inner = match is_lone {
                                true => scope.at(origin),
                                false => scope.of_content(content, origin),
                            };
                            Arc::new(self.selection(content, &inner, bound)?)
                        }
                    };
                    bound.insert(place, Arc::clone(&selection));
                    match selection.known_len() {
                        Some(Count::Infinite) => Axis::Endless(selection),
                        _ => Axis::Selected(selection),
                    }
                }
            });
        }
        let cube = Cube::new(axes, part)?.addressed_by(member);
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
        scope: &Scope,
        bound: &mut Bound,
    ) -> Result<Selection, DomainError> {
        let plan = self.bind(&content.shapes, scope, bound, content.part.clone())?;
        let rule = match &content.rule {
            SelectedBy::Test(test) => Rule::Test(test.clone()),
            SelectedBy::New => Rule::New,
            SelectedBy::Absent(others) => Rule::Absent(Arc::clone(others)),
            SelectedBy::Sample(count) => match plan.len()? {
                Count::Infinite => Rule::First {
                    len: u128::from(*count),
                },
                Count::Finite(all) => {
                    let streams = self.streams(b"sample", scope.origin, "");
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
        let (origin, updates) = (origin.to_bytes(), self.seeding.updates.to_le_bytes());
        Streams::new(
            self.seeding.seed,
            &[purpose, &origin, &updates, name.as_bytes()],
        )
    }

    /// The streams of a parameter of a group of cubes: values address draws among them, so the
    /// place of a cube in the domain plays no part.
    fn streams_of_group(&self, member: &Member, begin: Origin, name: &str) -> Streams {
        let (begin, updates) = (begin.to_bytes(), self.seeding.updates.to_le_bytes());
        let signature = member.signature().to_le_bytes();
        Streams::new(
            self.seeding.seed,
            &[
                b"draw by values",
                &begin,
                &updates,
                name.as_bytes(),
                &signature,
            ],
        )
    }
}

/// A cube whose limits need a look at each config: they fail for some values, or tie too many
/// parameters together.
fn look_at_each(cube: Cube, limits: &[Limit], part: &str) -> Result<Cube, DomainError> {
    let plan = Plan::from_blocks(vec![Block::Single(cube)], part.to_owned())?;
    let selection = Selection::new(plan, Rule::Limits(limits.to_vec()));
    Cube::new(vec![Axis::Selected(Arc::new(selection))], part)
}
