//! The text form of domains, samplers and conditions.
//!
//! A hand-written parser by recursive descent over tokens: it knows, at every place, what could
//! have stood there, and says so.

mod condition;
mod domain;
mod error;
mod lexer;
mod parser;
mod sampler;
mod series;
mod value;

use std::fmt::{self, Formatter, Write};

use crate::condition::Condition;
use crate::domain::Domain;
use crate::option::Values;

pub use error::SyntaxError;
use parser::Parser;

/// Words that cannot be names of parameters unless they stand in backquotes.
const RESERVED: [&str; 11] = [
    "and", "or", "not", "in", "where", "as", "true", "false", "null", "inf", "NaN",
];

pub(crate) fn parse_domain(text: &str) -> Result<Domain, SyntaxError> {
    Parser::new(text)?.whole(Parser::domain)
}

pub(crate) fn parse_condition(text: &str) -> Result<Condition, SyntaxError> {
    Parser::new(text)?.whole(|parser| parser.term().map(Condition::new))
}

/// What stands to the right of `=`: a list or a sampler.
pub(crate) fn parse_values(text: &str) -> Result<Values, SyntaxError> {
    let values = Parser::new(text)?.whole(Parser::values);
    values.map_err(|error| error.about_name("NAME=", ""))
}

/// Whether a name needs no backquotes.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.chars().all(lexer::continues_name)
        && !RESERVED.contains(&name)
}

/// Writes the name of a parameter: in backquotes, doubled inside, where it needs them.
pub(crate) fn write_name(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain_name(name) {
        return f.write_str(name);
    }
    f.write_char('`')?;
    for character in name.chars() {
        if character == '`' {
            f.write_char('`')?;
        }
        f.write_char(character)?;
    }
    f.write_char('`')
}
