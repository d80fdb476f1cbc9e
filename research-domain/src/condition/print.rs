//! Conditions printed as the grammar reads them.

use std::fmt::{self, Display, Formatter};

use super::{Condition, Term};
use crate::grammar::write_name;
use crate::sampler::{Function, Operator};
use crate::value::{Value, parenthesised, separated};

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&*self.term, f)
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        At(self, 0).fmt(f)
    }
}

/// A term in a place that binds as tightly as the level says.
struct At<'a>(&'a Term, u8);

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARE: u8 = 4;
/// Added to the levels of arithmetic.
const ARITHMETIC: u8 = 4;
const SIGN: u8 = ARITHMETIC + 3;

impl At<'_> {
    /// How tightly the term itself binds.
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

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        parenthesised(f, self.own_level() < self.1, |f| write(f, self.0))
    }
}

fn write(f: &mut Formatter<'_>, term: &Term) -> fmt::Result {
    match term {
        Term::Literal(value) => write!(f, "{}", value.literal()),
        Term::Name(name) => write_name(f, name),
        Term::List(terms) => {
            f.write_str("[")?;
            separated(f, terms)?;
            f.write_str("]")
        }
        // Parentheses between signs could nest deeper than the parser goes.
        Term::Unary(Function::Negate, term)
            if matches!(**term, Term::Unary(Function::Negate, _)) =>
        {
            write!(f, "-{}", At(term, SIGN))
        }
        Term::Unary(Function::Negate, term) => write!(f, "-{}", At(term, SIGN + 1)),
        Term::Unary(function, term) => write!(f, "{}({term})", function.name()),
        Term::Binary(operator, left, right) => {
            let own = ARITHMETIC + operator.level();
            let (before, after) = if *operator == Operator::Power {
                (own + 1, SIGN)
            } else {
                (own, own + 1)
            };
            write!(
                f,
                "{} {} {}",
                At(left, before),
                operator.symbol(),
                At(right, after)
            )
        }
        Term::Compare(comparison, left, right) => {
            let symbol = comparison.symbol();
            write!(
                f,
                "{} {symbol} {}",
                At(left, COMPARE + 1),
                At(right, COMPARE + 1)
            )
        }
        Term::In {
            item,
            list,
            negated,
        } => {
            let not = if *negated { "not " } else { "" };
            write!(
                f,
                "{} {not}in {}",
                At(item, COMPARE + 1),
                At(list, COMPARE + 1)
            )
        }
        Term::Not(term) => write!(f, "not {}", At(term, NOT)),
        Term::And(terms) => joined(f, terms, " and ", AND, "true"),
        Term::Or(terms) => joined(f, terms, " or ", OR, "false"),
    }
}

fn joined(
    f: &mut Formatter<'_>,
    terms: &[Term],
    sign: &str,
    level: u8,
    empty: &str,
) -> fmt::Result {
    if terms.is_empty() {
        return f.write_str(empty);
    }
    terms.iter().enumerate().try_for_each(|(place, term)| {
        if place > 0 {
            f.write_str(sign)?;
        }
        At(term, level + 1).fmt(f)
    })
}
