//! The values that a condition asks parameters to be equal to.

use super::{Comparison, Condition, Term};
use crate::value::Value;

impl Condition {
    /// The literal values that parameters are compared with by `==`, `!=`, `in` and `not in`, each
    /// with the name of its parameter.
    ///
    /// ```
    /// use research_domain::{Condition, Value};
    ///
    /// let condition: Condition = "lr == 0.1 and (act in [\"relu\"] or C > 1)".parse().unwrap();
    /// let equalities = condition.equalities();
    /// assert_eq!(equalities, [("lr", &Value::from(0.1)), ("act", &Value::from("relu"))]);
    /// ```
    #[must_use]
    pub fn equalities(&self) -> Vec<(&str, &Value)> {
        let mut found = Vec::new();
        collect(&self.term, &mut found);
        found
    }

    /// The condition with other values in place of the literals that
    /// [`equalities`](Self::equalities) returns: `values` is called with each name and literal, and
    /// a parameter that was compared with the literal is compared with any of the values that it
    /// returns. Literals for which it returns `None` stay.
    ///
    /// ```
    /// use research_domain::{Condition, Value};
    ///
    /// let condition: Condition = "lr == 0.33 and C > 1".parse().unwrap();
    /// let exact = condition.with_equalities(&|_, _| Some(vec![Value::from(1.0 / 3.0)]));
    /// assert_eq!(exact.to_string(), "lr in [0.3333333333333333] and C > 1");
    /// ```
    #[must_use]
    pub fn with_equalities(
        &self,
        values: &dyn Fn(&str, &Value) -> Option<Vec<Value>>,
    ) -> Condition {
        Condition::new(replaced(&self.term, values))
    }
}

fn collect<'a>(term: &'a Term, found: &mut Vec<(&'a str, &'a Value)>) {
    match term {
        Term::Compare(comparison, left, right) if comparison.is_of_equality() => {
            if let Some((name, literal)) = name_and_literal(left, right) {
                found.push((name, literal));
            }
        }
        Term::In { item, list, .. } => {
            if let Some((name, values)) = name_and_list(item, list) {
                found.extend(values.iter().map(|value| (name, value)));
            }
        }
        Term::Not(term) => collect(term, found),
        Term::And(terms) | Term::Or(terms) => terms.iter().for_each(|term| collect(term, found)),
        _ => {}
    }
}

fn replaced(term: &Term, values: &dyn Fn(&str, &Value) -> Option<Vec<Value>>) -> Term {
    let all = |terms: &[Term]| terms.iter().map(|term| replaced(term, values)).collect();
    match term {
        Term::Compare(comparison, left, right) if comparison.is_of_equality() => {
            let found = name_and_literal(left, right)
                .and_then(|(name, literal)| Some((name, values(name, literal)?)));
            match found {
                Some((name, list)) => Term::In {
                    item: Box::new(Term::Name(name.into())),
                    list: Box::new(Term::Literal(Value::List(list))),
                    negated: *comparison == Comparison::Unequal,
                },
                None => term.clone(),
            }
        }
        Term::In {
            item,
            list,
            negated,
        } => match name_and_list(item, list) {
            Some((name, literals)) => {
                let list = literals.iter().flat_map(|literal| {
                    values(name, literal).unwrap_or_else(|| vec![literal.clone()])
                });
                Term::In {
                    item: item.clone(),
                    list: Box::new(Term::Literal(Value::List(list.collect()))),
                    negated: *negated,
                }
            }
            None => term.clone(),
        },
        Term::Not(term) => Term::Not(Box::new(replaced(term, values))),
        Term::And(terms) => Term::And(all(terms)),
        Term::Or(terms) => Term::Or(all(terms)),
        term => term.clone(),
    }
}

fn name_and_literal<'a>(left: &'a Term, right: &'a Term) -> Option<(&'a str, &'a Value)> {
    match (left, right) {
        (Term::Name(name), Term::Literal(literal)) | (Term::Literal(literal), Term::Name(name)) => {
            Some((name, literal))
        }
        _ => None,
    }
}

fn name_and_list<'a>(item: &'a Term, list: &'a Term) -> Option<(&'a str, &'a [Value])> {
    match (item, list) {
        (Term::Name(name), Term::Literal(Value::List(values))) => Some((name, values)),
        _ => None,
    }
}

impl Comparison {
    fn is_of_equality(self) -> bool {
        matches!(self, Comparison::Equal | Comparison::Unequal)
    }
}
