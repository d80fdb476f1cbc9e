//! Amounts of memory, and shares of it.

use research_core::MemorySize;

use super::error::{Fault, Problem};
use super::node::{Content, Node};

impl Node {
    /// An amount of memory, more than none.
    pub(crate) fn memory(&self, key: &str) -> Result<MemorySize, Fault> {
        let reason = match &self.content {
            Content::Integer(_) => return Ok(MemorySize(self.integer(key, 1)?)),
            Content::Text(text) => match text.parse() {
                Ok(MemorySize(0)) => "it must be more than nothing".to_owned(),
                Ok(memory) => return Ok(memory),
                Err(error) => error.to_string(),
            },
            _ => return Err(self.expected(key, "an amount of memory, such as \"6GiB\"")),
        };
        let key = key.to_owned();
        Err(Problem::Range { key, reason }.at(self.span))
    }

    /// A share of something.
    pub(crate) fn share(&self, key: &str) -> Result<f64, Fault> {
        let share = match self.content {
            Content::Integer(0) => 0.0,
            Content::Integer(1) => 1.0,
            Content::Integer(number) => {
                return Err(out_of_range(self, key, &number));
            }
            Content::Float(share) => share,
            _ => return Err(self.expected(key, "a number from 0 to 1")),
        };
        if (0.0..=1.0).contains(&share) {
            Ok(share)
        } else {
            Err(out_of_range(self, key, &share))
        }
    }
}

fn out_of_range(node: &Node, key: &str, number: &dyn std::fmt::Display) -> Fault {
    let reason = format!("it is a share, from 0 to 1, and is {number}");
    let key = key.to_owned();
    Problem::Range { key, reason }.at(node.span)
}
