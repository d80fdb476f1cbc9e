//! `+`, `*` and weights in Rust.

use std::ops::{Add, Mul};
use std::sync::Arc;

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

impl Mul<Domain> for f64 {
    type Output = Domain;

    fn mul(self, domain: Domain) -> Domain {
        domain.weighted(self)
    }
}

impl Mul<f64> for Domain {
    type Output = Domain;

    fn mul(self, weight: f64) -> Domain {
        self.weighted(weight)
    }
}
