//! Domains printed as expressions that parse back.

use std::fmt::{self, Display, Formatter};

use super::{Domain, Node};
use crate::grammar::write_name;
use crate::option::{Key, Values};
use crate::value::{parenthesised, separated, write_quoted};

impl Display for Domain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write(f, self, Place::Top)
    }
}

/// How tightly the place where a domain is printed binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Top,
    Sum,
    Product,
    Zip,
}

struct In<'a>(&'a Domain, Place);

impl Display for In<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write(f, self.0, self.1)
    }
}

fn write(f: &mut Formatter<'_>, domain: &Domain, place: Place) -> fmt::Result {
    match domain.node() {
        Node::Option { key, values } => write_option(f, key, values),
        Node::Product(parts) if parts.is_empty() => f.write_str("()"),
        Node::Sum(parts) if parts.is_empty() => f.write_str("none()"),
        Node::Sum(parts) => joined(f, parts, " + ", place >= Place::Sum, Place::Sum),
        Node::Product(parts) => joined(f, parts, " * ", place >= Place::Product, Place::Product),
        Node::Zip(parts) => joined(f, parts, " @ ", place >= Place::Zip, Place::Zip),
        Node::Weighted(weight, domain) => {
            let open = place >= Place::Product;
            // A product inside keeps its parentheses: the weight belongs to it as a whole.
            parenthesised(f, open, |f| {
                write!(f, "{weight:?} * {}", In(domain, Place::Product))
            })
        }
        Node::Where(domain, test) => parenthesised(f, place >= Place::Sum, |f| {
            // A condition of a condition needs parentheses around the inner one.
            let inner = match domain.node() {
                Node::Where(..) => Place::Sum,
                _ => Place::Top,
            };
            write!(f, "{} where {test}", In(domain, inner))
        }),
        Node::Distinct(domain) => write!(f, "distinct({domain})"),
        Node::Sample(domain, count) => write!(f, "sample({domain}, {count})"),
        Node::Difference(domain, other) => write!(f, "difference({domain}, {other})"),
        Node::Invalid(_) => f.write_str("<invalid>"),
    }
}

fn joined(
    f: &mut Formatter<'_>,
    parts: &[Domain],
    sign: &str,
    open: bool,
    place: Place,
) -> fmt::Result {
    parenthesised(f, open, |f| {
        parts.iter().enumerate().try_for_each(|(number, part)| {
            if number > 0 {
                f.write_str(sign)?;
            }
            write(f, part, place)
        })
    })
}

fn write_option(f: &mut Formatter<'_>, key: &Key, values: &Values) -> fmt::Result {
    write_name(f, &key.name)?;
    if let Some(alias) = &key.alias {
        f.write_str(" as ")?;
        write_quoted(f, alias)?;
    }
    f.write_str("=")?;
    match values {
        Values::List(values) => {
            f.write_str("[")?;
            separated(f, values)?;
            f.write_str("]")
        }
        Values::Sampler(sampler) => sampler.fmt(f),
    }
}
