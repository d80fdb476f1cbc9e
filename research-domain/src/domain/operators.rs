//! `+`, `*` and weights in Rust.

use std::ops::{Add, Mul};
use std::sync::Arc;

use super::{Domain, Node};

impl Domain {
    /// The parts of a sum or product, taken out without a copy where nobody else holds them.
    fn into_parts(self, kind: Kind) -> Vec<Domain> {
        if !kind.is(self.node()) {
            return vec![self];
        }
        match Arc::unwrap_or_clone(self.node) {
            Node::Sum(parts) | Node::Product(parts) => parts,
            other => vec![Domain::from_node(other)],
        }
    }

    fn joined(self, other: Domain, kind: Kind) -> Vec<Domain> {
        let mut parts = self.into_parts(kind);
        parts.extend(other.into_parts(kind));
        parts
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Sum,
    Product,
}

impl Kind {
    fn is(self, node: &Node) -> bool {
        match self {
            Kind::Sum => matches!(node, Node::Sum(_)),
            Kind::Product => matches!(node, Node::Product(_)),
        }
    }
}

impl Add for Domain {
    type Output = Domain;

    fn add(self, other: Domain) -> Domain {
        Domain::sum(self.joined(other, Kind::Sum))
    }
}

impl Mul for Domain {
    type Output = Domain;

    fn mul(self, other: Domain) -> Domain {
        Domain::product(self.joined(other, Kind::Product))
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
