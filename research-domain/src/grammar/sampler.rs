//! Samplers, and arithmetic of them inside parentheses.

use super::SyntaxError;
use super::lexer::Kind;
use super::parser::Parser;
use super::series::SERIES;
use crate::sampler::{
    DISTRIBUTIONS, Distribution, Function, Node, Operator, Sampler, choice, constant,
    weighted_choice,
};
use crate::suggest;
use crate::value::Value;

/// The samplers that are no distributions and no functions.
const SPECIAL: [&str; 3] = ["choice", "constant", "truncate"];

fn known_names() -> impl Iterator<Item = &'static str> + Clone {
    let distributions = DISTRIBUTIONS.iter().map(|(name, _)| *name);
    let functions = Function::NAMED.iter().map(|(name, _)| *name);
    let samplers = distributions.chain(SPECIAL).chain(functions);
    samplers.chain(SERIES)
}

impl Parser<'_> {
    /// `weighted { "|" weighted }`, where each part may have `NUMBER &` in front.
    pub(super) fn mixture(&mut self) -> Result<Sampler, SyntaxError> {
        let mut parts = Vec::new();
        let mut weighted = false;
        loop {
            let weight = self.part_weight();
            weighted |= weight.is_some();
            parts.push((weight.unwrap_or(1.0), self.sampler_sum()?));
            if !self.take_sign("|") {
                break;
            }
        }
        match parts.len() {
            1 if !weighted => Ok(parts.swap_remove(0).1),
            _ => Ok(Sampler::mixture(parts)),
        }
    }

    fn part_weight(&mut self) -> Option<f64> {
        let weight = match self.peek() {
            Kind::Int(number) => *number as f64,
            Kind::Uint(number) => *number as f64,
            Kind::Float(number) => *number,
            _ => return None,
        };
        if !matches!(self.peek_second(), Kind::Sign("&")) {
            return None;
        }
        self.take();
        self.take();
        Some(weight)
    }

    fn sampler_sum(&mut self) -> Result<Sampler, SyntaxError> {
        self.chained(|parser| {
            let mut sum = parser.sampler_product()?;
            loop {
                let operator = match parser.peek() {
                    Kind::Sign("+") => Operator::Add,
                    Kind::Sign("-") => Operator::Subtract,
                    _ => return Ok(sum),
                };
                parser.take_operator()?;
                let right = parser.sampler_product()?;
                sum = Sampler::from_node(Node::Binary(operator, sum, right));
            }
        })
    }

    fn sampler_product(&mut self) -> Result<Sampler, SyntaxError> {
        self.chained(|parser| {
            let mut product = parser.sampler_factor()?;
            loop {
                let operator = match parser.peek() {
                    Kind::Sign("*") => Operator::Multiply,
                    Kind::Sign("/") => Operator::Divide,
                    Kind::Sign("%") => Operator::Remainder,
                    _ => return Ok(product),
                };
                parser.take_operator()?;
                let right = parser.sampler_factor()?;
                product = Sampler::from_node(Node::Binary(operator, product, right));
            }
        })
    }

    fn sampler_factor(&mut self) -> Result<Sampler, SyntaxError> {
        self.nested(|parser| {
            if parser.take_sign("-") {
                let argument = parser.sampler_factor()?;
                return Ok(Sampler::from_node(Node::Unary(Function::Negate, argument)));
            }
            let base = parser.sampler_atom()?;
            if !parser.take_sign("**") {
                return Ok(base);
            }
            let exponent = parser.sampler_factor()?;
            Ok(Sampler::from_node(Node::Binary(
                Operator::Power,
                base,
                exponent,
            )))
        })
    }

    /// A number, a call, or anything in parentheses.
    pub(super) fn sampler_atom(&mut self) -> Result<Sampler, SyntaxError> {
        match self.peek().clone() {
            Kind::Int(number) => {
                self.take();
                Ok(constant(number))
            }
            Kind::Uint(number) => {
                self.take();
                Ok(constant(number))
            }
            Kind::Float(number) => {
                self.take();
                Ok(constant(number))
            }
            Kind::Sign("(") => {
                self.take();
                let inside = self.nested(Parser::mixture)?;
                self.expect_sign(")")?;
                Ok(inside)
            }
            Kind::Word(name) if matches!(self.peek_second(), Kind::Sign("(")) => {
                let mark = self.mark();
                self.take();
                self.take();
                self.nested(|parser| parser.sampler_call(&name, mark))
            }
            _ => Err(self.unexpected("a number or a sampler")),
        }
    }

    /// The arguments of a call, after the opening parenthesis.
    fn sampler_call(&mut self, name: &str, mark: usize) -> Result<Sampler, SyntaxError> {
        if let Some((_, parameters)) = DISTRIBUTIONS.iter().find(|(known, _)| *known == name) {
            let arguments = self.list(")", Parser::value)?;
            return self.distribution(name, parameters, &arguments, mark);
        }
        match name {
            "choice" => self.choice(),
            "constant" => {
                let value = self.value()?;
                self.expect_sign(")")?;
                Ok(constant(value))
            }
            "truncate" => {
                let sampler = self.mixture()?;
                self.expect_sign(",")?;
                let low = self.number()?;
                self.expect_sign(",")?;
                let high = self.number()?;
                self.expect_sign(")")?;
                Ok(sampler.truncate(low, high))
            }
            _ if SERIES.contains(&name) => {
                let message = format!("`{name}` gives a list, which nothing can be done with");
                Err(self.error_at(mark, message))
            }
            _ => {
                let Some(function) = Function::named(name) else {
                    return Err(self
                        .error_at(mark, format!("there is no sampler `{name}`"))
                        .with_hint(suggest::hint(name, known_names())));
                };
                let argument = self.mixture()?;
                self.expect_sign(")")?;
                Ok(Sampler::from_node(Node::Unary(function, argument)))
            }
        }
    }

    fn distribution(
        &self,
        name: &str,
        parameters: &[&str],
        arguments: &[Value],
        mark: usize,
    ) -> Result<Sampler, SyntaxError> {
        if parameters.len() != arguments.len() {
            let (wanted, found) = (parameters.join(", "), arguments.len());
            return Err(self
                .error_at(mark, format!("`{name}` was given {found} arguments"))
                .with_hint(format!("write {name}({wanted})")));
        }
        Distribution::from_arguments(name, arguments)
            .map(Sampler::from)
            .map_err(|message| self.error_at(mark, format!("in `{name}`: {message}")))
    }

    fn choice(&mut self) -> Result<Sampler, SyntaxError> {
        self.expect_sign("[")?;
        let values = self.listed_values()?;
        if !self.take_sign(",") {
            self.expect_sign(")")?;
            return Ok(choice(values));
        }
        self.expect_sign("[")?;
        let weights = self.list("]", Parser::number)?;
        self.expect_sign(")")?;
        Ok(weighted_choice(values, weights))
    }

    fn number(&mut self) -> Result<f64, SyntaxError> {
        let mark = self.mark();
        let value = self.value()?;
        value
            .as_f64()
            .ok_or_else(|| self.error_at(mark, "expected a number"))
    }
}
