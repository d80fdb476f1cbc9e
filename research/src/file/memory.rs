//! Memory sizes and fractions.

use research_core::MemorySize;

use super::error::{Diagnostic, FileErrorKind};
use super::node::{Content, Node};

impl Node {
    /// Returns a memory size greater than zero.
    pub(crate) fn memory(&self, key: &str) -> Result<MemorySize, Diagnostic> {
        let reason = match &self.content {
            Content::Integer(_) => return Ok(MemorySize(self.integer(key, 1)?)),
            Content::Text(text) => match text.parse() {
                Ok(MemorySize(0)) => "must be greater than zero".to_owned(),
                Ok(memory) => return Ok(memory),
                Err(error) => error.to_string(),
            },
            _ => return Err(self.expected(key, "a memory size, such as \"6GiB\"")),
        };
        let key = key.to_owned();
        Err(FileErrorKind::Range { key, reason }.at(self.span))
    }

    /// Returns a fraction.
    pub(crate) fn share(&self, key: &str) -> Result<f64, Diagnostic> {
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

fn out_of_range(node: &Node, key: &str, number: &dyn std::fmt::Display) -> Diagnostic {
    let reason = format!("must be from 0 to 1, found {number}");
    let key = key.to_owned();
    FileErrorKind::Range { key, reason }.at(node.span)
}
