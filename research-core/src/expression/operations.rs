//! Operations on the values of expressions.

use std::borrow::Cow;
use std::ops;

use research_domain::{Comparison, Operator, Value};

use super::text::TextTemplate;
use super::{Expression, Kind};
use crate::function::Arguments;

/// An operation on the values of other expressions.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Arithmetic(Operator),
    Compare(Comparison),
    Negate,
    Not,
    And,
    Or,
    /// The element of a list, or the field of a map.
    At,
    List,
    /// A map with these keys.
    Map(Vec<String>),
    Text(TextTemplate),
}

impl Operation {
    /// Whether it is written between or before its operands.
    pub(super) fn is_operator(&self) -> bool {
        !matches!(self, Self::At | Self::List | Self::Map(_) | Self::Text(_))
    }

    pub(super) fn symbol(&self) -> &'static str {
        match self {
            Self::Arithmetic(operator) => operator.symbol(),
            Self::Compare(comparison) => comparison.symbol(),
            Self::And => "&",
            Self::Or => "|",
            _ => "",
        }
    }

    /// Returns the mistake in using it with this number of operands, if there is one.
    pub(super) fn mistake(&self, operands: usize) -> Option<String> {
        match self {
            Self::Text(text) => text.mistake(operands),
            _ => None,
        }
    }

    /// Returns the result, or the reason that there is none.
    pub(crate) fn apply<'a>(
        &self,
        operands: Vec<Cow<'a, Value>>,
    ) -> Result<Cow<'a, Value>, String> {
        let owned = |operands: Vec<Cow<'a, Value>>| operands.into_iter().map(Cow::into_owned);
        let result = match (self, operands.as_slice()) {
            (Self::At, [_, _]) => return element(operands),
            (Self::List, _) => Value::List(owned(operands).collect()),
            (Self::Map(keys), _) => Value::Map(keys.iter().cloned().zip(owned(operands)).collect()),
            (Self::Text(text), values) => Value::Text(text.fill(values.iter().map(|one| &**one))?),
            (Self::Arithmetic(operator), [left, right]) => {
                operator.apply(left, right).ok_or_else(|| {
                    format!("needs numbers, found {} and {}", found(left), found(right))
                })?
            }
            (Self::Negate, [one]) => Operator::Multiply
                .apply(&Value::Int(-1), one)
                .ok_or_else(|| format!("needs a number, found {}", found(one)))?,
            (Self::Compare(comparison), [left, right]) => {
                let result = comparison.apply(left, right);
                Value::Bool(
                    result.ok_or_else(|| {
                        format!("{} and {} have no order", found(left), found(right))
                    })?,
                )
            }
            (Self::Not, [one]) => Value::Bool(!truth(one)?),
            (Self::And, [left, right]) => Value::Bool(truth(left)? && truth(right)?),
            (Self::Or, [left, right]) => Value::Bool(truth(left)? || truth(right)?),
            _ => return Err("wrong number of operands".to_owned()),
        };
        Ok(Cow::Owned(result))
    }
}

fn found(value: &Value) -> String {
    format!("the {} {}", value.kind(), value.literal())
}

fn truth(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("needs true or false, found {}", found(value)))
}

fn element(operands: Vec<Cow<'_, Value>>) -> Result<Cow<'_, Value>, String> {
    let mut operands = operands.into_iter();
    let (Some(value), Some(key)) = (operands.next(), operands.next()) else {
        return Err("wrong number of operands".to_owned());
    };
    let missing = |missing: NoPart| missing.to_string();
    match value {
        Cow::Borrowed(value) => part_of(value, &key).map(Cow::Borrowed).map_err(missing),
        Cow::Owned(value) => {
            let part = part_of(&value, &key).cloned();
            part.map(Cow::Owned).map_err(missing)
        }
    }
}

/// A value lacks the requested part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown field `{key}`: {found}")]
pub struct NoPart {
    /// The name of the field, or the index.
    pub key: String,
    /// The parts that the value has.
    pub found: String,
}

/// Returns the field of a map, or the element of a list: from 0, or from -1 backwards. An index
/// may be a string of digits.
///
/// # Errors
/// The value has no such part.
///
/// ```
/// use research_core::domain::Value;
/// use research_core::units::part_of;
///
/// let list = Value::from(vec![1, 2, 3]);
/// assert_eq!(part_of(&list, &Value::from(-1)), Ok(&Value::from(3)));
/// let error = part_of(&list, &Value::from("x")).unwrap_err();
/// assert_eq!(error.to_string(), "unknown field `x`: the list has 3 elements, from 0");
/// ```
pub fn part_of<'v>(value: &'v Value, key: &Value) -> Result<&'v Value, NoPart> {
    let part = match (value, key) {
        // If a key occurs several times, the last one counts, as in a saved map.
        (Value::Map(entries), Value::Text(key)) => {
            let mut entries = entries.iter().rev();
            entries
                .find(|(known, _)| known == key)
                .map(|(_, part)| part)
        }
        (Value::List(values), Value::Text(index)) => index
            .parse()
            .ok()
            .and_then(|index: usize| values.get(index)),
        (Value::List(values), Value::Int(index)) if *index < 0 => {
            let back = usize::try_from(index.unsigned_abs()).ok();
            back.and_then(|back| values.len().checked_sub(back))
                .and_then(|index| values.get(index))
        }
        (Value::List(values), index) => {
            let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
            index.and_then(|index| values.get(index))
        }
        _ => None,
    };
    part.ok_or_else(|| NoPart {
        key: match key {
            Value::Text(key) => key.clone(),
            index => index.literal().to_string(),
        },
        found: match value {
            Value::Map(entries) => {
                let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
                format!("the map has {}", keys.join(", "))
            }
            Value::List(values) => format!("the list has {} elements, from 0", values.len()),
            other => format!("the value is not a map, its type is {}", other.kind()),
        },
    })
}

