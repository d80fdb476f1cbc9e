//! The printed form of distributions, which the grammar reads.

use std::fmt::{self, Display, Formatter};

use super::{Distribution, Node};
use crate::arithmetic::Function;
use crate::syntax::{bracketed, parenthesised, separated};
use crate::value::Value;

/// Prints a call as it is, and everything else in parentheses, because `+` and `*` outside of
/// parentheses combine domains.
impl Display for Distribution {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_call = match self.node() {
            Node::Unary(function, _) => *function != Function::Negate,
            Node::Binary(..) | Node::Mixture { .. } => false,
            _ => true,
        };
        parenthesised(f, !is_call, |f| write(f, self, 0))
    }
}

/// The precedence of a mixture, below that of all operators.
const MIXTURE: u8 = 0;
/// The precedence of a sign, between those of a product and a power.
const SIGN: u8 = 3;

/// Writes a distribution; `level` is the precedence from which on it needs no parentheses.
fn write(f: &mut Formatter<'_>, distribution: &Distribution, level: u8) -> fmt::Result {
    match distribution.node() {
        Node::TooDeep => f.write_str("<nested too deep>"),
        Node::Constant(value) => write!(f, "constant({})", value.literal()),
        Node::Parametric(parametric) => {
            write!(f, "{}(", parametric.family().name())?;
            separated(f, ", ", parametric.parameters().iter().map(Value::literal))?;
            f.write_str(")")
        }
        Node::Choice { values, weights } => {
            f.write_str("choice(")?;
            bracketed(f, values)?;
            if let Some(weights) = weights {
                f.write_str(", ")?;
                bracketed(f, weights.iter().map(|weight| format!("{weight:?}")))?;
            }
            f.write_str(")")
        }
        Node::Unary(Function::Negate, inner) => {
            // A sign after a sign needs no parentheses, which the parser limits.
            let is_signed = matches!(inner.node(), Node::Unary(Function::Negate, _));
            let operand = Operand(inner, if is_signed { SIGN } else { SIGN + 1 });
            parenthesised(f, level > SIGN, |f| write!(f, "-{operand}"))
        }
        Node::Unary(function, inner) => write!(f, "{}({})", function.name(), Operand(inner, 0)),
        Node::Binary(operator, [left, right]) => {
            let levels = operator.operand_levels();
            let (left, right) = (Operand(left, levels.0), Operand(right, levels.1));
            parenthesised(f, level > operator.level(), |f| {
                write!(f, "{left} {} {right}", operator.symbol())
            })
        }
        Node::Mixture { weights, parts } => parenthesised(f, level > MIXTURE, |f| {
            let parts = weights.iter().zip(parts).map(|(weight, part)| {
                let part = Operand(part, MIXTURE + 1);
                match *weight == 1.0 && parts.len() > 1 {
                    true => part.to_string(),
                    false => format!("{weight:?} & {part}"),
                }
            });
            separated(f, " | ", parts)
        }),
        Node::Quantised { inner, step } => {
            write!(f, "quantised({}, {})", Operand(inner, 0), step.literal())
        }
        Node::Mapped(mapping, inner) => write!(f, "{mapping:?}({})", Operand(inner, 0)),
        Node::Truncated { inner, low, high } => {
            write!(f, "truncate({}, {low:?}, {high:?})", Operand(inner, 0))
        }
    }
}

/// An operand of arithmetic with the precedence that it needs; a positive number is printed plain.
struct Operand<'a>(&'a Distribution, u8);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Node::Constant(value) = self.0.node()
            && let Some(number) = value.as_f64()
            && number.is_finite()
            && number.is_sign_positive()
        {
            return value.literal().fmt(f);
        }
        write(f, self.0, self.1)
    }
}
