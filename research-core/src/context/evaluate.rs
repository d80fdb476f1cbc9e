//! The values of expressions.

use std::borrow::Cow;

use research_domain::Value;

use super::Context;
use crate::argument::Argument;
use crate::expression::{Expression, ExpressionError, Kind};
use crate::unit_table::output_of;

impl Expression {
    /// Returns its value at this moment.
    ///
    /// # Errors
    /// The config has no such key, the unit has not run yet, or the folder cannot be created.
    pub fn evaluate<'a>(&'a self, context: &'a Context) -> Result<Argument<'a>, ExpressionError> {
        let value = match &self.0 {
            Kind::Config(key) => {
                let value = context.full_config.get(key);
                let value =
                    value.ok_or_else(|| ExpressionError::no_key(&context.full_config, key))?;
                Cow::Borrowed(value)
            }
            Kind::WholeConfig { full } => {
                let config = match full {
                    true => &context.full_config,
                    false => context.config(),
                };
                let value = Value::from_serialize(config);
                Cow::Owned(value.map_err(|error| ExpressionError::wrong(self, error))?)
            }
            Kind::Output { unit, index } => {
                let index = match index.get() {
                    Some(index) => *index,
                    None => {
                        let (position, _) = context.units.find(unit)?;
                        *index.get_or_init(|| position)
                    }
                };
                return output_of(unit, &context.outputs, index);
            }
            Kind::Unit { name } => return unit(context, name),
            Kind::AllBranches => {
                let branches = context.branches.as_ref();
                let branches = branches.ok_or(ExpressionError::NoBranches)?;
                return Ok(Argument::Object(Cow::Borrowed(branches)));
            }
            Kind::Results | Kind::Storage => return research(context, &self.0),
            Kind::Experiment => Cow::Owned(experiment(context, self)?),
            Kind::Path => {
                let path = context.path();
                let path = path.map_err(|error| ExpressionError::Folder(error.to_string()))?;
                Cow::Owned(Value::Text(path.to_string_lossy().into_owned()))
            }
            Kind::Iteration => Cow::Owned(Value::from(context.iteration)),
            Kind::Constant(value) => Cow::Borrowed(value),
        };
        Ok(Argument::Value(value))
    }
}

fn unit<'a>(context: &'a Context, name: &str) -> Result<Argument<'a>, ExpressionError> {
    let (position, unit) = context.units.find(name)?;
    if unit.is_instance {
        return output_of(name, &context.outputs, position);
    }
    let description = [
        ("name".to_owned(), Value::from(name)),
        ("when".to_owned(), Value::from(unit.when.to_string())),
        ("root".to_owned(), Value::from(unit.is_root)),
    ];
    Ok(Argument::Value(Cow::Owned(Value::Map(description.into()))))
}

fn research<'a>(context: &Context, kind: &Kind) -> Result<Argument<'a>, ExpressionError> {
    let view = context.view.as_ref().ok_or_else(|| {
        ExpressionError::Research("this executor stands alone, outside of any research".to_owned())
    })?;
    let experiments = context.experiments_folder.as_deref();
    let object = match kind {
        Kind::Results => view.results(experiments),
        _ => view.storage(experiments),
    };
    object
        .map(|object| Argument::Object(Cow::Owned(object)))
        .map_err(ExpressionError::Research)
}

fn experiment(context: &Context, expression: &Expression) -> Result<Value, ExpressionError> {
    let record = context.record();
    let config = Value::from_serialize(&record.config)
        .map_err(|error| ExpressionError::wrong(expression, error))?;
    let id: &str = record.id.as_ref();
    let parts = [
        ("id", Value::from(id)),
        ("place", Value::from(record.place)),
        ("config", config),
        ("repetition", Value::from(record.repetition)),
        ("updates", Value::from(record.updates)),
        // As many bits as an integer holds, and as programs are given.
        ("seed", Value::from(record.short_seed())),
        ("iteration", Value::from(context.iteration)),
    ];
    let parts = parts.map(|(key, value)| (key.to_owned(), value));
    Ok(Value::Map(parts.into()))
}
