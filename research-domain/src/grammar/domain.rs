//! The grammar of domains: sums of products of zips of options.

use super::lexer::Kind;
use super::parser::Parser;
use super::series::SERIES;
use crate::space::condition::Condition;
use crate::space::domain::{self, Domain, Node};
use crate::space::option::{Key, Values};
use crate::space::predicate::Predicate;
use crate::suggest;
use crate::syntax::RESERVED;
use crate::syntax::error::SyntaxError;
use crate::value::Value;

const FUNCTIONS: [&str; 5] = ["distinct", "sample", "difference", "none", "override"];

impl Parser<'_> {
    /// Parses `sum [ "where" condition ]`.
    pub(super) fn domain(&mut self) -> Result<Domain, SyntaxError> {
        self.nested(|parser| {
            let domain = parser.sum()?;
            if !parser.take_word("where") {
                return Ok(domain);
            }
            if parser.at_sign("<") {
                return parser.unknown_function(domain);
            }
            Ok(domain.restricted_to(Condition::new(parser.term()?)))
        })
    }

    /// Parses `<a function>`, which a domain with a function of Rust prints.
    fn unknown_function(&mut self, domain: Domain) -> Result<Domain, SyntaxError> {
        self.expect_sign("<")?;
        if !(self.take_word("a") && self.take_word("function")) {
            return Err(self.unexpected("a condition"));
        }
        self.expect_sign(">")?;
        let function = Predicate::UnknownFunction;
        Ok(Domain::from_node(Node::Where(domain, function)))
    }

    fn sum(&mut self) -> Result<Domain, SyntaxError> {
        self.separated("+", Parser::product).map(Domain::sum)
    }

    fn product(&mut self) -> Result<Domain, SyntaxError> {
        self.separated("*", Parser::weighted).map(Domain::product)
    }

    fn separated(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Result<Domain, SyntaxError>,
    ) -> Result<Vec<Domain>, SyntaxError> {
        let mut parts = vec![part(self)?];
        while self.take_sign(sign) {
            parts.push(part(self)?);
        }
        Ok(parts)
    }

    /// Parses a zip with any number of weights in front.
    fn weighted(&mut self) -> Result<Domain, SyntaxError> {
        let negative = self.take_sign("-");
        let weight = match self.peek() {
            Kind::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Kind::Word(word) if word == "inf" => f64::INFINITY,
            Kind::Word(word) if word == "NaN" => f64::NAN,
            _ if negative => return Err(self.unexpected("a weight after `-`")),
            _ => return self.zip(),
        };
        self.take();
        if !self.take_sign("*") {
            return Err(self
                .unexpected("`*` after a weight")
                .with_hint("a number is a weight: 0.5 * a=[1, 2]"));
        }
        let domain = self.nested(Parser::weighted)?;
        Ok(domain.weighted(if negative { -weight } else { weight }))
    }

    fn zip(&mut self) -> Result<Domain, SyntaxError> {
        let parts = self.separated("@", Parser::atom)?;
        Ok(Domain::joined(parts, Node::Zip))
    }

    fn atom(&mut self) -> Result<Domain, SyntaxError> {
        match self.peek().clone() {
            Kind::Sign("(") => {
                self.take();
                if self.take_sign(")") {
                    return Ok(Domain::new());
                }
                self.closed(Parser::domain)
            }
            Kind::Quoted(name) => self.option(name),
            Kind::Word(name) if matches!(self.peek_second(), Kind::Sign("(")) => {
                self.nested(|parser| parser.domain_call(&name))
            }
            Kind::Word(name) if !RESERVED.contains(&name.as_str()) => self.option(name),
            Kind::Word(word) => Err(self.unexpected("a parameter").with_hint(format!(
                "put the name of a parameter `{word}` in backquotes"
            ))),
            _ => Err(self
                .unexpected("a parameter")
                .with_hint("a domain looks like a=[1, 2] * lr=log_uniform(1e-5, 1e-1)")),
        }
    }

    fn domain_call(&mut self, name: &str) -> Result<Domain, SyntaxError> {
        if !FUNCTIONS.contains(&name) {
            return Err(self
                .error(format!("unknown function `{name}` of domains"))
                .with_hint(match suggest::nearest(name, FUNCTIONS) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("the values of a parameter need its name: x={name}(…)"),
                }));
        }
        self.take();
        self.take();
        self.closed(|parser| {
            if name == "none" {
                return Ok(Domain::sum([]));
            }
            let domain = parser.domain()?;
            if name == "distinct" {
                return Ok(domain.distinct());
            }
            parser.expect_sign(",")?;
            match name {
                "sample" => Ok(domain.sample(parser.sample_size()?)),
                "override" => Ok(domain.overridden_by(parser.domain()?)),
                _ => Ok(domain.difference(parser.domain()?)),
            }
        })
    }

    fn sample_size(&mut self) -> Result<u64, SyntaxError> {
        match *self.peek() {
            Kind::Number(Value::Int(count)) if count >= 0 => {
                self.take();
                Ok(count.unsigned_abs())
            }
            _ => Err(self.unexpected("the number of configs to sample")),
        }
    }

    /// Parses `NAME [ "as" alias ] "=" values`.
    fn option(&mut self, name: String) -> Result<Domain, SyntaxError> {
        self.take();
        let mut key = Key::new(name.as_str());
        if self.take_word("as") {
            key = key.alias(self.alias()?);
        }
        if !self.take_sign("=") {
            let error = self.unexpected(&format!("`=` after the parameter `{name}`"));
            return Err(match self.peek() {
                Kind::Sign("==") => error.with_hint("a single `=` gives a parameter its values"),
                Kind::Sign(sign @ ("-" | "." | "/")) => {
                    let rest = match self.peek_second() {
                        Kind::Word(rest) => rest.as_str(),
                        _ => "…",
                    };
                    error.with_hint(format!(
                        "put a name with `{sign}` in backquotes: `{name}{sign}{rest}`"
                    ))
                }
                _ => error.with_hint(format!("write its values: {name}=[1, 2]")),
            });
        }
        let values = self
            .values()
            .map_err(|error| error.with_name("NAME", &name))?;
        Ok(domain::option(key, values))
    }

    /// Parses a list, a series, a call of a distribution, or a distribution in parentheses.
    pub(super) fn values(&mut self) -> Result<Values, SyntaxError> {
        if self.take_sign("[") {
            return self.nested(Parser::listed_values).map(Values::List);
        }
        if let Kind::Word(name) = self.peek().clone()
            && SERIES.contains(&name.as_str())
            && matches!(self.peek_second(), Kind::Sign("("))
        {
            return self.series(&name).map(Values::List);
        }
        let call = matches!(
            (self.peek(), self.peek_second()),
            (Kind::Sign("("), _) | (Kind::Word(_), Kind::Sign("("))
        );
        if call {
            return self.distribution().map(Values::Distribution);
        }
        let error = self.unexpected("a list or a distribution");
        let mark = self.mark();
        Err(match self.value() {
            Ok(_) => {
                let written = self.text_since(mark);
                error.with_hint(format!("write a single value as a list: NAME=[{written}]"))
            }
            Err(_) => error.with_hint("write NAME=[1, 2] or NAME=uniform(0, 1)"),
        })
    }
}
