//! The units of an experiment, as other units see them.

use std::sync::Arc;

use crate::argument::Argument;
use crate::expression::{ExpressionError, nearest};
use crate::output::Output;
use crate::when::When;

/// The units of an experiment, in order. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct UnitTable(Arc<[UnitEntry]>);

/// One unit.
#[derive(Debug)]
pub(crate) struct UnitEntry {
    pub(crate) name: String,
    pub(crate) when: When,
    pub(crate) is_root: bool,
    pub(crate) is_instance: bool,
}

impl UnitTable {
    pub(crate) fn new(units: impl Iterator<Item = UnitEntry>) -> Self {
        Self(units.collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|unit| unit.name.as_str())
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names().position(|unit| unit == name)
    }

    /// Returns the unit with this name, and its index.
    pub(crate) fn find(&self, name: &str) -> Result<(usize, &UnitEntry), ExpressionError> {
        let position = self.position(name);
        let position = position.ok_or_else(|| ExpressionError::NoUnit {
            unit: name.to_owned(),
            hint: nearest(name, self.names()),
        })?;
        Ok((position, &self.0[position]))
    }
}

/// Returns the output of a unit as an argument of another one.
pub(crate) fn output_of<'a>(
    unit: &str,
    outputs: &'a [Option<Output>],
    position: usize,
) -> Argument<'a> {
    let output = outputs.get(position).and_then(Option::as_ref);
    output.map_or_else(
        || {
            let unit = unit.to_owned();
            Argument::Missing(ExpressionError::NotRun { unit })
        },
        Argument::of,
    )
}
