//! Evaluation of conditions.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Comparison, Condition, Term};
use crate::config::Config;
use crate::value::Value;

/// The reason why a condition cannot be evaluated for a config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum ConditionError {
    /// Values without an order.
    #[error("`{part}` compares {left} with {right}; only numbers, or only strings, have an order")]
    NoOrder {
        part: String,
        left: String,
        right: String,
    },
    /// Arithmetic of a value that is not a number.
    #[error("`{part}` needs numbers, found {found}")]
    NotANumber { part: String, found: String },
    /// A function of the program that created the domain.
    #[error(
        "it is a function of the program that created the domain, which an expression cannot hold"
    )]
    UnknownFunction,
    /// A value other than a list or a string to the right of `in`.
    #[error("`{part}` searches {found}; write a list to the right of `in`")]
    NotAList { part: String, found: String },
    /// A value that is neither a boolean nor null where a boolean is needed.
    #[error("`{part}` is {found}, not true or false; compare it with a value")]
    NotABoolean { part: String, found: String },
}

type Lookup<'a, 'f> = &'f dyn Fn(&str) -> Option<&'a Value>;

impl Condition {
    /// Returns whether the condition is true for the config; `null` counts as false.
    ///
    /// # Errors
    /// Comparisons and arithmetic of values with unsuitable types.
    pub fn holds(&self, config: &Config) -> Result<bool, ConditionError> {
        self.holds_for(&|name| config.get(name))
    }

    /// Returns whether the condition is true for the values that `value` returns by name.
    pub(crate) fn holds_for<'a>(
        &'a self,
        value: &dyn Fn(&str) -> Option<&'a Value>,
    ) -> Result<bool, ConditionError> {
        truth(&self.term, value)
    }
}

/// Evaluates a term to a boolean; null counts as false.
fn truth<'a>(term: &'a Term, value: Lookup<'a, '_>) -> Result<bool, ConditionError> {
    match term {
        Term::And(terms) => {
            for term in terms {
                if !truth(term, value)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Term::Or(terms) => {
            for term in terms {
                if truth(term, value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Term::Not(term) => Ok(!truth(term, value)?),
        Term::Compare(comparison, sides) => {
            let [left, right] = evaluate_both(sides, value)?;
            compare(term, *comparison, &left, &right)
        }
        Term::In { sides, negated } => {
            let [item, list] = evaluate_both(sides, value)?;
            Ok(contains(term, &item, &list)? != *negated)
        }
        _ => match &*evaluate(term, value)? {
            Value::Bool(truth) => Ok(*truth),
            Value::Null => Ok(false),
            other => Err(ConditionError::NotABoolean {
                part: term.to_string(),
                found: described(other),
            }),
        },
    }
}

fn evaluate<'a>(term: &'a Term, value: Lookup<'a, '_>) -> Result<Cow<'a, Value>, ConditionError> {
    const NULL: &Value = &Value::Null;
    Ok(match term {
        Term::Literal(literal) => Cow::Borrowed(literal),
        Term::Name(name) => Cow::Borrowed(value(name).unwrap_or(NULL)),
        Term::List(terms) => {
            let items = terms
                .iter()
                .map(|term| Ok(evaluate(term, value)?.into_owned()));
            Cow::Owned(Value::List(items.collect::<Result<_, ConditionError>>()?))
        }
        Term::Unary(function, argument) => {
            let argument = evaluate(argument, value)?;
            if argument.is_null() {
                return Ok(Cow::Borrowed(NULL));
            }
            let result = function.apply(&argument);
            Cow::Owned(result.ok_or_else(|| not_a_number(term, &[&argument]))?)
        }
        Term::Binary(operator, sides) => {
            let [left, right] = evaluate_both(sides, value)?;
            if left.is_null() || right.is_null() {
                return Ok(Cow::Borrowed(NULL));
            }
            let result = operator.apply(&left, &right);
            Cow::Owned(result.ok_or_else(|| not_a_number(term, &[&left, &right]))?)
        }
        Term::Compare(..) | Term::In { .. } | Term::Not(_) | Term::And(_) | Term::Or(_) => {
            Cow::Owned(Value::Bool(truth(term, value)?))
        }
    })
}

fn evaluate_both<'a>(
    [left, right]: &'a [Term; 2],
    value: Lookup<'a, '_>,
) -> Result<[Cow<'a, Value>; 2], ConditionError> {
    Ok([evaluate(left, value)?, evaluate(right, value)?])
}

fn compare(
    term: &Term,
    comparison: Comparison,
    left: &Value,
    right: &Value,
) -> Result<bool, ConditionError> {
    let result = comparison.apply(left, right);
    result.ok_or_else(|| ConditionError::NoOrder {
        part: term.to_string(),
        left: described(left),
        right: described(right),
    })
}

impl Comparison {
    /// Returns the result; numbers are compared by their numeric value, and all comparisons of the
    /// order with null or a NaN are false. `None` if the values have no order.
    #[must_use]
    pub fn apply(self, left: &Value, right: &Value) -> Option<bool> {
        match self {
            Comparison::Equal => return Some(equal(left, right)),
            Comparison::Unequal => return Some(!equal(left, right)),
            _ => {}
        }
        if left.is_null() || right.is_null() {
            return Some(false);
        }
        let order = order(left, right)?;
        Some(order.is_some_and(|order| match self {
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            _ => order != Ordering::Less,
        }))
    }
}

/// Compares numbers by their numeric value, whether integers or floats.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (integer, Value::Float(float)) | (Value::Float(float), integer) => integer
            .as_i128()
            .is_some_and(|integer| compare_exactly(integer, *float) == Some(Ordering::Equal)),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let is_same = |((key, a), (other, b)): (&(String, Value), &(String, Value))| {
                key == other && equal(a, b)
            };
            a.len() == b.len() && a.iter().zip(b).all(is_same)
        }
        _ => left == right,
    }
}

