//! Samplers printed as the grammar reads them.

use std::fmt::{self, Display, Formatter};

use super::{Function, Node, Operator, Sampler};
use crate::value::{parenthesised, separated};

/// Anything but a plain call stands in parentheses, because `+` and `*` outside of them combine
/// domains.
impl Display for Sampler {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let call = match self.node() {
            Node::Unary(function, _) => *function != Function::Negate,
            Node::Binary(..) | Node::Mixture(_) => false,
            _ => true,
        };
        if call {
            write(f, self, 0)
        } else {
            write!(f, "({})", Inner(self, 0))
        }
    }
}

/// A part of a sampler, in a place that binds as tightly as the level says.
struct Inner<'a>(&'a Sampler, u8);

impl Display for Inner<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write(f, self.0, self.1)
    }
}

/// Level 0 takes a mixture, the levels of the operators take those, 5 takes atoms alone.
fn write(f: &mut Formatter<'_>, sampler: &Sampler, level: u8) -> fmt::Result {
    match sampler.node() {
        Node::TooDeep => f.write_str("<nested too deep>"),
        Node::Constant(value) => write!(f, "constant({})", value.literal()),
        Node::Distribution(distribution) => {
            let (name, arguments) = distribution.to_arguments();
            write!(f, "{name}(")?;
            separated(f, arguments.iter().map(crate::Value::literal))?;
            f.write_str(")")
        }
        Node::Choice { values, weights } => {
            f.write_str("choice([")?;
            separated(f, values)?;
            f.write_str("]")?;
            if let Some(weights) = weights {
                f.write_str(", [")?;
                separated(f, weights.iter().map(|weight| format!("{weight:?}")))?;
                f.write_str("]")?;
            }
            f.write_str(")")
        }
        Node::Unary(Function::Negate, sampler) => {
            // Parentheses between signs could nest deeper than the parser goes.
            let is_signed = matches!(sampler.node(), Node::Unary(Function::Negate, _));
            let inner = if is_signed { 3 } else { 4 };
            parenthesised(f, level > 3, |f| write!(f, "-{}", Operand(sampler, inner)))
        }
        Node::Unary(function, sampler) => write!(f, "{}({})", function.name(), Operand(sampler, 0)),
        Node::Binary(operator, left, right) => {
            let own = operator.level();
            // A power binds from the right and takes a signed exponent, all others from the left.
            let (before, after) = if *operator == Operator::Power {
                (own + 1, 3)
            } else {
                (own, own + 1)
            };
            parenthesised(f, level > own, |f| {
                let symbol = operator.symbol();
                write!(
                    f,
                    "{} {symbol} {}",
                    Operand(left, before),
                    Operand(right, after)
                )
            })
        }
        Node::Mixture(parts) => parenthesised(f, level > 0, |f| {
            for (place, (weight, sampler)) in parts.iter().enumerate() {
                let bar = if place > 0 { " | " } else { "" };
                if *weight == 1.0 && parts.len() > 1 {
                    write!(f, "{bar}{}", Operand(sampler, 1))?;
                } else {
                    write!(f, "{bar}{weight:?} & {}", Operand(sampler, 1))?;
                }
            }
            Ok(())
        }),
        Node::Truncated { sampler, low, high } => {
            write!(f, "truncate({}, {low:?}, {high:?})", Operand(sampler, 0))
        }
    }
}

/// An argument of arithmetic: numbers stand there as they are.
struct Operand<'a>(&'a Sampler, u8);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.node() {
            Node::Constant(
                value @ (crate::Value::Int(_) | crate::Value::Uint(_) | crate::Value::Float(_)),
            ) if value.as_f64().is_some_and(|number| {
                number.is_finite() && number >= 0.0 && number.is_sign_positive()
            }) =>
            {
                write!(f, "{}", value.literal())
            }
            _ => write(f, self.0, self.1),
        }
    }
}
