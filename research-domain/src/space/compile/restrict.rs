//! The compilation of conditions: those on lists only become constraints of the grid, others check
//! each config.

use super::grid_spec::{AxisSpec, GridSpec, SelectionRule, selected};
use crate::config::Config;
use crate::space::condition::Condition;
use crate::space::domain::Domain;
use crate::space::domain::error::{DomainError, excerpt};
use crate::space::plan::constraint::Constraint;
use crate::space::predicate::Predicate;
use crate::suggest;

/// Returns the grids of `domain`, which is `inner` with a predicate, from those of `inner`.
pub(super) fn restrict(
    domain: &Domain,
    inner: &Domain,
    predicate: &Predicate,
    grids: Result<Vec<GridSpec>, DomainError>,
) -> Result<Vec<GridSpec>, DomainError> {
    match predicate {
        Predicate::Condition(condition) => check_names(domain, inner, condition)?,
        Predicate::Function(_) => {}
        Predicate::UnknownFunction => {
            let part = excerpt(domain);
            return Err(DomainError::UnknownFunction { part });
        }
    }
    let restricted = |grid| match predicate {
        Predicate::Condition(condition) => with_condition(grid, condition, excerpt(domain)),
        _ => {
            let rule = SelectionRule::Predicate(predicate.clone());
            Some(selected(grid, rule, excerpt(domain)))
        }
    };
    Ok(grids?.into_iter().filter_map(restricted).collect())
}

fn check_names(domain: &Domain, inner: &Domain, condition: &Condition) -> Result<(), DomainError> {
    let parameters = inner.parameters();
    let known = parameters.iter().map(|key| key.name());
    let is_unknown = |name: &&str| known.clone().all(|known| known != *name);
    match condition.names().into_iter().find(is_unknown) {
        None => Ok(()),
        Some(name) => Err(DomainError::UnknownParameter {
            name: name.to_owned(),
            part: excerpt(domain),
            hint: suggest::hint_in_condition(name, known),
        }),
    }
}

/// Returns the grid with a condition; `None` if no config is left.
fn with_condition(mut grid: GridSpec, condition: &Condition, part: String) -> Option<GridSpec> {
    let mut others = Vec::new();
    for conjunct in condition.conjuncts() {
        match use_of(&grid, &conjunct) {
            Use::Lists => grid.constraints.push(Constraint::Condition(conjunct)),
            Use::Others => others.push(conjunct),
            // The grid has no parameter of the condition, so the condition sees only nulls.
            Use::Nothing => match conjunct.holds(&Config::new()) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => others.push(conjunct),
            },
        }
    }
    if others.is_empty() {
        return Some(grid);
    }
    let others = Predicate::Condition(Condition::all(others));
    Some(selected(grid, SelectionRule::Predicate(others), part))
}

/// The kind of axes that a condition uses.
enum Use {
    Lists,
    /// Axes that are drawn or selected, and maybe lists.
    Others,
    Nothing,
}

fn use_of(grid: &GridSpec, condition: &Condition) -> Use {
    let names = condition.names();
    let is_used = |axis: &&AxisSpec| axis.names().iter().any(|name| names.contains(&&**name));
    let axes: Vec<&AxisSpec> = grid.axes.iter().filter(is_used).collect();
    if axes.is_empty() {
        Use::Nothing
    } else if axes.into_iter().all(AxisSpec::is_list) {
        Use::Lists
    } else {
        Use::Others
    }
}
