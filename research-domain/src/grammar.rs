//! The text form of domains, distributions and conditions.
//!
//! A hand-written parser by recursive descent over tokens. It knows at every token which tokens can
//! follow, and its errors name them.

mod arithmetic;
mod condition;
mod distribution;
mod domain;
mod lexer;
mod parser;
pub(crate) mod readable;
mod series;
mod table;
mod value;

use std::str::FromStr;

use crate::space::condition::Condition;
use crate::space::domain::error::DomainError;
use crate::space::domain::{Domain, Node};
use crate::space::option::Values;
use crate::syntax::error::SyntaxError;

use parser::Parser;

/// Parses a domain expression; see the documentation of the crate for the grammar.
impl FromStr for Domain {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Domain, SyntaxError> {
        Parser::new(text)?.complete(Parser::domain)
    }
}

/// Parses a condition; see the documentation of the crate for the grammar.
impl FromStr for Condition {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Condition, SyntaxError> {
        Parser::new(text)?.complete(|parser| parser.term().map(Condition::new))
    }
}

/// Parses the right side of `=` in a domain expression: a list or a distribution.
///
/// ```
/// use research_domain::{Values, uniform};
///
/// assert_eq!("uniform(0, 1)".parse::<Values>(), Ok(uniform(0.0, 1.0).into()));
/// assert!("uniform(0, 1) * b=[1]".parse::<Values>().is_err());
/// ```
impl FromStr for Values {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Values, SyntaxError> {
        let values = Parser::new(text)?.complete(Parser::values);
        values.map_err(|error| error.with_name("NAME=", ""))
    }
}

impl Domain {
    /// Returns the configs for which a condition is true (`where` in expressions).
    ///
    /// A condition compares (`==`, `!=`, `<`, `<=`, `>`, `>=`, `in [1, 2]`, `not in`), computes
    /// (`+ - * / % **`, `abs`, `exp`, `log`, `sqrt`, `floor`, `ceil`, `round`), and joins with
    /// `and`, `or`, `not`. A parameter that a config does not have is `null`, and no number is less
    /// or greater than `null`. Conditions on lists are counted without a scan, unless one combines
    /// very many parameters; those on drawn values drop configs during iteration.
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
        match condition.parse() {
            Ok(condition) => self.restricted_to(condition),
            Err(error) => Domain::from_node(Node::Invalid(DomainError::Syntax(error))),
        }
    }
}
