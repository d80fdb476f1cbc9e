//! The values with which a condition compares parameters for equality.

use super::{Comparison, Condition, Term};
use crate::value::Value;

impl Condition {
    /// Returns the literals that parameters are compared with by `==`, `!=`, `in` and `not in`,
    /// each with the name of its parameter.
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

    /// Returns the condition with other values in place of the literals of
    /// [`equalities`](Self::equalities).
    ///
    /// `values` is called with each name and literal. The new condition compares the parameter with
    /// any of the values that it returns. A literal for which it returns `None` stays.
    ///
    /// ```
    /// use research_domain::{Condition, Value};
    ///
    /// let condition: Condition = "lr == 0.33 and C > 1".parse().unwrap();
    /// let exact = condition.with_equalities(&|_, _| Some(vec![Value::from(1.0 / 3.0)]));
    /// assert_eq!(exact.to_string(), "lr in [0.3333333333333333] and C > 1");
    /// ```
    pub fn with_equalities(
        &self,
        values: &dyn Fn(&str, &Value) -> Option<Vec<Value>>,
    ) -> Condition {
        Condition::new(replaced(&self.term, values))
    }
}

/// Returns the parameter and the literals that it is compared with for equality, if the term is
/// such a comparison.
fn equality(term: &Term) -> Option<(&str, &[Value])> {
    match term {
        Term::Compare(Comparison::Equal | Comparison::Unequal, sides) => match &**sides {
            [Term::Name(name), Term::Literal(value)] | [Term::Literal(value), Term::Name(name)] => {
                Some((name, std::slice::from_ref(value)))
            }
            _ => None,
        },
        Term::In { sides, .. } => match &**sides {
            [Term::Name(name), Term::Literal(Value::List(values))] => Some((name, values)),
            _ => None,
        },
        _ => None,
    }
}

fn collect<'a>(term: &'a Term, found: &mut Vec<(&'a str, &'a Value)>) {
    if let Some((name, values)) = equality(term) {
        found.extend(values.iter().map(|value| (name, value)));
    }
    if let Term::Not(_) | Term::And(_) | Term::Or(_) = term {
        term.children().iter().for_each(|term| collect(term, found));
    }
}

fn replaced(term: &Term, values: &dyn Fn(&str, &Value) -> Option<Vec<Value>>) -> Term {
    let all = |terms: &[Term]| terms.iter().map(|term| replaced(term, values)).collect();
    match term {
        Term::Not(term) => return Term::Not(Box::new(replaced(term, values))),
        Term::And(terms) => return Term::And(all(terms)),
        Term::Or(terms) => return Term::Or(all(terms)),
        _ => {}
    }
    let Some((name, literals)) = equality(term) else {
        return term.clone();
    };
    let negated = match term {
        Term::In { negated, .. } => *negated,
        Term::Compare(..)
            if literals
                .iter()
                .all(|literal| values(name, literal).is_none()) =>
        {
            return term.clone();
        }
        term => matches!(term, Term::Compare(Comparison::Unequal, _)),
    };
    let list = literals
        .iter()
        .flat_map(|literal| values(name, literal).unwrap_or_else(|| vec![literal.clone()]));
    let list = Term::Literal(Value::List(list.collect()));
    Term::In {
        sides: Box::new([Term::Name(name.into()), list]),
        negated,
    }
}
