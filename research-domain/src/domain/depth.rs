//! How deep the parts of a domain are nested, and what of it can be read again.

use super::{Domain, DomainError, Node, part};
use crate::condition::Test;
use crate::option::Values;

impl Domain {
    /// How many domains can be inside each other: whatever walks through them needs stack.
    pub(super) const MAX_DEPTH: u32 = 200;

    /// Up to this depth, samplers and conditions included, the parser has room for whatever is
    /// printed.
    const ALWAYS_READABLE: u32 = 8;

    /// Checks that what the domain prints can be read again, as far as its depth goes.
    pub(crate) fn check_depth(&self) -> Result<(), DomainError> {
        if self.depth + self.inner_depth <= Domain::ALWAYS_READABLE || self.check_parts().is_err() {
            return Ok(());
        }
        match self.to_string().parse::<Domain>() {
            Ok(_) => Ok(()),
            Err(_) => Err(DomainError::TooDeep),
        }
    }

    /// Checks that what the domain prints can be read again.
    pub(super) fn check_expressible(&self) -> Result<(), DomainError> {
        self.check_parts()?;
        self.check_depth()
    }

    /// Refuses the first part that no expression says.
    fn check_parts(&self) -> Result<(), DomainError> {
        match self.node() {
            Node::Option { values, .. } => match values {
                Values::Sampler(sampler) if sampler.is_too_deep() => Err(DomainError::TooDeep),
                Values::Sampler(_) | Values::List(_) => Ok(()),
            },
            Node::Sum(parts) | Node::Product(parts) | Node::Zip(parts) => {
                parts.iter().try_for_each(Domain::check_parts)
            }
            Node::Where(_, Test::Function(_) | Test::Unknown) => {
                Err(DomainError::NoExpression { part: part(self) })
            }
            Node::Weighted(_, domain)
            | Node::Where(domain, Test::Condition(_))
            | Node::Distinct(domain)
            | Node::Sample(domain, _) => domain.check_parts(),
            Node::Difference(domain, other) => {
                domain.check_parts()?;
                other.check_parts()
            }
            Node::Invalid(error) => Err(error.clone()),
        }
    }
}

impl Node {
    /// How many domains are inside each other.
    pub(super) fn depth(&self) -> u32 {
        1 + self.deepest(|domain| domain.depth)
    }

    /// The depth of the deepest sampler or condition.
    pub(super) fn inner_depth(&self) -> u32 {
        let own = match self {
            Node::Option {
                values: Values::Sampler(sampler),
                ..
            } => sampler.depth(),
            Node::Where(_, Test::Condition(condition)) => condition.depth(),
            _ => 0,
        };
        own.max(self.deepest(|domain| domain.inner_depth))
    }

    fn deepest(&self, depth: fn(&Domain) -> u32) -> u32 {
        match self {
            Node::Option { .. } | Node::Invalid(_) => 0,
            Node::Sum(parts) | Node::Product(parts) | Node::Zip(parts) => {
                parts.iter().map(depth).max().unwrap_or(0)
            }
            Node::Weighted(_, domain)
            | Node::Where(domain, _)
            | Node::Distinct(domain)
            | Node::Sample(domain, _) => depth(domain),
            Node::Difference(domain, other) => depth(domain).max(depth(other)),
        }
    }
}
