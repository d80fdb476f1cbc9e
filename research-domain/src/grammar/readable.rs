//! Checks that the printed expression of a domain parses back.

use crate::space::domain::error::{DomainError, excerpt};
use crate::space::domain::{Domain, Node};
use crate::space::option::Values;
use crate::space::predicate::Predicate;

/// The depth up to which the parser reads every expression.
const ALWAYS_READABLE: u32 = 8;

impl Domain {
    /// Returns the expression of the domain, which parses back to it. (A domain without one can be
    /// printed as well, for messages.)
    ///
    /// ```
    /// use research_domain::{Domain, DomainError, option};
    ///
    /// let domain = option("a", [1, 2]).matching("a > 1");
    /// assert_eq!(domain.expression().unwrap(), "a=[1, 2] where a > 1");
    /// let filtered = option("a", [1, 2]).filter(|config| config.len() == 1);
    /// assert!(matches!(filtered.expression(), Err(DomainError::NoExpression { .. })));
    /// ```
    ///
    /// # Errors
    /// A part that is invalid, is filtered by a function of Rust, or is nested too deep.
    pub fn expression(&self) -> Result<String, DomainError> {
        check_parts(self)?;
        check_depth(self)?;
        Ok(self.to_string())
    }
}

/// Checks that a domain is not nested too deep to be read back from its expression, if it has one.
/// The second domain of a difference is checked by itself, as it is compiled.
pub(crate) fn check_readable(domain: &Domain) -> Result<(), DomainError> {
    if check_parts(domain).is_ok() {
        return check_depth(domain);
    }
    if let Node::Difference([_, other]) = domain.node() {
        check_readable(other)?;
    }
    let mut children = domain.node().children().iter();
    children.try_for_each(|child| match check_parts(child) {
        Ok(()) => Ok(()),
        Err(_) => check_readable(child),
    })
}

fn check_depth(domain: &Domain) -> Result<(), DomainError> {
    if domain.total_depth() <= ALWAYS_READABLE || domain.to_string().parse::<Domain>().is_ok() {
        return Ok(());
    }
    Err(DomainError::TooDeep)
}

/// Refuses the first part without an expression.
fn check_parts(domain: &Domain) -> Result<(), DomainError> {
    match domain.node() {
        Node::Option {
            values: Values::Distribution(distribution),
            ..
        } if distribution.is_too_deep() => Err(DomainError::TooDeep),
        Node::Option {
            values: Values::Distribution(distribution),
            ..
        } if distribution.has_function() => {
            let part = excerpt(domain);
            Err(DomainError::NoExpression { part })
        }
        Node::Where(_, Predicate::Function(_) | Predicate::UnknownFunction) => {
            let part = excerpt(domain);
            Err(DomainError::NoExpression { part })
        }
        Node::Invalid(error) => Err(error.clone()),
        node => node.children().iter().try_for_each(check_parts),
    }
}
