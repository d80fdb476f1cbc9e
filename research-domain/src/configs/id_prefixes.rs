//! Readable prefixes of ids.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use super::iteration::Item;
use crate::space::domain::Domain;

/// Generates the prefixes of ids: for each parameter, in the order of their first appearance in the
/// domain, the number of its value's alias, in the order of first use; then the repetition.
///
/// ```
/// use research_domain::{IdPrefixes, Iteration, option};
///
/// let domain = option("a", ["x", "y"]) * option("b", [1, 2]) + option("a", ["z"]);
/// let mut prefixes = IdPrefixes::new(2);
/// prefixes.add_parameters(&domain);
/// let generated: Vec<String> = domain
///     .configs(&Iteration::default())
///     .unwrap()
///     .iter()
///     .map(|item| prefixes.prefix(&item.unwrap()))
///     .collect();
/// assert_eq!(generated[1], "00_01_00_");
/// assert_eq!(generated[4], "02_null_00_");
/// ```
#[derive(Clone, Debug)]
pub struct IdPrefixes {
    digits: usize,
    parameters: Vec<Parameter>,
}

#[derive(Clone, Debug)]
struct Parameter {
    name: Arc<str>,
    numbers: HashMap<Box<str>, usize>,
}

impl IdPrefixes {
    /// Creates a generator of prefixes whose numbers have at least this many digits.
    pub fn new(digits: u8) -> IdPrefixes {
        IdPrefixes {
            digits: usize::from(digits.max(1)),
            parameters: Vec::new(),
        }
    }

    /// Adds the new parameters of a domain, at the start and when the domain is updated.
    pub fn add_parameters(&mut self, domain: &Domain) {
        for key in domain.parameters() {
            if self.parameters.iter().all(|known| known.name != key.name) {
                self.parameters.push(Parameter {
                    name: key.name,
                    numbers: HashMap::new(),
                });
            }
        }
    }

    /// Returns the prefix of an item's id; items must come in the order of the domain.
    pub fn prefix(&mut self, item: &Item) -> String {
        let mut prefix = String::new();
        for parameter in &mut self.parameters {
            match item.config.alias(&parameter.name) {
                Some(alias) => {
                    let next = parameter.numbers.len();
                    let number = match parameter.numbers.get(&*alias) {
                        Some(number) => *number,
                        None => *parameter.numbers.entry(alias.into()).or_insert(next),
                    };
                    push_number(&mut prefix, number as u64, self.digits);
                }
                None => prefix.push_str("null_"),
            }
        }
        push_number(&mut prefix, item.repetition, self.digits);
        prefix
    }
}

fn push_number(prefix: &mut String, number: u64, digits: usize) {
    // Writing to a String does not fail.
    let _ = write!(prefix, "{number:0digits$}_");
}
