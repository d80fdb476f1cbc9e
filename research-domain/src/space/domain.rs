//! Domains: expressions that describe a space of configs.

mod display;
pub(crate) mod error;
mod operators;
mod parameters;

use std::sync::Arc;

use super::condition::Condition;
use super::option::{Key, Values};
use super::predicate::Predicate;
use crate::config::Config;

use error::DomainError;

/// A space of configs: lazy at any size, and cheap to clone.
///
/// Domains are built from options: `*` is the Cartesian product, in which the left factor varies
/// slowest; `+` is all of the first, then all of the second; [`zip`](Domain::zip) pairs options
/// element by element, and varies slowest wherever it is in a product; a number times a domain
/// gives it a weight. Building a domain checks nothing: errors (a zip of unequal lengths, say) are
/// reported when the domain is validated, counted or iterated.
///
/// ```
/// use research_domain::{Domain, log_uniform, option};
///
/// let domain = option("model", ["small", "big"]) * option("lr", log_uniform(1e-5, 1e-1));
/// assert_eq!(domain.to_string(), r#"model=["small", "big"] * lr=log_uniform(1e-5, 0.1)"#);
/// assert_eq!(domain.to_string().parse::<Domain>().unwrap(), domain);
/// assert_eq!(domain.len().unwrap().finite(), Some(2));
/// ```
///
/// # Conditional parameters
/// A kernel with parameters of its own is a term of a sum.
///
/// ```
/// use research_domain::{Domain, option};
///
/// let domain = (option("kernel", ["linear"])
///     + option("kernel", ["rbf"]) * option("gamma", [0.1, 1.0]))
///     * option("c", [1, 10]);
/// let lines: Vec<String> = domain
///     .configs(&Default::default())
///     .unwrap()
///     .iter()
///     .map(|item| item.unwrap().config.to_string())
///     .collect();
/// assert_eq!(lines[0], r#"kernel="linear", c=1"#);
/// assert_eq!(lines[2], r#"kernel="rbf", gamma=0.1, c=1"#);
/// assert_eq!(lines.len(), 2 + 4);
/// ```
///
/// # Constraints
/// ```
/// use research_domain::option;
///
/// let domain = option("a", 0..100) * option("b", 0..100);
/// assert_eq!(domain.matching("a < b").len().unwrap().finite(), Some(4950));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    node: Arc<Node>,
    /// The number of levels of nested domains, this one included.
    depth: u32,
    /// The depth of the deepest distribution or condition.
    inner_depth: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Option {
        key: Key,
        values: Values,
    },
    Sum(Vec<Domain>),
    Product(Vec<Domain>),
    Zip(Vec<Domain>),
    Weighted(f64, Domain),
    Where(Domain, Predicate),
    Distinct(Domain),
    Sample(Domain, u64),
    /// The configs of the first domain that are not in the second.
    Difference([Domain; 2]),
    Invalid(DomainError),
}

impl Node {
    pub(crate) fn children(&self) -> &[Domain] {
        match self {
            Node::Option { .. } | Node::Invalid(_) => &[],
            Node::Sum(parts) | Node::Product(parts) | Node::Zip(parts) => parts,
            Node::Weighted(_, inner)
            | Node::Where(inner, _)
            | Node::Distinct(inner)
            | Node::Sample(inner, _) => std::slice::from_ref(inner),
            Node::Difference(sides) => sides,
        }
    }

    fn children_mut(&mut self) -> &mut [Domain] {
        match self {
            Node::Option { .. } | Node::Invalid(_) => &mut [],
            Node::Sum(parts) | Node::Product(parts) | Node::Zip(parts) => parts,
            Node::Weighted(_, inner)
            | Node::Where(inner, _)
            | Node::Distinct(inner)
            | Node::Sample(inner, _) => std::slice::from_mut(inner),
            Node::Difference(sides) => sides,
        }
    }

    /// Returns the children that configs of the domain come from.
    fn parts(&self) -> &[Domain] {
        match self {
            Node::Difference([inner, _]) => std::slice::from_ref(inner),
            node => node.children(),
        }
    }

    fn deepest(&self, depth: fn(&Domain) -> u32) -> u32 {
        self.children().iter().map(depth).max().unwrap_or(0)
    }
}

/// Returns a domain of one parameter, which takes each value of a list, or draws from a
/// distribution.
///
/// ```
/// use research_domain::{option, uniform};
///
/// let listed = option("a", [1, 2]) * option("b", vec!["x", "y"]) * option("c", 0..10);
/// assert_eq!(listed.len().unwrap().finite(), Some(40));
/// assert_eq!(option("d", uniform(0.0, 1.0)).len().unwrap().finite(), None);
/// ```
pub fn option(key: impl Into<Key>, values: impl Into<Values>) -> Domain {
    Domain::from_node(Node::Option {
        key: key.into(),
        values: values.into(),
    })
}

impl Domain {
    /// The maximum number of nested domains: recursion over them takes stack.
    const MAX_DEPTH: u32 = 200;

