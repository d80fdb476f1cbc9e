//! Conditions over the parameters of a config.

mod equalities;
mod evaluate;
mod print;

use std::fmt::{self, Debug, Display, Formatter};
use std::str::FromStr;
use std::sync::Arc;

use crate::config::Config;
use crate::grammar::{self, SyntaxError};
use crate::sampler::{Function, Operator};
use crate::value::Value;

pub use evaluate::ConditionError;

/// A condition over parameters, such as `a < b and kernel in ["rbf", "poly"]`.
///
/// ```
/// use research_domain::{Condition, Config};
///
/// let condition: Condition = "a + 1 < b or name == \"x\"".parse().unwrap();
/// let config = Config::from_pairs([("a", 1), ("b", 3)]);
/// assert!(condition.holds(&config).unwrap());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    term: Arc<Term>,
    /// How many terms are inside each other.
    depth: u32,
}

/// A part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Literal(Value),
    Name(Arc<str>),
    List(Vec<Term>),
    Unary(Function, Box<Term>),
    Binary(Operator, Box<Term>, Box<Term>),
    Compare(Comparison, Box<Term>, Box<Term>),
    In {
        item: Box<Term>,
        list: Box<Term>,
        negated: bool,
    },
    Not(Box<Term>),
    And(Vec<Term>),
    Or(Vec<Term>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::Unequal => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

impl Condition {
    pub(crate) fn new(term: Term) -> Condition {
        Condition {
            depth: term.depth(),
            term: Arc::new(term),
        }
    }

    /// How many terms are inside each other.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// The condition that holds when both hold; a chain of any length has two levels.
    pub(crate) fn and(self, other: Condition) -> Condition {
        let inner = |condition: &Condition| match &*condition.term {
            Term::And(_) => condition.depth - 1,
            _ => condition.depth,
        };
        let depth = inner(&self).max(inner(&other)) + 1;
        let mut terms = self.into_conjuncts();
        terms.extend(other.into_conjuncts());
        Condition {
            term: Arc::new(Term::And(terms)),
            depth,
        }
    }

    fn into_conjuncts(self) -> Vec<Term> {
        match Arc::unwrap_or_clone(self.term) {
            Term::And(terms) => terms,
            term => vec![term],
        }
    }

    /// Whether the condition is true for the config; `null` counts as false.
    ///
    /// # Errors
    /// Comparing or calculating with values of unfit types.
    pub fn holds(&self, config: &Config) -> Result<bool, ConditionError> {
        self.holds_for(&|name| config.get(name))
    }

    /// [`Condition::holds`] for values that are looked up by name.
    pub(crate) fn holds_for<'a>(
        &'a self,
        value: &dyn Fn(&str) -> Option<&'a Value>,
    ) -> Result<bool, ConditionError> {
        evaluate::truth(&self.term, value)
    }

    /// The names of the parameters that the condition looks at.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.term.collect_names(&mut names);
        names
    }

    /// The conditions that hold together exactly when this one holds.
    pub(crate) fn conjuncts(&self) -> Vec<Condition> {
        match &*self.term {
            Term::And(terms) => terms.iter().cloned().map(Condition::new).collect(),
            _ => vec![self.clone()],
        }
    }

    /// The condition that holds when all of these hold.
    pub(crate) fn all(conditions: Vec<Condition>) -> Condition {
        let terms = conditions
            .into_iter()
            .map(|condition| Arc::unwrap_or_clone(condition.term));
        Condition::new(Term::And(terms.collect()))
    }
}

impl Term {
    /// How many terms are inside each other. The parser has a limit, so this ends.
    fn depth(&self) -> u32 {
        let deepest = |terms: &[Term]| terms.iter().map(Term::depth).max().unwrap_or(0);
        1 + match self {
            Term::Literal(_) | Term::Name(_) => 0,
            Term::List(terms) | Term::And(terms) | Term::Or(terms) => deepest(terms),
            Term::Unary(_, term) | Term::Not(term) => term.depth(),
            Term::Binary(_, left, right) | Term::Compare(_, left, right) => {
                left.depth().max(right.depth())
            }
            Term::In { item, list, .. } => item.depth().max(list.depth()),
        }
    }

    fn collect_names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Term::Literal(_) => {}
            Term::Name(name) => {
                if !names.contains(&&**name) {
                    names.push(name);
                }
            }
            Term::List(terms) | Term::And(terms) | Term::Or(terms) => {
                terms.iter().for_each(|term| term.collect_names(names));
            }
            Term::Unary(_, term) | Term::Not(term) => term.collect_names(names),
            Term::Binary(_, left, right) | Term::Compare(_, left, right) => {
                left.collect_names(names);
                right.collect_names(names);
            }
            Term::In { item, list, .. } => {
                item.collect_names(names);
                list.collect_names(names);
            }
        }
    }
}

impl FromStr for Condition {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Condition, SyntaxError> {
        grammar::parse_condition(text)
    }
}

/// What decides whether a config stays: a condition, or a function of Rust.
#[derive(Clone)]
pub(crate) enum Test {
    Condition(Condition),
    Function(Arc<dyn Fn(&Config) -> bool + Send + Sync>),
    /// A function of another program, of which only its place was recorded.
    Unknown,
}

impl Test {
    pub(crate) fn function(keep: impl Fn(&Config) -> bool + Send + Sync + 'static) -> Test {
        Test::Function(Arc::new(keep))
    }

    pub(crate) fn holds(&self, config: &Config) -> Result<bool, ConditionError> {
        match self {
            Test::Condition(condition) => condition.holds(config),
            Test::Function(keep) => Ok(keep(config)),
            Test::Unknown => Err(ConditionError::Unknown),
        }
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Test::Condition(condition) => Display::fmt(condition, f),
            Test::Function(_) | Test::Unknown => f.write_str("<a function>"),
        }
    }
}

impl Debug for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl PartialEq for Test {
    fn eq(&self, other: &Test) -> bool {
        match (self, other) {
            (Test::Condition(a), Test::Condition(b)) => a == b,
            (Test::Function(a), Test::Function(b)) => Arc::ptr_eq(a, b),
            (Test::Unknown, Test::Unknown) => true,
            _ => false,
        }
    }
}
