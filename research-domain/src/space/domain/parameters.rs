//! The parameters of a domain, and those of each of its configs.

use std::collections::BTreeSet;

use super::error::DomainError;
use super::{Domain, Node};
use crate::space::option::{Key, Values};
use crate::space::predicate::Predicate;
use crate::value::{Listed, Value};

impl Domain {
    /// Returns the parameters with their aliases, in the order of their first appearance.
    pub fn parameters(&self) -> Vec<Key> {
        let mut found = Vec::new();
        self.collect_parameters(&mut found);
        found
    }

    /// Returns the parameters whose values are drawn from a distribution, by first appearance.
    ///
    /// ```
    /// use research_domain::Domain;
    ///
    /// let domain: Domain = "lr=log_uniform(1e-4, 1) * n=[1, 2]".parse().unwrap();
    /// assert_eq!(domain.sampled_parameters(), ["lr"]);
    /// ```
    pub fn sampled_parameters(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.collect_sampled(&mut found);
        found
    }

    fn collect_sampled<'a>(&'a self, found: &mut Vec<&'a str>) {
        if let Node::Option { key, values } = self.node()
            && matches!(values, Values::Distribution(_))
            && !found.contains(&key.name())
        {
            found.push(key.name());
        }
        for part in self.node().parts() {
            part.collect_sampled(found);
        }
    }

    fn collect_parameters(&self, found: &mut Vec<Key>) {
        if let Node::Option { key, .. } = self.node()
            && found.iter().all(|known| known.name != key.name)
        {
            found.push(key.clone());
        }
        for part in self.node().parts() {
            part.collect_parameters(found);
        }
    }

    /// Returns the sets of parameters that configs of the domain have: one for a product of
    /// options, several for a sum whose terms have different parameters.
    ///
    /// A set for which `keep` is false is left out, with the sets that contain it. So the number of
    /// sets stays bounded if only subsets of known sets are kept.
    ///
    /// ```
    /// use research_domain::{Domain, option};
    ///
    /// let domain = option("a", [1]) * (option("b", [2]) + option("c", [3]));
    /// let sets = domain.parameter_sets(&mut |_| true);
    /// assert_eq!(sets, [["a", "b"].into(), ["a", "c"].into()]);
    /// ```
    pub fn parameter_sets<'a>(
        &'a self,
        keep: &mut dyn FnMut(&BTreeSet<&'a str>) -> bool,
    ) -> Vec<BTreeSet<&'a str>> {
        let mut sets: Vec<BTreeSet<&str>> = Vec::new();
        match self.node() {
            Node::Option { key, .. } => {
                let set = BTreeSet::from([key.name()]);
                if keep(&set) {
                    sets.push(set);
                }
            }
            Node::Product(factors) | Node::Zip(factors) => {
                sets.push(BTreeSet::new());
                for factor in factors {
                    let own = factor.parameter_sets(keep);
                    let mut unions: Vec<BTreeSet<&str>> = Vec::new();
                    for (left, right) in sets
                        .iter()
                        .flat_map(|set| own.iter().map(move |o| (set, o)))
                    {
                        let union = left | right;
                        if !unions.contains(&union) && keep(&union) {
                            unions.push(union);
                        }
                    }
                    sets = unions;
                }
            }
            node => {
                for set in node
                    .parts()
                    .iter()
                    .flat_map(|part| part.parameter_sets(keep))
                {
                    if !sets.contains(&set) {
                        sets.push(set);
                    }
                }
            }
        }
        sets
    }

    /// Returns a part of the domain whose configs lack a parameter, such as a term of a sum; `None`
    /// if all configs have it, or if conditions may leave out those that lack it.
    ///
    /// ```
    /// use research_domain::{Domain, option};
    ///
    /// let domain = option("a", [1]) * (option("b", [2]) + option("c", [3]));
    /// assert_eq!(domain.part_without("a"), None);
    /// assert_eq!(domain.part_without("b").unwrap().to_string(), "c=[3]");
    /// ```
    #[must_use]
    pub fn part_without(&self, parameter: &str) -> Option<&Domain> {
        let is_empty = |part: &&Domain| part.len().is_ok_and(|len| len.finite() == Some(0));
        match self.node() {
            Node::Option { key, .. } => (key.name() != parameter).then_some(self),
            Node::Sum(terms) => {
                let mut terms = terms.iter().filter(|term| !is_empty(term));
                terms.find_map(|term| term.part_without(parameter))
            }
            Node::Product(factors) | Node::Zip(factors) => {
                let parts = factors
                    .iter()
                    .map(|factor| (factor, factor.part_without(parameter)));
                let parts: Option<Vec<_>> =
                    parts.map(|(factor, part)| Some((factor, part?))).collect();
                // Prefer a smaller part, of a factor in which the parameter occurs somewhere.
                let part = parts?.into_iter().find(|(factor, part)| factor != part);
                Some(part.map_or(self, |(_, part)| part))
            }
            Node::Where(inner, _) => {
                let is_parameter = |key: &Key| key.name() == parameter;
                match inner.parameters().iter().any(is_parameter) {
                    true => None,
                    false => Some(self),
                }
            }
            Node::Weighted(_, inner) | Node::Distinct(inner) | Node::Sample(inner, _) => {
                inner.part_without(parameter)
            }
            Node::Difference([inner, _]) => inner.part_without(parameter),
            Node::Invalid(_) => None,
        }
    }

    /// The product with `other`, in which parameters that both have get the values of `other`:
    /// `override(domain, other)` in expressions. A parameter of this domain in a condition cannot
    /// be overridden, because the condition is on its values here.
    ///
    /// ```
    /// use research_domain::option;
    ///
    /// let defaults = option("lr", [0.1]) * option("depth", [2]);
    /// let study = defaults.overridden_by(option("depth", [4, 8]));
    /// assert_eq!(study.to_string(), "lr=[0.1] * depth=[4, 8]");
    /// ```
    #[must_use]
    pub fn overridden_by(self, other: Domain) -> Domain {
        let names: Vec<String> = other
            .parameters()
            .iter()
            .map(|key| key.name.to_string())
            .collect();
        self.without(&names) * other
    }

    /// The domain without these parameters.
    fn without(&self, names: &[String]) -> Domain {
        let is_left_out = |part: &Domain| {
            let parameters = part.parameters();
            !parameters.is_empty()
                && parameters
                    .iter()
                    .all(|key| names.iter().any(|n| **n == *key.name))
        };
        match self.node() {
            Node::Option { key, .. } if names.iter().any(|name| **name == *key.name) => {
                Domain::new()
            }
            Node::Product(parts) | Node::Zip(parts) => {
                let join = match self.node() {
                    Node::Zip(_) => Node::Zip,
                    _ => Node::Product,
                };
                let kept = parts.iter().filter(|part| !is_left_out(part));
                let kept: Vec<Domain> = kept.map(|part| part.without(names)).collect();
                match kept.is_empty() {
                    true => Domain::new(),
                    false => Domain::joined(kept, join),
                }
            }
            Node::Where(_, Predicate::Condition(condition))
                if condition
                    .names()
                    .iter()
                    .any(|name| names.iter().any(|n| n == name)) =>
            {
                Domain::from_node(Node::Invalid(DomainError::OverriddenInCondition {
                    condition: condition.to_string(),
                }))
            }
            node => {
                let mut node = node.clone();
                let children = node.children_mut().iter_mut();
                children.for_each(|child| *child = child.without(names));
                Domain::from_node(node)
            }
        }
    }

    /// Returns the different values of a parameter, in the order of their first appearance.
    pub fn values(&self, name: &str) -> Vec<&Values> {
        match self.node() {
            Node::Option { key, values } if key.name() == name => vec![values],
            node => {
                let all = node.children().iter().flat_map(|child| child.values(name));
                all.fold(Vec::new(), |mut found, values| {
                    if !found.contains(&values) {
                        found.push(values);
                    }
                    found
                })
            }
        }
    }

    /// Returns the domain with other values of a parameter, in all options of this name.
    ///
    /// ```
    /// use research_domain::{Domain, option};
    ///
    /// let domain = option("a", [1, 2]) * option("b", [3]);
    /// assert_eq!(domain.with_values("a", &[5].into()).to_string(), "a=[5] * b=[3]");
    /// ```
    #[must_use]
    pub fn with_values(&self, name: &str, values: &Values) -> Domain {
        let mut node = self.node().clone();
        match &mut node {
            Node::Option { key, values: own } if key.name() == name => own.clone_from(values),
            node => {
                let children = node.children_mut().iter_mut();
                children.for_each(|child| *child = child.with_values(name, values));
            }
        }
        Domain::from_node(node)
    }

    /// Returns the domain with other values in its lists: `value` is called with each parameter and
    /// listed value, and the value that it returns, if any, replaces the listed one.
    #[must_use]
    pub fn with_listed(&self, value: &dyn Fn(&str, &Value) -> Option<Value>) -> Domain {
        let mut node = self.node().clone();
        match &mut node {
            Node::Option {
                key,
                values: Values::List(listed),
            } => {
                let replaced = |one: Listed| match value(key.name(), one.value()) {
                    Some(value) => one.with_value(value),
                    None => one,
                };
                *listed = std::mem::take(listed).into_iter().map(replaced).collect();
            }
            node => {
                let children = node.children_mut();
                children
                    .iter_mut()
                    .for_each(|child| *child = child.with_listed(value));
            }
        }
        Domain::from_node(node)
    }
}
