//! Arithmetic of values and of samplers.

use std::ops::{Add, BitOr, Div, Mul, Neg, Sub};

use super::{Node, Sampler, constant};
use crate::value::Value;

/// An operator between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl Operator {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Power => "**",
        }
    }

    /// How tightly it binds.
    pub(crate) fn level(self) -> u8 {
        match self {
            Operator::Add | Operator::Subtract => 1,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 2,
            Operator::Power => 4,
        }
    }

    /// The result; integers stay integers where the result is one, and become floats where it
    /// would not fit. None when an argument is no number.
    pub(crate) fn apply(self, left: &Value, right: &Value) -> Option<Value> {
        let exact = match (left, right) {
            (Value::Int(a), Value::Int(b)) => self.apply_integers(*a, *b).map(Value::Int),
            // One of them is above the others' range.
            _ => self.apply_wide(left, right),
        };
        if exact.is_some() {
            return exact;
        }
        let (a, b) = (left.as_f64()?, right.as_f64()?);
        Some(Value::Float(match self {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
            Operator::Divide => a / b,
            // The sign is the divisor's, as in mathematics and Python.
            Operator::Remainder => a - b * libm::floor(a / b),
            Operator::Power => libm::pow(a, b),
        }))
    }

    fn apply_integers(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Operator::Add => a.checked_add(b),
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide => None,
            Operator::Remainder => {
                let remainder = a.checked_rem(b)?;
                let wrong_sign = remainder != 0 && (remainder < 0) != (b < 0);
                Some(if wrong_sign { remainder + b } else { remainder })
            }
            Operator::Power => u32::try_from(b)
                .ok()
                .and_then(|exponent| a.checked_pow(exponent)),
        }
    }
}

impl Operator {
    fn apply_wide(self, left: &Value, right: &Value) -> Option<Value> {
        let (a, b) = (left.as_i128()?, right.as_i128()?);
        let result = match self {
            Operator::Add => a.checked_add(b),
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide => None,
            Operator::Remainder => {
                let remainder = a.checked_rem(b)?;
                let wrong_sign = remainder != 0 && (remainder < 0) != (b < 0);
                Some(if wrong_sign { remainder + b } else { remainder })
            }
            Operator::Power => a.checked_pow(u32::try_from(b).ok()?),
        };
        Value::try_from(result?).ok()
    }
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Negate,
    Absolute,
    Exp,
    Log,
    Sqrt,
    Floor,
    Ceil,
    Round,
}

impl Function {
    /// The functions that expressions call by name.
    pub(crate) const NAMED: [(&'static str, Function); 7] = [
        ("abs", Function::Absolute),
        ("exp", Function::Exp),
        ("log", Function::Log),
        ("sqrt", Function::Sqrt),
        ("floor", Function::Floor),
        ("ceil", Function::Ceil),
        ("round", Function::Round),
    ];

    pub(crate) fn named(name: &str) -> Option<Function> {
        let found = Function::NAMED.iter().find(|(known, _)| *known == name);
        found.map(|(_, function)| *function)
    }

    /// The name, or the sign of a negation.
    pub(crate) fn name(self) -> &'static str {
        let found = Function::NAMED
            .iter()
            .find(|(_, function)| *function == self);
        found.map_or("-", |(name, _)| name)
    }

    /// The result; rounding gives integers. None when the argument is no number.
    pub(crate) fn apply(self, argument: &Value) -> Option<Value> {
        if let Value::Int(number) = argument {
            match self {
                // The least integer has no opposite that is one: as a float it has.
                Function::Negate if *number != i64::MIN => return Some(Value::Int(-number)),
                Function::Absolute if *number != i64::MIN => {
                    return Some(Value::Int(number.abs()));
                }
                Function::Floor | Function::Ceil | Function::Round => {
                    return Some(argument.clone());
                }
                _ => {}
            }
        }
        if let Value::Uint(_) = argument
            && matches!(
                self,
                Function::Absolute | Function::Floor | Function::Ceil | Function::Round
            )
        {
            return Some(argument.clone());
        }
        let x = argument.as_f64()?;
        Some(match self {
            Function::Negate => Value::Float(-x),
            Function::Absolute => Value::Float(x.abs()),
            Function::Exp => Value::Float(libm::exp(x)),
            Function::Log => Value::Float(libm::log(x)),
            Function::Sqrt => Value::Float(libm::sqrt(x)),
            Function::Floor => whole(libm::floor(x)),
            Function::Ceil => whole(libm::ceil(x)),
            Function::Round => whole(libm::round(x)),
        })
    }
}

/// A whole float as an integer, if an integer holds it.
fn whole(x: f64) -> Value {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&x) {
        Value::Int(x as i64)
    } else {
        Value::Float(x)
    }
}

impl From<f64> for Sampler {
    fn from(number: f64) -> Sampler {
        constant(number)
    }
}

impl From<i64> for Sampler {
    fn from(number: i64) -> Sampler {
        constant(number)
    }
}

macro_rules! operators {
    ($($name:ident, $method:ident => $operator:expr;)*) => {$(
        impl<T: Into<Sampler>> $name<T> for Sampler {
            type Output = Sampler;

            fn $method(self, right: T) -> Sampler {
                Sampler::from_node(Node::Binary($operator, self, right.into()))
            }
        }

        impl $name<Sampler> for f64 {
            type Output = Sampler;

            fn $method(self, right: Sampler) -> Sampler {
                Sampler::from_node(Node::Binary($operator, self.into(), right))
            }
        }

        impl $name<Sampler> for i64 {
            type Output = Sampler;

            fn $method(self, right: Sampler) -> Sampler {
                Sampler::from_node(Node::Binary($operator, self.into(), right))
            }
        }
    )*};
}

operators! {
    Add, add => Operator::Add;
    Sub, sub => Operator::Subtract;
    Mul, mul => Operator::Multiply;
    Div, div => Operator::Divide;
}

impl Neg for Sampler {
    type Output = Sampler;

    fn neg(self) -> Sampler {
        Sampler::from_node(Node::Unary(Function::Negate, self))
    }
}

/// A mixture of equal parts: `a | b | c` draws each of the three with probability 1/3.
impl BitOr for Sampler {
    type Output = Sampler;

    fn bitor(self, other: Sampler) -> Sampler {
        let mut parts = match self.node() {
            Node::Mixture(parts) => parts.clone(),
            _ => vec![(1.0, self)],
        };
        parts.push((1.0, other));
        Sampler::mixture(parts)
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $method:ident => $function:ident;)*) => {
        impl Sampler {$(
            $(#[$doc])*
            #[must_use]
            pub fn $method(self) -> Sampler {
                Sampler::from_node(Node::Unary(Function::$function, self))
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
