//! Domains: expressions that say which configs there are.

mod depth;
mod error;
mod operators;
mod print;
mod subsets;
mod wire;

use std::str::FromStr;
use std::sync::Arc;

use crate::condition::{Condition, Test};
use crate::config::Config;
use crate::configs::{Configs, Iteration};
use crate::count::Count;
use crate::grammar::{self, SyntaxError};
use crate::option::{Key, Values};
use crate::plan::{Plan, Seeding};

pub use error::DomainError;
pub(crate) use error::part;

/// A space of configs, lazy at any size and cheap to clone.
///
/// Domains are made of options and combined: `*` is the Cartesian product, whose left factor
/// varies slowest; `+` is all of one, then all of the other; [`zip`](Domain::zip) pairs options
/// element by element, and varies slowest wherever it stands in a product; a number times a domain
/// gives it a weight. A domain is only a description: what is wrong with it (a zip of unequal
/// lengths, say) is reported when it is validated, counted or iterated.
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
/// # Parameters that exist only with others
/// `+` and `*` say it: a kernel with its own parameters is a term of a sum.
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
    /// How many domains are inside each other, this one included.
    depth: u32,
    /// The depth of the deepest sampler or condition.
    inner_depth: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Option { key: Key, values: Values },
    Sum(Vec<Domain>),
    Product(Vec<Domain>),
    Zip(Vec<Domain>),
    Weighted(f64, Domain),
    Where(Domain, Test),
    Distinct(Domain),
    Sample(Domain, u64),
    Difference(Domain, Domain),
    Invalid(DomainError),
}

