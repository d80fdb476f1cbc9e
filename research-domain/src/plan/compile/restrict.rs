//! Conditions: those about lists alone become a part of the cube, others look at each config.

use super::Compiler;
use super::shape::{SelectedBy, Shape, Spec, selected};
use crate::condition::{Condition, Test};
use crate::config::Config;
use crate::domain::{Domain, DomainError, part};
use crate::plan::limit::Limit;
use crate::suggest;

impl Compiler {
    pub(super) fn restricted(
        &self,
        domain: &Domain,
        inner: &Domain,
        test: &Test,
    ) -> Result<Vec<Shape>, DomainError> {
        match test {
            Test::Condition(condition) => check_names(domain, inner, condition)?,
            Test::Function(_) => {}
            Test::Unknown => return Err(DomainError::UnknownFunction { part: part(domain) }),
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
    let mut others = Vec::new();
    for conjunct in condition.conjuncts() {
        match about(&shape, &conjunct) {
            About::Lists => shape.limits.push(Limit::Condition(conjunct)),
            About::Others => others.push(conjunct),
            // No parameter of the cube is in it, so all that are in it are null.
            About::Nothing => match conjunct.holds(&Config::new()) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => others.push(conjunct),
            },
        }
    }
    if others.is_empty() {
        return Some(shape);
    }
    let others = Test::Condition(Condition::all(others));
    Some(selected(shape, SelectedBy::Test(others), part))
}

/// Which axes of a cube a condition looks at.
enum About {
    Lists,
    /// Also at what is drawn or selected.
    Others,
    Nothing,
}

fn about(shape: &Shape, condition: &Condition) -> About {
    let names = condition.names();
    let looked_at = |axis: &&Spec| axis.names().iter().any(|name| names.contains(&&**name));
    let axes: Vec<&Spec> = shape.axes.iter().filter(looked_at).collect();
    if axes.is_empty() {
        About::Nothing
    } else if axes.iter().all(|axis| matches!(axis, Spec::Rows { .. })) {
        About::Lists
    } else {
        About::Others
    }
}
