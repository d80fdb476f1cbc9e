//! The printed form of conditions, which the grammar reads.

use std::fmt::{self, Display, Formatter};

use super::{Condition, Term};
use crate::arithmetic::Function;
use crate::syntax::{bracketed, parenthesised, separated, write_name};
use crate::value::Value;

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&*self.term, f)
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Operand(self, 0).fmt(f)
    }
}

/// A term with the precedence from which on it needs no parentheses.
struct Operand<'a>(&'a Term, u8);

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARE: u8 = 4;
/// Added to the precedences of arithmetic.
const ARITHMETIC: u8 = 4;
const SIGN: u8 = ARITHMETIC + 3;

impl Operand<'_> {
    fn own_level(&self) -> u8 {
        match self.0 {
            Term::Or(_) => OR,
            Term::And(_) => AND,
            Term::Not(_) => NOT,
            Term::Compare(..) | Term::In { .. } => COMPARE,
            Term::Binary(operator, ..) => ARITHMETIC + operator.level(),
            Term::Unary(Function::Negate, _) => SIGN,
            // A sign in front of a number reads as a negation.
            Term::Literal(Value::Int(number)) if *number < 0 => SIGN,
            Term::Literal(Value::Float(number)) if number.is_sign_negative() => SIGN,
            _ => u8::MAX,
        }
    }
}

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        parenthesised(f, self.own_level() < self.1, |f| write(f, self.0))
    }
}

fn write(f: &mut Formatter<'_>, term: &Term) -> fmt::Result {
    match term {
        Term::Literal(value) => write!(f, "{}", value.literal()),
        Term::Name(name) => write_name(f, name),
        Term::List(terms) => bracketed(f, terms),
        Term::Unary(Function::Negate, inner) => {
            // A sign after a sign needs no parentheses, which the parser limits.
            let is_signed = matches!(**inner, Term::Unary(Function::Negate, _));
            write!(
                f,
                "-{}",
                Operand(inner, if is_signed { SIGN } else { SIGN + 1 })
            )
        }
        Term::Unary(function, term) => write!(f, "{}({term})", function.name()),
        Term::Binary(operator, sides) => {
            let (left, right) = operator.operand_levels();
            let levels = [ARITHMETIC + left, ARITHMETIC + right];
            infix(f, sides, operator.symbol(), levels)
        }
        Term::Compare(comparison, sides) => infix(f, sides, comparison.symbol(), [COMPARE + 1; 2]),
        Term::In { sides, negated } => {
            let symbol = if *negated { "not in" } else { "in" };
            infix(f, sides, symbol, [COMPARE + 1; 2])
        }
        Term::Not(term) => write!(f, "not {}", Operand(term, NOT)),
        Term::And(terms) if terms.is_empty() => f.write_str("true"),
        Term::Or(terms) if terms.is_empty() => f.write_str("false"),
        Term::And(terms) => joined(f, terms, " and ", AND),
        Term::Or(terms) => joined(f, terms, " or ", OR),
    }
}

fn infix(
    f: &mut Formatter<'_>,
    [left, right]: &[Term; 2],
    symbol: &str,
    levels: [u8; 2],
) -> fmt::Result {
    write!(
        f,
        "{} {symbol} {}",
        Operand(left, levels[0]),
        Operand(right, levels[1])
    )
}

fn joined(f: &mut Formatter<'_>, terms: &[Term], separator: &str, level: u8) -> fmt::Result {
    let operands = terms.iter().map(|term| Operand(term, level + 1));
    separated(f, separator, operands)
}