/// Returns the order of two values: `None` if their types have none, `Some(None)` for NaN.
fn order(left: &Value, right: &Value) -> Option<Option<Ordering>> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Some(Some(a.cmp(b))),
        (Value::Text(a), Value::Text(b)) => Some(Some(a.cmp(b))),
        (Value::Bool(a), Value::Bool(b)) => Some(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Some(a.partial_cmp(b)),
        (integer, Value::Float(b)) => Some(compare_exactly(integer.as_i128()?, *b)),
        (Value::Float(a), integer) => {
            Some(compare_exactly(integer.as_i128()?, *a).map(Ordering::reverse))
        }
        _ => Some(Some(left.as_i128()?.cmp(&right.as_i128()?))),
    }
}

/// Compares an integer with a float without rounding the integer, as a float does beyond 2^53.
/// `None` for a NaN.
fn compare_exactly(integer: i128, float: f64) -> Option<Ordering> {
    // 2^64 is above all integers, and -2^64 below all of them.
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    if float.is_nan() {
        None
    } else if float >= BEYOND {
        Some(Ordering::Less)
    } else if float < -BEYOND {
        Some(Ordering::Greater)
    } else {
        let floor = libm::floor(float);
        let rest = if float > floor {
            Ordering::Less
        } else {
            Ordering::Equal
        };
        Some(integer.cmp(&(floor as i128)).then(rest))
    }
}

/// Returns whether a list contains the item, or a string a substring; null is in no string.
fn contains(term: &Term, item: &Value, list: &Value) -> Result<bool, ConditionError> {
    match (item, list) {
        (_, Value::List(values)) => Ok(values.iter().any(|value| equal(item, value))),
        (Value::Text(part), Value::Text(text)) => Ok(text.contains(&**part)),
        (Value::Null, Value::Text(_)) | (_, Value::Null) => Ok(false),
        _ => Err(ConditionError::NotAList {
            part: term.to_string(),
            found: described(list),
        }),
    }
}

fn not_a_number(term: &Term, arguments: &[&Value]) -> ConditionError {
    let unfit = arguments
        .iter()
        .find(|argument| argument.as_f64().is_none());
    ConditionError::NotANumber {
        part: term.to_string(),
        found: unfit.map_or_else(
            || "numbers out of range".to_owned(),
            |value| described(value),
        ),
    }
}

fn described(value: &Value) -> String {
    format!("the {} {}", value.kind(), value.literal())
}
