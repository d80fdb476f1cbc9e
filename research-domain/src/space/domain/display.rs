//! The printed form of domains: expressions that parse back.

use std::fmt::{self, Display, Formatter};

use super::{Domain, Node};
use crate::space::option::{Key, Values};
use crate::syntax::{bracketed, parenthesised, separated, write_alias, write_name};

impl Display for Domain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Operand(self, Level::Top).fmt(f)
    }
}

/// The operator around a domain, by rising precedence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Top,
    Sum,
    Product,
    Zip,
}

/// A domain inside of an operator.
struct Operand<'a>(&'a Domain, Level);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Operand(domain, around) = *self;
        let joined = |f: &mut Formatter<'_>, parts: &[Domain], sign, level: Level| {
            let operands = parts.iter().map(|part| Operand(part, level));
            parenthesised(f, around >= level, |f| separated(f, sign, operands))
        };
        match domain.node() {
            Node::Option { key, values } => write_option(f, key, values),
            Node::Product(parts) if parts.is_empty() => f.write_str("()"),
            Node::Sum(parts) if parts.is_empty() => f.write_str("none()"),
            Node::Sum(parts) => joined(f, parts, " + ", Level::Sum),
            Node::Product(parts) => joined(f, parts, " * ", Level::Product),
            Node::Zip(parts) => joined(f, parts, " @ ", Level::Zip),
            // A product inside keeps its parentheses, because the weight is that of the product.
            Node::Weighted(weight, inner) => parenthesised(f, around >= Level::Product, |f| {
                write!(f, "{weight:?} * {}", Operand(inner, Level::Product))
            }),
            Node::Where(inner, predicate) => parenthesised(f, around >= Level::Sum, |f| {
                // A condition of a condition needs parentheses around the inner one.
                let level = match inner.node() {
                    Node::Where(..) => Level::Sum,
                    _ => Level::Top,
                };
                write!(f, "{} where {predicate}", Operand(inner, level))
            }),
            Node::Distinct(inner) => write!(f, "distinct({inner})"),
            Node::Sample(inner, count) => write!(f, "sample({inner}, {count})"),
            Node::Difference([inner, other]) => write!(f, "difference({inner}, {other})"),
            Node::Invalid(_) => f.write_str("<invalid>"),
        }
    }
}

fn write_option(f: &mut Formatter<'_>, key: &Key, values: &Values) -> fmt::Result {
    write_name(f, &key.name)?;
    write_alias(f, key.alias.as_deref())?;
    f.write_str("=")?;
    match values {
        Values::List(values) => bracketed(f, values),
        Values::Distribution(distribution) => distribution.fmt(f),
    }
}