    /// Returns the domain of a node; an invalid one if the node is nested too deep.
    pub(crate) fn from_node(node: Node) -> Domain {
        let (node, depth) = match 1 + node.deepest(|domain| domain.depth) {
            depth @ 0..=Domain::MAX_DEPTH => (node, depth),
            _ => (Node::Invalid(DomainError::TooDeep), 1),
        };
        let own = match &node {
            Node::Option {
                values: Values::Distribution(distribution),
                ..
            } => distribution.depth(),
            Node::Where(_, Predicate::Condition(condition)) => condition.depth(),
            _ => 0,
        };
        Domain {
            inner_depth: own.max(node.deepest(|domain| domain.inner_depth)),
            node: Arc::new(node),
            depth,
        }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the number of nested levels, those of distributions and conditions included.
    pub(crate) fn total_depth(&self) -> u32 {
        self.depth + self.inner_depth
    }

    /// Creates the domain of one config without parameters, the neutral element of products.
    pub fn new() -> Domain {
        Domain::product([])
    }

    /// Returns the product of all domains, in order.
    pub fn product(domains: impl IntoIterator<Item = Domain>) -> Domain {
        Domain::joined(domains, Node::Product)
    }

    /// Returns all configs of the first domain, then all of the second, and so on. A sum of no
    /// domains is empty.
    pub fn sum(domains: impl IntoIterator<Item = Domain>) -> Domain {
        Domain::joined(domains, Node::Sum)
    }

    /// Returns a domain of several parts; a single part stays as it is.
    pub(crate) fn joined(
        parts: impl IntoIterator<Item = Domain>,
        join: fn(Vec<Domain>) -> Node,
    ) -> Domain {
        let mut parts: Vec<Domain> = parts.into_iter().collect();
        match parts.len() {
            1 => parts.swap_remove(0),
            _ => Domain::from_node(join(parts)),
        }
    }

    /// Pairs two options, or earlier zips, of equal lengths element by element (`@` in
    /// expressions).
    ///
    /// In a product a zip varies slowest: each of its rows is combined with all configs of the
    /// other factors before the next row. For a weight it is one grid.
    ///
    /// ```
    /// use research_domain::option;
    ///
    /// let pairs = option("a", [1, 2]).zip(option("b", ["x", "y"]));
    /// assert_eq!(pairs.len().unwrap().finite(), Some(2));
    /// assert!(option("a", [1, 2]).zip(option("b", [1])).validate().is_err());
    /// ```
    #[must_use]
    pub fn zip(self, other: Domain) -> Domain {
        let mut parts = match self.node() {
            Node::Zip(parts) => parts.clone(),
            _ => vec![self],
        };
        parts.push(other);
        Domain::from_node(Node::Zip(parts))
    }

    /// Gives the domain a weight (`0.5 * domain`).
    ///
    /// Adjacent terms of a sum that have weights form a block: each config comes from one of their
    /// grids, chosen in proportion to the weights of those that are not exhausted. A part that has
    /// a weight already gets the product of both.
    #[must_use]
    pub fn weighted(self, weight: f64) -> Domain {
        Domain::from_node(Node::Weighted(weight, self))
    }

    /// Adds a condition. If the domain has one already, the result has the conjunction of both.
    pub(crate) fn restricted_to(self, condition: Condition) -> Domain {
        if !matches!(self.node(), Node::Where(_, Predicate::Condition(_))) {
            return Domain::from_node(Node::Where(self, Predicate::Condition(condition)));
        }
        let (inner, condition) = match Arc::unwrap_or_clone(self.node) {
            Node::Where(inner, Predicate::Condition(before)) => (inner, before.and(condition)),
            other => (Domain::from_node(other), condition),
        };
        Domain::from_node(Node::Where(inner, Predicate::Condition(condition)))
    }

    /// Returns the configs for which a function is true. Such a domain has no
    /// [`expression`](Domain::expression), unlike one with a condition
    /// ([`matching`](Domain::matching)).
    #[must_use]
    pub fn filter(self, keep: impl Fn(&Config) -> bool + Send + Sync + 'static) -> Domain {
        Domain::from_node(Node::Where(self, Predicate::Function(Arc::new(keep))))
    }

    /// Returns the domain without duplicates: each config at its first position. Configs are
    /// duplicates if their values are equal, whatever the order of their keys and their aliases.
    ///
    /// ```
    /// use research_domain::option;
    ///
    /// let domain = (option("a", [1, 2]) + option("a", [2, 3])).distinct();
    /// assert_eq!(domain.len().unwrap().finite(), Some(3));
    /// ```
    #[must_use]
    pub fn distinct(self) -> Domain {
        Domain::from_node(Node::Distinct(self))
    }

    /// Returns a random sample of `count` configs without replacement, in random order; all of
    /// them, shuffled, if there are fewer. The sample depends on the seed of the
    /// [`Iteration`](crate::Iteration). Nothing is materialised: the order is a computed
    /// permutation.
    ///
    /// ```
    /// use research_domain::option;
    ///
    /// let huge = option("a", 0..1000) * option("b", 0..1000) * option("c", 0..1000);
    /// assert_eq!(huge.sample(20).len().unwrap().finite(), Some(20));
    /// ```
    #[must_use]
    pub fn sample(self, count: u64) -> Domain {
        // Expressions hold integers of 63 bits.
        Domain::from_node(Node::Sample(self, count.min(i64::MAX as u64)))
    }

    /// Returns the configs that `other` does not have: the remaining ones when a study is extended.
    ///
    /// ```
    /// use research_domain::option;
    ///
    /// let old = option("a", [1, 2]) * option("b", [1, 2]);
    /// let new = option("a", [1, 2, 3]) * option("b", [1, 2]);
    /// assert_eq!(new.difference(old).len().unwrap().finite(), Some(2));
    /// ```
    #[must_use]
    pub fn difference(self, other: Domain) -> Domain {
        Domain::from_node(Node::Difference([self, other]))
    }
}

impl Default for Domain {
    fn default() -> Domain {
        Domain::new()
    }
}
