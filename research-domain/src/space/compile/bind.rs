//! The binding of grids to streams of random numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::grid_spec::{AxisSpec, GridSpec, Origin, SelectionId, SelectionRule, SelectionSpec};
use super::groups::Scope;
use crate::count::Count;
use crate::random::Streams;
use crate::space::domain::error::DomainError;
use crate::space::plan::constraint::Constraint;
use crate::space::plan::grid::{Axis, Drawn, Grid};
use crate::space::plan::occurrence::Member;
use crate::space::plan::permutation::Permutation;
use crate::space::plan::selection::{Rule, Selection};
use crate::space::plan::{Block, Plan, Seeding, Weighted};

/// Returns the plan of a domain that is not nested in another one.
pub(super) fn bind_all(
    grids: &[GridSpec],
    seeding: Seeding,
    part: String,
) -> Result<Plan, DomainError> {
    let mut binder = Binder {
        seeding,
        bound: HashMap::new(),
    };
    binder.plan(grids, &Scope::new(seeding.rules, grids), part)
}

struct Binder {
    seeding: Seeding,
    /// The selections that are already bound: a factor of several grids is the same in each. A
    /// selection that is a whole grid has a key of its own, because it counts occurrences together
    /// with the grids around it.
    bound: HashMap<(SelectionId, Origin, bool), Arc<Selection>>,
}

impl Binder {
    /// Binds grids, and joins adjacent ones with weights into blocks.
    fn plan(
        &mut self,
        grids: &[GridSpec],
        scope: &Scope,
        part: String,
    ) -> Result<Plan, DomainError> {
        let mut bound = Vec::with_capacity(grids.len());
        for (index, grid) in grids.iter().enumerate() {
            bound.push(self.grid(grid, index, scope, &part)?);
        }
        let mut bound = bound.into_iter();
        let mut blocks = Vec::new();
        for run in grids.chunk_by(|a, b| a.weight.is_some() && b.weight.is_some()) {
            let grids: Vec<Grid> = bound.by_ref().take(run.len()).collect();
            let weights: Option<Vec<f64>> = run.iter().map(|grid| grid.weight).collect();
            match weights {
                Some(weights) => {
                    let origin = scope.origin.inside(run[0].origin).term(blocks.len());
                    let streams = self.streams(b"block", origin, "");
                    let block = Weighted::new(grids, weights, streams, &part)?;
                    blocks.push(Block::Weighted(block));
                }
                // A run without weights is a single grid.
                None => blocks.extend(grids.into_iter().map(Block::Single)),
            }
        }
        Plan::new(blocks, part)
    }

    fn grid(
        &mut self,
        grid: &GridSpec,
        index: usize,
        scope: &Scope,
        part: &str,
    ) -> Result<Grid, DomainError> {
        let member = scope.member(index);
        let mut axes = Vec::with_capacity(grid.axes.len());
        for axis in &grid.axes {
            axes.push(match axis {
                AxisSpec::Rows { rows, zipped } => Axis::Rows {
                    rows: Arc::clone(rows),
                    zipped: *zipped,
                },
                AxisSpec::Drawn(drawn) => {
                    let name = &drawn.key.name;
                    let streams = match &member {
                        Some(member) => self.group_streams(member, scope.begin, name),
                        None => self.streams(b"draw", scope.origin.inside(grid.origin), name),
                    };
                    Axis::Drawn(Box::new(Drawn {
                        key: drawn.key.clone(),
                        distribution: drawn.distribution.clone(),
                        streams,
                    }))
                }
                AxisSpec::Selected { content, origin } => {
                    let origin = scope.origin.inside(*origin);
                    let is_whole_grid = grid.lone_selection().is_some();
                    let selection = self.selection(content, origin, is_whole_grid, scope)?;
                    match selection.known_len() {
                        Some(Count::Infinite) => Axis::Endless(selection),
                        _ => Axis::Selected(selection),
                    }
                }
            });
        }
        let bound = Grid::new(axes, member, part)?;
        if grid.constraints.is_empty() {
            return Ok(bound);
        }
        match bound.constrain(&grid.constraints, part)? {
            Ok(bound) => Ok(bound),
            Err(bound) => scanned(bound, &grid.constraints, part),
        }
    }

    fn selection(
        &mut self,
        content: &SelectionSpec,
        origin: Origin,
        is_whole_grid: bool,
        scope: &Scope,
    ) -> Result<Arc<Selection>, DomainError> {
        let key = (content.id, origin, is_whole_grid);
        if let Some(selection) = self.bound.get(&key) {
            return Ok(Arc::clone(selection));
        }
        let scope = match is_whole_grid {
            true => scope.whole_grid(content, origin),
            false => scope.factor(content, origin),
        };
        let plan = self.plan(&content.grids, &scope, content.part.clone())?;
        let rule = match &content.rule {
            SelectionRule::Predicate(predicate) => Rule::Predicate(predicate.clone()),
            SelectionRule::New => Rule::New,
            SelectionRule::Absent(others) => Rule::Absent(Arc::clone(others)),
            SelectionRule::Sample(count) => match plan.len()? {
                Count::Infinite => Rule::First {
                    len: u128::from(*count),
                },
                Count::Finite(all) => Rule::Shuffled {
                    order: Permutation::new(all, &self.streams(b"sample", origin, "")),
                    len: all.min(u128::from(*count)),
                },
            },
        };
        let selection = Arc::new(Selection::new(plan, rule));
        self.bound.insert(key, Arc::clone(&selection));
        Ok(selection)
    }

    fn streams(&self, purpose: &[u8], origin: Origin, name: &str) -> Streams {
        let (origin, updates) = (origin.to_bytes(), self.seeding.updates.to_le_bytes());
        let address = [purpose, &origin, &updates, name.as_bytes()];
        Streams::new(self.seeding.seed, &address)
    }

    /// Returns the streams of a parameter of a group of grids. Values address draws among them, so
    /// the location of a grid in the domain does not matter.
    fn group_streams(&self, member: &Member, begin: Origin, name: &str) -> Streams {
        let (begin, updates) = (begin.to_bytes(), self.seeding.updates.to_le_bytes());
        let signature = member.signature().to_le_bytes();
        let address: [&[u8]; 5] = [
            b"draw by values",
            &begin,
            &updates,
            name.as_bytes(),
            &signature,
        ];
        Streams::new(self.seeding.seed, &address)
    }
}

/// Returns a grid that checks its constraints for each config, because they fail for some values,
/// or combine too many parameters.
fn scanned(grid: Grid, constraints: &[Constraint], part: &str) -> Result<Grid, DomainError> {
    let plan = Plan::new(vec![Block::Single(grid)], part.to_owned())?;
    let selection = Selection::new(plan, Rule::Constraints(constraints.to_vec()));
    Grid::new(vec![Axis::Selected(Arc::new(selection))], None, part)
}
