//! Operators and functions of distributions in Rust.

use std::ops::{Add, BitOr, Div, Mul, Neg, Rem, Sub};
use std::sync::Arc;

use super::{Distribution, Node, constant};
use crate::arithmetic::{Function, Operator};

impl From<f64> for Distribution {
    fn from(number: f64) -> Distribution {
        constant(number)
    }
}

impl From<i64> for Distribution {
    fn from(number: i64) -> Distribution {
        constant(number)
    }
}

macro_rules! operators {
    ($($name:ident, $method:ident => $operator:ident;)*) => {$(
        impl<T: Into<Distribution>> $name<T> for Distribution {
            type Output = Distribution;

            fn $method(self, right: T) -> Distribution {
                Distribution::from_node(Node::Binary(Operator::$operator, [self, right.into()]))
            }
        }

        operators!(f64, $name, $method);
        operators!(i64, $name, $method);
    )*};
    ($number:ty, $name:ident, $method:ident) => {
        impl $name<Distribution> for $number {
            type Output = Distribution;

            fn $method(self, right: Distribution) -> Distribution {
                Distribution::from(self).$method(right)
            }
        }
    };
}

operators! {
    Add, add => Add;
    Sub, sub => Subtract;
    Mul, mul => Multiply;
    Div, div => Divide;
    Rem, rem => Remainder;
}

impl Distribution {
    /// Each draw raised to a power, which may be drawn as well (`**` in expressions).
    pub fn pow(self, exponent: impl Into<Distribution>) -> Distribution {
        Distribution::from_node(Node::Binary(Operator::Power, [self, exponent.into()]))
    }
}

impl Neg for Distribution {
    type Output = Distribution;

    fn neg(self) -> Distribution {
        Distribution::from_node(Node::Unary(Function::Negate, self))
    }
}

/// A mixture of equal parts: `a | b | c` draws from each of the three with probability 1/3.
impl BitOr for Distribution {
    type Output = Distribution;

    fn bitor(self, other: Distribution) -> Distribution {
        let (mut weights, mut parts) = match Arc::unwrap_or_clone(self.node) {
            Node::Mixture { weights, parts } => (weights, parts),
            node => (vec![1.0], vec![Distribution::from_node(node)]),
        };
        weights.push(1.0);
        parts.push(other);
        Distribution::from_node(Node::Mixture { weights, parts })
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $method:ident => $function:ident;)*) => {
        impl Distribution {$(
            $(#[$doc])*
            pub fn $method(self) -> Distribution {
                Distribution::from_node(Node::Unary(Function::$function, self))
            }
        )*}
    };
}

functions! {
    /// The exponential of each draw.
    exp => Exp;
    /// The natural logarithm of each draw.
    log => Log;
    /// The square root of each draw.
    sqrt => Sqrt;
    /// The absolute value of each draw.
    abs => Absolute;
    /// Each draw rounded down, to an integer.
    floor => Floor;
    /// Each draw rounded up, to an integer.
    ceil => Ceil;
    /// Each draw rounded to the nearest integer.
    round => Round;
}
