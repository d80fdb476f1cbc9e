//! What of a unit's output is saved, and under which names.

use research_domain::Value;

use super::Context;
use crate::output::Output;
use crate::unit::{Save, UnitError};

pub(super) fn not_a_value(variable: &str) -> UnitError {
    UnitError::new(format!(
        "`{variable}` cannot be saved: it is an object in memory, not a value"
    ))
}

pub(crate) fn save_output(
    save: &Save,
    output: &Output,
    context: &mut Context,
) -> Result<(), UnitError> {
    let value = match (save, output) {
        (Save::Nothing, _) => return Ok(()),
        (_, Output::Value(value)) => value,
        (Save::As(name), Output::Object(_)) => return Err(not_a_value(name)),
        (_, Output::Object(_)) => return Err(not_a_value("the output")),
    };
    match save {
        Save::Nothing => {}
        Save::As(name) => context.save_copy(name, value)?,
        Save::Parts(names) => save_parts(names, value, context)?,
        Save::Map => save_map(value, context)?,
    }
    Ok(())
}

fn save_parts(
    names: &[Option<String>],
    value: &Value,
    context: &mut Context,
) -> Result<(), UnitError> {
    let parts = match value {
        Value::List(parts) if parts.len() == names.len() => parts,
        other => {
            let found = match other {
                Value::List(parts) => format!("{} values", parts.len()),
                other => format!("one value ({})", other.kind()),
            };
            return Err(UnitError::new(format!(
                "`save_to` has {} names and the unit put out {found}",
                names.len()
            )));
        }
    };
    for (name, part) in names.iter().zip(parts) {
        if let Some(name) = name {
            context.save_copy(name, part)?;
        }
    }
    Ok(())
}

fn save_map(value: &Value, context: &mut Context) -> Result<(), UnitError> {
    let Value::Map(entries) = value else {
        return Err(UnitError::new(format!(
            "`save_output_dict` needs a map, and the unit put out a value ({})",
            value.kind()
        )));
    };
    for (name, part) in entries {
        context.save_copy(name, part)?;
    }
    Ok(())
}
