//! The grammar of values, and of lists of values with aliases.

use super::lexer::Kind;
use super::parser::Parser;
use crate::syntax::error::SyntaxError;
use crate::value::{Listed, Value, aliased};

impl Parser<'_> {
    /// Parses `[value as alias, …]` after the opening bracket.
    pub(super) fn listed_values(&mut self) -> Result<Vec<Listed>, SyntaxError> {
        self.list("]", |parser| {
            let value = parser.value()?;
            if !parser.take_word("as") {
                return Ok(Listed::from(value));
            }
            Ok(aliased(value, parser.alias()?))
        })
    }

    /// Parses the alias after `as`: a string, a name or a number.
    pub(super) fn alias(&mut self) -> Result<String, SyntaxError> {
        match self.peek().clone() {
            Kind::Text(alias) | Kind::Word(alias) | Kind::Quoted(alias) => {
                self.take();
                Ok(alias)
            }
            Kind::Number(_) => {
                let mark = self.mark();
                self.take();
                Ok(self.text_since(mark).to_owned())
            }
            _ => Err(self.unexpected("an alias after `as`")),
        }
    }

    pub(super) fn value(&mut self) -> Result<Value, SyntaxError> {
        let mark = self.mark();
        match self.take() {
            Kind::Number(number) => Ok(number),
            Kind::Text(text) => Ok(Value::Text(text)),
            Kind::Bytes(bytes) => Ok(Value::Bytes(bytes)),
            Kind::Sign("-") => self.negative_number(),
            Kind::Sign("[") => self
                .value_level(|parser| parser.list("]", Parser::value))
                .map(Value::List),
            Kind::Sign("{") => self
                .value_level(|parser| parser.list("}", Parser::map_entry))
                .map(Value::Map),
            Kind::Word(word) => match word.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                "null" => Ok(Value::Null),
                "inf" | "Infinity" => Ok(Value::Float(f64::INFINITY)),
                "NaN" => Ok(Value::Float(f64::NAN)),
                other => {
                    let error = self.error_at(mark, format!("expected a value, found `{other}`"));
                    Err(error.with_hint(match other {
                        "True" | "False" | "None" => {
                            "write true, false and null in lower case".to_owned()
                        }
                        "nan" | "NAN" => format!("write NaN, or a string in quotes: \"{other}\""),
                        "Inf" | "INF" | "infinity" => {
                            format!("write inf, or a string in quotes: \"{other}\"")
                        }
                        _ => format!("write a string in quotes: \"{other}\""),
                    }))
                }
            },
            other => Err(self.error_at(mark, format!("expected a value, found {other}"))),
        }
    }

    pub(super) fn negative_number(&mut self) -> Result<Value, SyntaxError> {
        let negative = match self.peek() {
            Kind::Number(Value::Int(number)) => Value::Int(-number),
            Kind::Number(Value::Float(number)) => Value::Float(-number),
            Kind::Number(number) => {
                let negative = number.as_i128().map(|number| Value::try_from(-number));
                let Some(Ok(negative)) = negative else {
                    return Err(self
                        .error(format!("`-{number}` is too small for an integer"))
                        .with_hint("write it as a float, or as a string in quotes"));
                };
                negative
            }
            Kind::Word(word) if word == "inf" || word == "Infinity" => {
                Value::Float(f64::NEG_INFINITY)
            }
            _ => return Err(self.unexpected("a number after `-`")),
        };
        self.take();
        Ok(negative)
    }

    fn map_entry(&mut self) -> Result<(String, Value), SyntaxError> {
        let key = match self.peek().clone() {
            Kind::Text(key) | Kind::Word(key) | Kind::Quoted(key) => key,
            _ => return Err(self.unexpected("a key")),
        };
        self.take();
        self.expect_sign(":")?;
        Ok((key, self.value()?))
    }
}
