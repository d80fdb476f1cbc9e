//! Conditions over the parameters of a config.

mod display;
mod equalities;
pub(crate) mod evaluate;

use std::sync::Arc;

use crate::arithmetic::{Function, Operator};
use crate::value::Value;

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
#[must_use]
pub struct Condition {
    term: Arc<Term>,
    /// The number of levels of nested terms.
    depth: u32,
}

/// A part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Literal(Value),
    Name(Arc<str>),
    List(Vec<Term>),
    Unary(Function, Box<Term>),
    Binary(Operator, Box<[Term; 2]>),
    Compare(Comparison, Box<[Term; 2]>),
    /// Whether the first term is in the second one, a list.
    In {
        sides: Box<[Term; 2]>,
        negated: bool,
    },
    Not(Box<Term>),
    And(Vec<Term>),
    Or(Vec<Term>),
}

/// A comparison of two values.
///
/// ```
/// use research_domain::{Comparison, Value};
///
/// let less = Comparison::Less;
/// assert_eq!(less.apply(&Value::from(1), &Value::from(1.5)), Some(true));
/// assert_eq!(less.apply(&Value::from(1), &Value::from("a")), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `a == b`
    Equal,
    /// `a != b`
    Unequal,
    /// `a < b`
    Less,
    /// `a <= b`
    LessOrEqual,
    /// `a > b`
    Greater,
    /// `a >= b`
    GreaterOrEqual,
}

impl Comparison {
    /// The comparisons with their symbols, in the order of the enum.
    const ALL: [(Comparison, &'static str); 6] = [
        (Comparison::Equal, "=="),
        (Comparison::Unequal, "!="),
        (Comparison::Less, "<"),
        (Comparison::LessOrEqual, "<="),
        (Comparison::Greater, ">"),
        (Comparison::GreaterOrEqual, ">="),
    ];

    pub(crate) fn from_symbol(symbol: &str) -> Option<Comparison> {
        let known = Comparison::ALL.iter().find(|(_, known)| *known == symbol);
        known.map(|(comparison, _)| *comparison)
    }

    /// Returns the symbol, as conditions have it.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        Comparison::ALL[self as usize].1
    }
}

impl Condition {
    pub(crate) fn new(term: Term) -> Condition {
        Condition {
            depth: term.depth(),
            term: Arc::new(term),
        }
    }

    /// Returns the number of levels of nested terms.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// Returns the conjunction of both conditions; a chain of any length has two levels.
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

    /// Returns the conditions whose conjunction is this one.
    pub(crate) fn conjuncts(&self) -> impl Iterator<Item = Condition> {
        self.clone()
            .into_conjuncts()
            .into_iter()
            .map(Condition::new)
    }

    /// Returns the conjunction of all conditions.
    pub(crate) fn all(conditions: Vec<Condition>) -> Condition {
        let terms = conditions
            .into_iter()
            .map(|each| Arc::unwrap_or_clone(each.term));
        Condition::new(Term::And(terms.collect()))
    }

    /// Returns the names of the parameters in the condition.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.term.collect_names(&mut names);
        names
    }
}

impl Term {
    fn children(&self) -> &[Term] {
        match self {
            Term::Literal(_) | Term::Name(_) => &[],
            Term::List(terms) | Term::And(terms) | Term::Or(terms) => terms,
            Term::Unary(_, term) | Term::Not(term) => std::slice::from_ref(term),
            Term::Binary(_, sides) | Term::Compare(_, sides) | Term::In { sides, .. } => &**sides,
        }
    }

    /// Returns the number of levels of nested terms, which the parser limits.
    fn depth(&self) -> u32 {
        1 + self.children().iter().map(Term::depth).max().unwrap_or(0)
    }

    fn collect_names<'a>(&'a self, names: &mut Vec<&'a str>) {
        if let Term::Name(name) = self
            && !names.contains(&&**name)
        {
            names.push(name);
        }
        for child in self.children() {
            child.collect_names(names);
        }
    }
}
