//! Which of its parameters each config of a domain has.

use std::collections::BTreeSet;

use super::{Domain, Node};
use crate::option::{Listed, Values};
use crate::value::Value;

impl Domain {
    /// The sets of parameters that configs of the domain have: one for a product of options, several
    /// where a sum has different parameters in its terms. A set for which `keep` is false is left
    /// out, and so are the sets that contain it; so the number of sets stays bounded where only
    /// subsets of known sets are kept.
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
        match self.node() {
            Node::Option { key, .. } => {
                let set = BTreeSet::from([key.name()]);
                if keep(&set) { vec![set] } else { Vec::new() }
            }
            Node::Sum(parts) => {
                let mut sets: Vec<BTreeSet<&str>> = Vec::new();
                for part in parts {
                    for set in part.parameter_sets(keep) {
                        if !sets.contains(&set) {
                            sets.push(set);
                        }
                    }
                }
                sets
            }
            Node::Product(parts) | Node::Zip(parts) => {
                let mut sets = vec![BTreeSet::new()];
                for part in parts {
                    let factors = part.parameter_sets(keep);
                    let mut joined: Vec<BTreeSet<&str>> = Vec::new();
                    for (set, factor) in pairs(&sets, &factors) {
                        let union = set.union(factor).copied().collect();
                        if !joined.contains(&union) && keep(&union) {
                            joined.push(union);
                        }
                    }
                    sets = joined;
                }
                sets
            }
            Node::Weighted(_, domain)
            | Node::Where(domain, _)
            | Node::Distinct(domain)
            | Node::Sample(domain, _)
            | Node::Difference(domain, _) => domain.parameter_sets(keep),
            Node::Invalid(_) => Vec::new(),
        }
    }

    /// The domain with other values in its lists: each listed value for which `value`, called with
    /// its parameter, returns one is replaced by it.
    #[must_use]
    pub fn with_listed(&self, value: &dyn Fn(&str, &Value) -> Option<Value>) -> Domain {
        let each = |parts: &[Domain]| parts.iter().map(|part| part.with_listed(value)).collect();
        Domain::from_node(match self.node() {
            Node::Option {
                key,
                values: Values::List(listed),
            } => {
                let replaced = |one: &Listed| one.with_value(value(key.name(), one.value()));
                Node::Option {
                    key: key.clone(),
                    values: Values::List(listed.iter().map(replaced).collect()),
                }
            }
            Node::Sum(parts) => Node::Sum(each(parts)),
            Node::Product(parts) => Node::Product(each(parts)),
            Node::Zip(parts) => Node::Zip(each(parts)),
            Node::Weighted(weight, domain) => Node::Weighted(*weight, domain.with_listed(value)),
            Node::Where(domain, test) => Node::Where(domain.with_listed(value), test.clone()),
            Node::Distinct(domain) => Node::Distinct(domain.with_listed(value)),
            Node::Sample(domain, count) => Node::Sample(domain.with_listed(value), *count),
            Node::Difference(domain, other) => {
                Node::Difference(domain.with_listed(value), other.with_listed(value))
            }
            node @ (Node::Option { .. } | Node::Invalid(_)) => node.clone(),
        })
    }
}

fn pairs<'s, T>(left: &'s [T], right: &'s [T]) -> impl Iterator<Item = (&'s T, &'s T)> {
    left.iter()
        .flat_map(move |one| right.iter().map(move |other| (one, other)))
}
