//! Conditions: what they say about one list alone is applied to the list.

use std::sync::Arc;

use super::{Compiler, SelectedBy, Shape, Spec, selected};
use crate::condition::{Condition, ConditionError, Test};
use crate::config::Config;
use crate::domain::{Domain, DomainError, part};
use crate::plan::rows::Rows;
use crate::suggest;

impl Compiler {
    pub(super) fn restricted(
        &self,
        domain: &Domain,
        inner: &Domain,
        test: &Test,
    ) -> Result<Vec<Shape>, DomainError> {
        if let Test::Condition(condition) = test {
            check_names(domain, inner, condition)?;
        }
        let shapes = self.shapes(inner)?.into_iter();
        Ok(shapes
            .filter_map(|shape| restrict(shape, test, part(domain)))
            .collect())
    }
}

fn check_names(domain: &Domain, inner: &Domain, condition: &Condition) -> Result<(), DomainError> {
    let parameters = inner.parameters();
    let known = parameters.iter().map(|key| &*key.name);
    match condition
        .names()
        .into_iter()
        .find(|name| known.clone().all(|known| known != *name))
    {
        None => Ok(()),
        Some(name) => Err(DomainError::UnknownParameter {
            name: name.to_owned(),
            part: part(domain),
            hint: suggest::hint(name, known),
        }),
    }
}

/// The cube under the test; none when nothing of it can be left.
fn restrict(mut shape: Shape, test: &Test, part: String) -> Option<Shape> {
    let Test::Condition(condition) = test else {
        return Some(selected(shape, SelectedBy::Test(test.clone()), part));
    };
    let mut left = Vec::new();
    for conjunct in condition.conjuncts() {
        match apply(&mut shape, &conjunct) {
            Applied::Wholly => {}
            Applied::NothingLeft => return None,
            Applied::No => left.push(conjunct),
        }
    }
    if left.is_empty() {
        return Some(shape);
    }
    Some(selected(
        shape,
        SelectedBy::Test(Test::Condition(Condition::all(left))),
        part,
    ))
}

enum Applied {
    Wholly,
    NothingLeft,
    No,
}

/// Applies a condition to the one list that it is about, if it is about one and can be evaluated
/// for every row: where it cannot, another part of the condition may guard it.
fn apply(shape: &mut Shape, condition: &Condition) -> Applied {
    let names = condition.names();
    let about = |axis: &Spec| axis.names().iter().any(|name| names.contains(&&**name));
    let mut axes = shape.axes.iter_mut().filter(|axis| about(axis));
    match (axes.next(), axes.next()) {
        (None, _) => match condition.holds(&Config::new()) {
            Ok(true) => Applied::Wholly,
            Ok(false) => Applied::NothingLeft,
            Err(_) => Applied::No,
        },
        (Some(Spec::Rows { rows, .. }), None) => match kept_rows(rows, condition) {
            Ok(kept) if kept.is_empty() => Applied::NothingLeft,
            Ok(kept) => {
                *rows = Arc::new(rows.only(&kept));
                Applied::Wholly
            }
            Err(_) => Applied::No,
        },
        _ => Applied::No,
    }
}

fn kept_rows(rows: &Rows, condition: &Condition) -> Result<Vec<usize>, ConditionError> {
    let mut kept = Vec::new();
    for row in 0..rows.len() {
        if condition.holds(&rows.config(row))? {
            kept.push(row);
        }
    }
    Ok(kept)
}