/// A list of the values of these expressions.
///
/// ```
/// use research_core::{Experiment, ec, it, list_of};
///
/// let experiment = Experiment::builder()
///     .save(list_of((ec("a"), it(), "x", list_of((1, 2)))), "row")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn list_of(expressions: impl Arguments) -> Expression {
    Expression(Kind::Apply(Operation::List, expressions.into_expressions()))
}

/// A map from these keys to the values of these expressions.
///
/// ```
/// use research_core::{Experiment, ec, map_of, o};
///
/// let experiment = Experiment::builder()
///     .callable("loss", |rate: f64| 1.0 / rate, (ec("rate"),))
///     .save(map_of([("rate", ec("rate")), ("loss", o("loss")), ("n", 1.into())]), "both")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn map_of<'k>(entries: impl IntoIterator<Item = (&'k str, Expression)>) -> Expression {
    let entries = entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    let (keys, values) = entries.unzip();
    Expression(Kind::Apply(Operation::Map(keys), values))
}

/// A string in which each `{}` stands for the value of the next expression. `{:.3}` gives a float
/// three digits after the point; `{{` and `}}` are braces.
///
/// ```
/// use research_core::{Experiment, ec, o, text_of};
///
/// let experiment = Experiment::builder()
///     .callable("loss", |rate: f64| 1.0 / rate, (ec("rate"),))
///     .save(text_of("rate {}: {:.3}", (ec("rate"), o("loss"))), "line")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn text_of(text: &str, expressions: impl Arguments) -> Expression {
    Expression(Kind::Apply(
        Operation::Text(TextTemplate::new(text)),
        expressions.into_expressions(),
    ))
}

fn both(operation: Operation, left: Expression, right: impl Into<Expression>) -> Expression {
    Expression(Kind::Apply(operation, vec![left, right.into()]))
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident => $operation:expr;)*) => {
        impl Expression {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(self, other: impl Into<Expression>) -> Self {
                both($operation, self, other)
            }
        )*}
    };
}

methods! {
    /// The element of a list at an index, which may be an expression: from 0, or from -1
    /// backwards; or the field of a map, as [`field`](Self::field).
    ///
    /// ```
    /// use research_core::{it, o};
    ///
    /// let chosen = o("scores").at(it() % 3);
    /// assert_eq!(chosen.to_string(), "`o(\"scores\").at(it() % 3)`");
    /// ```
    at => Operation::At;
    /// The field of a map with this name.
    ///
    /// ```
    /// use research_core::o;
    ///
    /// let loss = o("metrics").field("loss");
    /// # let _ = loss;
    /// ```
    field => Operation::At;
    /// `self ** other`.
    ///
    /// ```
    /// use research_core::ec;
    ///
    /// assert_eq!((ec("width").pow(2) + 1).to_string(), "`(ec(\"width\") ** 2) + 1`");
    /// ```
    pow => Operation::Arithmetic(Operator::Power);
    /// `self == other`; numbers are compared by their numeric value.
    ///
    /// ```
    /// use research_core::{ec, o};
    ///
    /// let is_good = o("loss").lt(0.1) & (ec("kind").eq("final") | ec("depth").ge(4));
    /// # let _ = is_good;
    /// ```
    eq => Operation::Compare(Comparison::Equal);
    /// `self != other`.
    ne => Operation::Compare(Comparison::Unequal);
    /// `self < other`.
    lt => Operation::Compare(Comparison::Less);
    /// `self <= other`.
    le => Operation::Compare(Comparison::LessOrEqual);
    /// `self > other`.
    gt => Operation::Compare(Comparison::Greater);
    /// `self >= other`.
    ge => Operation::Compare(Comparison::GreaterOrEqual);
}

macro_rules! operators {
    ($($trait:ident $method:ident $operation:expr;)*) => {$(
        impl<T: Into<Expression>> ops::$trait<T> for Expression {
            type Output = Self;

            fn $method(self, other: T) -> Self {
                both($operation, self, other)
            }
        }
    )*};
}

operators! {
    Add add Operation::Arithmetic(Operator::Add);
    Sub sub Operation::Arithmetic(Operator::Subtract);
    Mul mul Operation::Arithmetic(Operator::Multiply);
    Div div Operation::Arithmetic(Operator::Divide);
    Rem rem Operation::Arithmetic(Operator::Remainder);
    BitAnd bitand Operation::And;
    BitOr bitor Operation::Or;
}

macro_rules! operators_of_numbers {
    ($trait:ident $method:ident: $($number:ty)*) => {$(
        impl ops::$trait<Expression> for $number {
            type Output = Expression;

            fn $method(self, other: Expression) -> Expression {
                ops::$trait::$method(Expression::from(self), other)
            }
        }
    )*};
}

operators_of_numbers!(Add add: i32 i64 u32 u64 usize f32 f64);
operators_of_numbers!(Sub sub: i32 i64 u32 u64 usize f32 f64);
operators_of_numbers!(Mul mul: i32 i64 u32 u64 usize f32 f64);
operators_of_numbers!(Div div: i32 i64 u32 u64 usize f32 f64);
operators_of_numbers!(Rem rem: i32 i64 u32 u64 usize f32 f64);

impl ops::Neg for Expression {
    type Output = Self;

    fn neg(self) -> Self {
        Self(Kind::Apply(Operation::Negate, vec![self]))
    }
}

impl ops::Not for Expression {
    type Output = Self;

    fn not(self) -> Self {
        Self(Kind::Apply(Operation::Not, vec![self]))
    }
}