/// A domain of one parameter that takes each value of a list, or draws of a sampler.
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
    /// The domain of a node; an invalid one where the node is nested too deep.
    pub(crate) fn from_node(node: Node) -> Domain {
        let (node, depth) = match node.depth() {
            depth @ 0..=Domain::MAX_DEPTH => (node, depth),
            _ => (Node::Invalid(DomainError::TooDeep), 1),
        };
        Domain {
            inner_depth: node.inner_depth(),
            node: Arc::new(node),
            depth,
        }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// The domain of one config without parameters: it changes nothing in a product.
    pub fn new() -> Domain {
        Domain::product([])
    }

    /// The product of all these domains, in order.
    pub fn product(domains: impl IntoIterator<Item = Domain>) -> Domain {
        let mut domains: Vec<Domain> = domains.into_iter().collect();
        match domains.len() {
            1 => domains.swap_remove(0),
            _ => Domain::from_node(Node::Product(domains)),
        }
    }

    /// All of the first domain, then all of the second, and so on. A sum of no domains has no
    /// configs.
    pub fn sum(domains: impl IntoIterator<Item = Domain>) -> Domain {
        let mut domains: Vec<Domain> = domains.into_iter().collect();
        match domains.len() {
            1 => domains.swap_remove(0),
            _ => Domain::from_node(Node::Sum(domains)),
        }
    }

    /// Pairs two options, or earlier zips, of equal lengths element by element (`@` in
    /// expressions).
    ///
    /// In a product a zip varies slowest, since each of its rows is paired with all cubes of the
    /// other factors before the next one comes; to a weight it is one cube.
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

    /// Gives the domain a weight: neighbours in a sum that have weights form one block, whose
    /// cubes are drawn from in proportion to their weights until they are exhausted. A part that
    /// has a weight already gets the product of both. `0.5 * domain` is the same.
    #[must_use]
    pub fn weighted(self, weight: f64) -> Domain {
        Domain::from_node(Node::Weighted(weight, self))
    }

    /// Only the configs for which a condition is true: `where` in expressions.
    ///
    /// A condition compares (`==`, `!=`, `<`, `<=`, `>`, `>=`, `in [1, 2]`, `not in`), calculates
    /// (`+ - * / % **`, `abs`, `exp`, `log`, `sqrt`, `floor`, `ceil`, `round`), and joins with
    /// `and`, `or`, `not`. A parameter that a config does not have is `null`, and no number is
    /// less or greater than `null`. Conditions over lists are counted without looking at every
    /// config, unless one of them ties very many combinations together; those over drawn values
    /// drop configs as they come.
    ///
    /// ```
    /// use research_domain::option;
    ///
    /// let layers = option("depth", [2, 4, 8]) * option("width", [64, 256, 1024]);
    /// let small = layers.matching("depth * width <= 1024 and width != 64");
    /// assert_eq!(small.len().unwrap().finite(), Some(2));
    /// ```
    #[doc(alias = "where")]
    #[must_use]
    pub fn matching(self, condition: &str) -> Domain {
        match condition.parse::<Condition>() {
            Ok(condition) => self.restricted_to(condition),
            Err(error) => Domain::from_node(Node::Invalid(DomainError::Syntax(error))),
        }
    }

    /// A condition of a domain that has one already becomes a part of that.
    pub(crate) fn restricted_to(self, condition: Condition) -> Domain {
        if !matches!(self.node(), Node::Where(_, Test::Condition(_))) {
            return Domain::from_node(Node::Where(self, Test::Condition(condition)));
        }
        let (inner, condition) = match Arc::unwrap_or_clone(self.node) {
            Node::Where(inner, Test::Condition(before)) => (inner, before.and(condition)),
            other => (Domain::from_node(other), condition),
        };
        Domain::from_node(Node::Where(inner, Test::Condition(condition)))
    }

    /// Only the configs for which a function is true. Such a domain cannot be written as an
    /// [`expression`](Domain::expression); with [`matching`](Domain::matching) it can.
    #[must_use]
    pub fn filter(self, keep: impl Fn(&Config) -> bool + Send + Sync + 'static) -> Domain {
        Domain::from_node(Node::Where(self, Test::function(keep)))
    }

    /// Each config once, at its first place. Configs are the same when their values are, whatever
    /// the order of their keys and their aliases.
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

    /// `count` configs at random, in a shuffled order, none of them twice; all of them shuffled
    /// when there are fewer. Which ones depends on the seed of the [`Iteration`]. Nothing is
    /// materialised: the order is a permutation that is calculated.
    ///
    /// ```
    /// use research_domain::option;
    ///
    /// let huge = option("a", 0..1000) * option("b", 0..1000) * option("c", 0..1000);
    /// assert_eq!(huge.sample(20).len().unwrap().finite(), Some(20));
    /// ```
    #[must_use]
    pub fn sample(self, count: u64) -> Domain {
        // Expressions write integers of 63 bits; nobody iterates so many.
        Domain::from_node(Node::Sample(self, count.min(i64::MAX as u64)))
    }

    /// The configs that the other domain does not have: what is left to run when a study is
    /// extended.
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
        Domain::from_node(Node::Difference(self, other))
    }

    /// Checks every part.
    ///
    /// # Errors
    /// The first thing that is wrong, with the part of the expression.
    pub fn validate(&self) -> Result<(), DomainError> {
        Plan::new(self, Seeding::default()).map(drop)
    }

    /// The domain as an expression that parses back to it. (Printing a domain gives the same
    /// text, and something to look at where there is no such expression.)
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
    /// A part is invalid, is filtered by a function of Rust, or is nested too deep.
    pub fn expression(&self) -> Result<String, DomainError> {
        self.check_expressible()?;
        Ok(self.to_string())
    }

    /// The number of configs, without repetitions.
    ///
    /// # Errors
    /// What [`validate`](Domain::validate) reports, and a number beyond 128 bits. A condition
    /// over several parameters is counted by looking at configs, up to a limit; one over drawn
    /// values depends on the seed, which is zero here: ask
    /// [`Configs::size`](crate::Configs::size) for that of an iteration.
    pub fn len(&self) -> Result<Count, DomainError> {
        Plan::new(self, Seeding::default())?.len()
    }

    /// Whether there are no configs.
    ///
    /// # Errors
    /// As [`len`](Domain::len).
    pub fn is_empty(&self) -> Result<bool, DomainError> {
        Ok(self.len()? == Count::Finite(0))
    }

    /// The parameters, each with its alias, in the order in which they first appear.
    pub fn parameters(&self) -> Vec<Key> {
        let mut found = Vec::new();
        self.collect_parameters(&mut found);
        found
    }

    fn collect_parameters(&self, found: &mut Vec<Key>) {
        match self.node() {
            Node::Option { key, .. } => {
                if found.iter().all(|known| known.name != key.name) {
                    found.push(key.clone());
                }
            }
            Node::Sum(parts) | Node::Product(parts) | Node::Zip(parts) => {
                parts.iter().for_each(|part| part.collect_parameters(found));
            }
            Node::Weighted(_, domain)
            | Node::Where(domain, _)
            | Node::Distinct(domain)
            | Node::Sample(domain, _)
            | Node::Difference(domain, _) => domain.collect_parameters(found),
            Node::Invalid(_) => {}
        }
    }

    /// The configs in the order and with the repetitions that the iteration says.
    ///
    /// # Errors
    /// What [`validate`](Domain::validate) reports, and an iteration that is impossible.
    pub fn configs(&self, iteration: &Iteration) -> Result<Configs, DomainError> {
        Configs::new(self, iteration)
    }
}

impl Default for Domain {
    fn default() -> Domain {
        Domain::new()
    }
}

/// Reads a domain expression; see the crate's documentation for the grammar.
impl FromStr for Domain {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Domain, SyntaxError> {
        grammar::parse_domain(text)
    }
}
