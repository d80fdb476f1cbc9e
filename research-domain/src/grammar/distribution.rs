//! The grammar of distributions, and of their arithmetic inside parentheses.

use super::arithmetic::Operand;
use super::lexer::Kind;
use super::parser::Parser;
use super::series::SERIES;
use crate::arithmetic::{Function, Operator};
use crate::distribution::families::{Family, Parametric};
use crate::distribution::{Distribution, Node, choice, constant, histogram, weighted_choice};
use crate::suggest;
use crate::syntax::error::SyntaxError;
use crate::value::Value;

/// The distributions that are neither parametric nor functions.
const SPECIAL: [&str; 5] = ["choice", "constant", "hist", "quantised", "truncate"];

fn known_names() -> impl Iterator<Item = &'static str> + Clone {
    let functions = Function::NAMED.iter().map(|(name, _)| *name);
    let distributions = Family::names().chain(SPECIAL).chain(functions);
    distributions.chain(SERIES)
}

/// The distribution, quantised if there is a step.
pub(super) fn with_step(distribution: Distribution, step: Option<Value>) -> Distribution {
    match step {
        Some(step) => distribution.quantised(step),
        None => distribution,
    }
}

impl Operand for Distribution {
    fn atom(parser: &mut Parser<'_>) -> Result<Distribution, SyntaxError> {
        parser.distribution()
    }

    fn negated(parser: &mut Parser<'_>) -> Result<Distribution, SyntaxError> {
        parser.signed().map(<Distribution as std::ops::Neg>::neg)
    }

    fn binary(operator: Operator, left: Distribution, right: Distribution) -> Distribution {
        Distribution::from_node(Node::Binary(operator, [left, right]))
    }
}

impl Parser<'_> {
    /// Parses `part { "|" part }`, where each part may have `NUMBER &` in front.
    fn mixture(&mut self) -> Result<Distribution, SyntaxError> {
        let mut parts = Vec::new();
        let mut is_weighted = false;
        loop {
            let weight = self.part_weight();
            is_weighted |= weight.is_some();
            parts.push((weight.unwrap_or(1.0), self.arithmetic()?));
            if !self.take_sign("|") {
                break;
            }
        }
        match parts.len() {
            1 if !is_weighted => Ok(parts.swap_remove(0).1),
            _ => Ok(Distribution::mixture(parts)),
        }
    }

    fn part_weight(&mut self) -> Option<f64> {
        let (Kind::Number(weight), Kind::Sign("&")) = (self.peek(), self.peek_second()) else {
            return None;
        };
        let weight = weight.as_f64();
        self.take();
        self.take();
        weight
    }

    /// Parses a number, a call, or a mixture in parentheses.
    pub(super) fn distribution(&mut self) -> Result<Distribution, SyntaxError> {
        match self.peek().clone() {
            Kind::Number(number) => {
                self.take();
                Ok(constant(number))
            }
            Kind::Sign("(") => {
                self.take();
                self.closed(|parser| parser.nested(Parser::mixture))
            }
            Kind::Word(name) if matches!(self.peek_second(), Kind::Sign("(")) => {
                let mark = self.mark();
                self.take();
                self.take();
                self.nested(|parser| match Family::from_name(&name) {
                    Some(family) => parser.parametric(family, mark),
                    None => parser.closed(|parser| parser.distribution_call(&name, mark)),
                })
            }
            _ => Err(self.unexpected("a number or a distribution")),
        }
    }

    /// Parses the arguments of a call that is not parametric.
    fn distribution_call(&mut self, name: &str, mark: usize) -> Result<Distribution, SyntaxError> {
        match name {
            "choice" => self.choice(),
            "constant" => self.value().map(constant),
            "hist" => {
                self.expect_sign("[")?;
                let counts = self.list("]", Parser::number)?;
                self.expect_sign(",")?;
                self.expect_sign("[")?;
                Ok(histogram(counts, self.list("]", Parser::number)?))
            }
            "quantised" => {
                let inner = self.mixture()?;
                self.expect_sign(",")?;
                Ok(inner.quantised(self.value()?))
            }
            "truncate" => {
                let inner = self.mixture()?;
                self.expect_sign(",")?;
                let low = self.number()?;
                self.expect_sign(",")?;
                Ok(inner.truncate(low, self.number()?))
            }
            _ if SERIES.contains(&name) => {
                let message = format!("`{name}` is a list, which cannot be part of a distribution");
                Err(self.error_at(mark, message))
            }
            _ => {
                let Some(function) = Function::from_name(name) else {
                    return Err(self
                        .error_at(mark, format!("unknown distribution `{name}`"))
                        .with_hint(suggest::hint(name, known_names())));
                };
                Ok(Distribution::from_node(Node::Unary(
                    function,
                    self.mixture()?,
                )))
            }
        }
    }

    fn parametric(&mut self, family: Family, mark: usize) -> Result<Distribution, SyntaxError> {
        let (name, parameters) = (family.name(), family.parameters());
        let mut step = None;
        let arguments = self.list(")", |parser| {
            let is_step = parser.at_word("q") && *parser.peek_second() == Kind::Sign("=");
            if !is_step {
                return parser.value().map(Some);
            }
            parser.take();
            parser.take();
            step = Some(parser.value()?);
            Ok(None)
        })?;
        let arguments: Vec<Value> = arguments.into_iter().flatten().collect();
        if parameters.len() != arguments.len() {
            return Err(self.wrong_count(name, &parameters.join(", "), arguments.len(), mark));
        }
        Parametric::from_arguments(family, &arguments)
            .map(|parametric| with_step(parametric.into(), step))
            .map_err(|message| self.error_at(mark, format!("in `{name}`: {message}")))
    }

    /// Returns the error of a call with the wrong number of arguments.
    pub(super) fn wrong_count(
        &self,
        name: &str,
        parameters: &str,
        found: usize,
        mark: usize,
    ) -> SyntaxError {
        self.error_at(
            mark,
            format!("wrong number of arguments of `{name}`: {found}"),
        )
        .with_hint(format!("write {name}({parameters})"))
    }

    fn choice(&mut self) -> Result<Distribution, SyntaxError> {
        self.expect_sign("[")?;
        let values = self.listed_values()?;
        if !self.take_sign(",") {
            return Ok(choice(values));
        }
        self.expect_sign("[")?;
        Ok(weighted_choice(values, self.list("]", Parser::number)?))
    }

    fn number(&mut self) -> Result<f64, SyntaxError> {
        let mark = self.mark();
        let value = self.value()?;
        let number = value.as_f64();
        number.ok_or_else(|| self.error_at(mark, "expected a number"))
    }
}
