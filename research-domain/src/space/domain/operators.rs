//! `+`, `*` and weights in Rust.

use std::iter::{Product, Sum};
use std::ops::{Add, Mul};
use std::sync::Arc;

use super::error::DomainError;
use super::{Domain, Node};

impl Domain {
    /// Appends the domain to `parts`: the terms of a sum or the factors of a product one by one if
    /// `is_same_kind`, moved if the domain does not share them.
    fn append_to(self, parts: &mut Vec<Domain>, is_same_kind: fn(&Node) -> bool) {
        if !is_same_kind(self.node()) {
            return parts.push(self);
        }
        match Arc::unwrap_or_clone(self.node) {
            Node::Sum(own) | Node::Product(own) if parts.is_empty() => *parts = own,
            Node::Sum(own) | Node::Product(own) => parts.extend(own),
            other => parts.push(Domain::from_node(other)),
        }
    }

    fn combined(self, other: Domain, is_same_kind: fn(&Node) -> bool) -> Vec<Domain> {
        let mut parts = Vec::new();
        self.append_to(&mut parts, is_same_kind);
        other.append_to(&mut parts, is_same_kind);
        parts
    }
}

impl Add for Domain {
    type Output = Domain;

    fn add(self, other: Domain) -> Domain {
        Domain::sum(self.combined(other, |node| matches!(node, Node::Sum(_))))
    }
}

impl Mul for Domain {
    type Output = Domain;

    fn mul(self, other: Domain) -> Domain {
        Domain::product(self.combined(other, |node| matches!(node, Node::Product(_))))
    }
}

macro_rules! references {
    ($($name:ident, $method:ident;)*) => {$(
        impl $name<&Domain> for Domain {
            type Output = Domain;

            fn $method(self, other: &Domain) -> Domain {
                self.$method(other.clone())
            }
        }

        impl<T> $name<T> for &Domain
        where
            Domain: $name<T, Output = Domain>,
        {
            type Output = Domain;

            fn $method(self, other: T) -> Domain {
                self.clone().$method(other)
            }
        }
    )*};
}

references! {
    Add, add;
    Mul, mul;
}

macro_rules! weights {
    ($($number:ty)*) => {$(
        impl Mul<Domain> for $number {
            type Output = Domain;

            #[allow(clippy::cast_precision_loss, reason = "weights are floats")]
            #[allow(clippy::cast_lossless, reason = "one macro for all numbers")]
            fn mul(self, domain: Domain) -> Domain {
                domain.weighted(self as f64)
            }
        }

        impl Mul<&Domain> for $number {
            type Output = Domain;

            fn mul(self, domain: &Domain) -> Domain {
                self * domain.clone()
            }
        }

        impl Mul<$number> for Domain {
            type Output = Domain;

            fn mul(self, weight: $number) -> Domain {
                weight * self
            }
        }
    )*};
}

weights!(f64 i32 i64 u32 u64 usize);

/// All domains, one after the other: `domains.into_iter().sum::<Domain>()`.
impl Sum for Domain {
    fn sum<I: Iterator<Item = Domain>>(domains: I) -> Domain {
        Domain::sum(domains)
    }
}

/// The combinations of all domains.
impl Product for Domain {
    fn product<I: Iterator<Item = Domain>>(domains: I) -> Domain {
        Domain::product(domains)
    }
}

/// The domain of an expression. An error of the expression is one of the domain, which is reported
/// when it is validated, counted or iterated.
///
/// ```
/// use research_domain::{Domain, option};
///
/// assert_eq!(Domain::from("a=[1, 2]"), option("a", [1, 2]));
/// assert!(Domain::from("a=[1, 2").validate().is_err());
/// ```
impl From<&str> for Domain {
    fn from(expression: &str) -> Domain {
        let domain = expression.parse();
        domain.unwrap_or_else(|error| Domain::from_node(Node::Invalid(DomainError::Syntax(error))))
    }
}

impl From<String> for Domain {
    fn from(expression: String) -> Domain {
        Domain::from(expression.as_str())
    }
}

impl From<&Domain> for Domain {
    fn from(domain: &Domain) -> Domain {
        domain.clone()
    }
}
