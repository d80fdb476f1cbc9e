//! The values of expressions.

use std::borrow::Cow;

use research_domain::Value;

use super::Context;
use crate::argument::Argument;
use crate::expression::{Expression, ExpressionError, Kind, Operation};
use crate::unit_table::output_of;

impl Expression {
    /// Returns the current value of the expression.
    ///
    /// # Errors
    /// The unit is unknown, the folder cannot be created, or an operation has no result. A missing
    /// config item or output is an [`Argument::Missing`].
    pub fn evaluate<'a>(&'a self, context: &'a Context) -> Result<Argument<'a>, ExpressionError> {
        let value = match &self.0 {
            Kind::Config(key) => return Ok(Argument::of_item(&context.full_config, key)),
            Kind::Output { unit, index } => {
                let index = match index.get() {
                    Some(index) => *index,
                    None => {
                        let (position, _) = context.units.find(unit)?;
                        *index.get_or_init(|| position)
                    }
                };
                return Ok(output_of(unit, &context.outputs, index));
            }
            Kind::Constant(value) => Cow::Borrowed(value),
            Kind::Iteration => Cow::Owned(Value::from(context.iteration)),
            Kind::Optional(inner) => return inner.evaluate(context),
            Kind::Apply(operation, operands) => {
                return apply(self, operation, operands, context);
            }
            Kind::Call(inner, function) => {
                let output = match inner.evaluate(context)? {
                    Argument::Missing(error) if !matches!(inner.0, Kind::Optional(_)) => {
                        return Ok(Argument::Missing(error));
                    }
                    argument => function.call(argument, inner)?,
                };
                return Ok(output.into());
            }
            Kind::WholeConfig { full } => {
                let config = match full {
                    true => &context.full_config,
                    false => context.config(),
                };
                let value = Value::from_serialize(config);
                Cow::Owned(value.map_err(|error| ExpressionError::wrong(self, error))?)
            }
            Kind::Unit { name } => return unit(context, name),
            Kind::AllBranches => {
                let branches = context.branches.as_ref();
                let branches = branches.ok_or(ExpressionError::NoBranches)?;
                return Ok(Argument::Object(Cow::Borrowed(branches)));
            }
            Kind::Results | Kind::Storage => return research(context, &self.0),
            Kind::Experiment => Cow::Owned(experiment(context, self)?),
            Kind::Saved { variable, last } => return saved(context, variable, *last),
            Kind::Path => {
                let path = context.path();
                let path = path.map_err(|error| ExpressionError::Folder(error.to_string()))?;
                Cow::Owned(Value::Text(path.to_string_lossy().into_owned()))
            }
        };
        Ok(Argument::Value(value))
    }
}

/// Returns the result of an operation; missing, if one of its operands is.
fn apply<'a>(
    expression: &'a Expression,
    operation: &Operation,
    operands: &'a [Expression],
    context: &'a Context,
) -> Result<Argument<'a>, ExpressionError> {
    let failed = |reason| ExpressionError::Operation {
        expression: expression.to_string(),
        reason,
    };
    let mut values = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand.evaluate(context)? {
            Argument::Value(value) => values.push(value),
            Argument::Missing(error) => return Ok(Argument::Missing(error)),
            Argument::Object(_) => {
                let reason = format!("{operand} is an object in memory; use `map`");
                return Err(failed(reason));
            }
        }
    }
    let result = operation.apply(values);
    result.map(Argument::Value).map_err(failed)
}

fn saved<'a>(
    context: &Context,
    variable: &str,
    last: bool,
) -> Result<Argument<'a>, ExpressionError> {
    let not_kept = |reason: String| ExpressionError::NotKept {
        variable: variable.to_owned(),
        reason,
    };
    if context.is_in_shared_root() {
        let reason = "a root unit runs for several experiments, which have saved their own";
        return Err(not_kept(reason.to_owned()));
    }
    let value = match last {
        true => context.saved.last(variable).map_err(not_kept)?,
        false => Some(Value::List(context.saved.all(variable).map_err(not_kept)?)),
    };
    Ok(match value {
        Some(value) => Argument::Value(Cow::Owned(value)),
        None => Argument::Missing(ExpressionError::NotSaved {
            variable: variable.to_owned(),
        }),
    })
}

fn unit<'a>(context: &'a Context, name: &str) -> Result<Argument<'a>, ExpressionError> {
    let (position, unit) = context.units.find(name)?;
    if unit.is_instance {
        return Ok(output_of(name, &context.outputs, position));
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
    let config = |config| {
        Value::from_serialize(config).map_err(|error| ExpressionError::wrong(expression, error))
    };
    let id: &str = record.id.as_ref();
    let parts = [
        ("id", Value::from(id)),
        ("place", Value::from(record.place)),
        ("config", config(&record.config)?),
        ("repetition", Value::from(record.repetition)),
        ("updates", Value::from(record.updates)),
        // 32 bits: they fit into an integer, and programs receive the same seed.
        ("seed", Value::from(record.short_seed())),
        ("iteration", Value::from(context.iteration)),
        ("is_last", Value::from(context.is_last())),
        ("branch", Value::from(context.branch())),
        ("branch_config", config(context.branch_config())?),
        ("worker_config", config(context.worker_config())?),
    ];
    let parts = parts.map(|(key, value)| (key.to_owned(), value));
    Ok(Value::Map(parts.into()))
}
