//! Arithmetic of values, for distributions and conditions.
//!
//! The mathematics is [`libm`]'s, not the platform's, so a result is the same to the last bit on
//! every machine.

use crate::value::Value;

/// An operator between two numbers.
///
/// ```
/// use research_domain::{Operator, Value};
///
/// let power = Operator::Power.apply(&Value::from(2), &Value::from(10));
/// assert_eq!(power, Some(Value::from(1024)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`, a float
    Divide,
    /// `a % b`, with the sign of `b`
    Remainder,
    /// `a ** b`
    Power,
}

impl Operator {
    /// The symbols and the precedences, in the order of the enum. A higher precedence binds
    /// tighter; 3 is that of a sign.
    const ALL: [(Operator, &'static str, u8); 6] = [
        (Operator::Add, "+", 1),
        (Operator::Subtract, "-", 1),
        (Operator::Multiply, "*", 2),
        (Operator::Divide, "/", 2),
        (Operator::Remainder, "%", 2),
        (Operator::Power, "**", 4),
    ];

    pub(crate) fn from_symbol(symbol: &str) -> Option<Operator> {
        let known = Operator::ALL.iter().find(|(_, known, _)| *known == symbol);
        known.map(|(operator, ..)| *operator)
    }

    /// Returns the symbol, as expressions have it.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        Operator::ALL[self as usize].1
    }

    pub(crate) fn level(self) -> u8 {
        Operator::ALL[self as usize].2
    }

    /// Returns the precedences that the left and the right operand need to stand without
    /// parentheses. A power binds from the right and takes a signed exponent, all others bind from
    /// the left.
    pub(crate) fn operand_levels(self) -> (u8, u8) {
        match self {
            Operator::Power => (self.level() + 1, 3),
            _ => (self.level(), self.level() + 1),
        }
    }

    /// Returns the result: an integer if both operands are integers and the result is one that
    /// fits, otherwise a float. `None` if an operand is not a number.
    #[must_use]
    pub fn apply(self, left: &Value, right: &Value) -> Option<Value> {
        if let (Some(a), Some(b)) = (left.as_i128(), right.as_i128())
            && let Some(exact) = self.apply_integers(a, b)
        {
            let exact = match (left, right) {
                (Value::Int(_), Value::Int(_)) => i64::try_from(exact).ok().map(Value::Int),
                _ => Value::try_from(exact).ok(),
            };
            if exact.is_some() {
                return exact;
            }
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

    fn apply_integers(self, a: i128, b: i128) -> Option<i128> {
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
            Operator::Power => a.checked_pow(u32::try_from(b).ok()?),
        }
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

    pub(crate) fn from_name(name: &str) -> Option<Function> {
        let mut functions = Function::NAMED.into_iter();
        functions.find_map(|(known, function)| (known == name).then_some(function))
    }

    /// Returns the name of the function, or the sign of a negation.
    pub(crate) fn name(self) -> &'static str {
        let mut functions = Function::NAMED.into_iter();
        let name = functions.find_map(|(name, function)| (function == self).then_some(name));
        name.unwrap_or("-")
    }

    /// Returns the result; rounding gives integers. `None` if the argument is not a number.
    pub(crate) fn apply(self, argument: &Value) -> Option<Value> {
        use Function::{Absolute, Ceil, Exp, Floor, Log, Negate, Round, Sqrt};
        let x = match (self, argument) {
            (Negate, Value::Int(number)) if *number != i64::MIN => {
                return Some(Value::Int(-number));
            }
            (Absolute, Value::Int(number)) if *number != i64::MIN => {
                return Some(Value::Int(number.abs()));
            }
            (Floor | Ceil | Round, Value::Int(_) | Value::Uint(_)) | (Absolute, Value::Uint(_)) => {
                return Some(argument.clone());
            }
            // The smallest integer has no opposite of its type, but as a float it does.
            _ => argument.as_f64()?,
        };
        Some(match self {
            Negate => Value::Float(-x),
            Absolute => Value::Float(x.abs()),
            Exp => Value::Float(libm::exp(x)),
            Log => Value::Float(libm::log(x)),
            Sqrt => Value::Float(libm::sqrt(x)),
            Floor => integer(libm::floor(x)),
            Ceil => integer(libm::ceil(x)),
            Round => integer(libm::round(x)),
        })
    }
}

/// The multiple of `step` that is nearest to a number: an integer for a step that is one, otherwise
/// the float nearest to the decimal number, so that three steps of 0.1 are 0.3. None if the step is
/// not a number.
pub(crate) fn quantise(number: f64, step: &Value) -> Option<Value> {
    /// Up to this, floats are exact integers; so are powers of ten up to `MAX_EXPONENT`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    const MAX_EXPONENT: i32 = 22;
    let width = step.as_f64()?;
    let count = libm::round(number / width);
    if step.as_i128().is_some() {
        return Some(integer(count * width));
    }
    let written = format!("{width:e}");
    let (mantissa, exponent) = written.split_once('e')?;
    let fraction = mantissa
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len());
    let exponent = exponent.parse::<i32>().ok()? - i32::try_from(fraction).ok()?;
    let digits = count * mantissa.replace('.', "").parse::<f64>().ok()?;
    let is_exact = digits.abs() < EXACT && (-MAX_EXPONENT..0).contains(&exponent);
    Some(Value::Float(match is_exact {
        true => digits / format!("1e{}", -exponent).parse::<f64>().ok()?,
        false => count * width,
    }))
}

/// Returns a float without a fraction as an integer, if it fits, and else unchanged.
fn integer(x: f64) -> Value {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&x) {
        Value::Int(x as i64)
    } else {
        Value::Float(x)
    }
}
