//! The grammar of conditions: comparisons, arithmetic, membership, `and`, `or`, `not`.

use super::arithmetic::Operand;
use super::lexer::Kind;
use super::parser::Parser;
use crate::arithmetic::{Function, Operator};
use crate::space::condition::{Comparison, Term};
use crate::suggest;
use crate::syntax::RESERVED;
use crate::syntax::error::SyntaxError;
use crate::value::Value;

impl Operand for Term {
    fn atom(parser: &mut Parser<'_>) -> Result<Term, SyntaxError> {
        parser.term_atom()
    }

    fn negated(parser: &mut Parser<'_>) -> Result<Term, SyntaxError> {
        if matches!(parser.peek(), Kind::Number(Value::Uint(_))) {
            return parser.negative_number().map(Term::Literal);
        }
        Ok(match parser.signed()? {
            // The sign is a part of the number.
            Term::Literal(Value::Int(number)) => Term::Literal(Value::Int(number.wrapping_neg())),
            Term::Literal(Value::Float(number)) => Term::Literal(Value::Float(-number)),
            other => Term::Unary(Function::Negate, Box::new(other)),
        })
    }

    fn binary(operator: Operator, left: Term, right: Term) -> Term {
        Term::Binary(operator, Box::new([left, right]))
    }
}

impl Parser<'_> {
    pub(super) fn term(&mut self) -> Result<Term, SyntaxError> {
        self.nested(|parser| parser.joined("or", "||", Parser::and_term, Term::Or))
    }

    fn and_term(&mut self) -> Result<Term, SyntaxError> {
        self.joined("and", "&&", Parser::not_term, Term::And)
    }

    fn joined(
        &mut self,
        word: &str,
        wrong: &str,
        part: fn(&mut Self) -> Result<Term, SyntaxError>,
        join: fn(Vec<Term>) -> Term,
    ) -> Result<Term, SyntaxError> {
        let mut terms = vec![part(self)?];
        while self.take_word(word) {
            terms.push(part(self)?);
        }
        if self.at_sign(wrong) {
            return Err(self
                .error(format!("unexpected `{wrong}`"))
                .with_hint(format!("write `{word}`")));
        }
        Ok(if terms.len() == 1 {
            terms.swap_remove(0)
        } else {
            join(terms)
        })
    }

    fn not_term(&mut self) -> Result<Term, SyntaxError> {
        if self.take_word("not") {
            let term = self.nested(Parser::not_term)?;
            return Ok(Term::Not(Box::new(term)));
        }
        self.comparison()
    }

    /// Parses `a < b`, `a in b`, and chains such as `1 < a < b`, which compare each pair.
    fn comparison(&mut self) -> Result<Term, SyntaxError> {
        let mut left: Term = self.arithmetic()?;
        let mut pairs = Vec::new();
        while let Some(relation) = self.relation()? {
            let right: Term = self.arithmetic()?;
            pairs.push(relation.join(left, right.clone()));
            left = right;
        }
        Ok(match pairs.len() {
            0 => left,
            1 => pairs.swap_remove(0),
            _ => Term::And(pairs),
        })
    }

    fn relation(&mut self) -> Result<Option<Relation>, SyntaxError> {
        let relation = match self.peek() {
            Kind::Sign("=") => {
                return Err(self
                    .error("`=` assigns values to a parameter")
                    .with_hint("compare with `==`"));
            }
            Kind::Word(word) if word == "in" => Relation::In { negated: false },
            Kind::Word(word) if word == "not" => {
                self.take();
                if !self.at_word("in") {
                    return Err(self.unexpected("`in` after `not`"));
                }
                Relation::In { negated: true }
            }
            Kind::Sign(sign) => {
                let Some(comparison) = Comparison::from_symbol(sign) else {
                    return Ok(None);
                };
                Relation::Compare(comparison)
            }
            _ => return Ok(None),
        };
        self.take();
        Ok(Some(relation))
    }

    /// Parses a value, a parameter, a list, a call, or a condition in parentheses.
    fn term_atom(&mut self) -> Result<Term, SyntaxError> {
        match self.peek().clone() {
            Kind::Sign("(") => {
                self.take();
                self.closed(Parser::term)
            }
            Kind::Sign("[") => {
                self.take();
                self.list("]", Parser::term).map(list_term)
            }
            Kind::Quoted(name) => {
                self.take();
                Ok(Term::Name(name.into()))
            }
            Kind::Word(name) if matches!(self.peek_second(), Kind::Sign("(")) => {
                self.function_call(&name)
            }
            Kind::Word(name) if !RESERVED.contains(&name.as_str()) => {
                self.take();
                Ok(Term::Name(name.into()))
            }
            Kind::Word(word) if !["true", "false", "null", "inf", "NaN"].contains(&&*word) => {
                Err(self.unexpected("a parameter or a value").with_hint(format!(
                    "put the name of a parameter `{word}` in backquotes"
                )))
            }
            _ => self.value().map(Term::Literal),
        }
    }

    fn function_call(&mut self, name: &str) -> Result<Term, SyntaxError> {
        let Some(function) = Function::from_name(name) else {
            let known = Function::NAMED.iter().map(|(name, _)| *name);
            return Err(self
                .error(format!("unknown function `{name}`"))
                .with_hint(suggest::hint(name, known)));
        };
        self.take();
        self.take();
        let argument = self.closed(Parser::term)?;
        Ok(Term::Unary(function, Box::new(argument)))
    }
}

/// Returns a list as a term. A list of literals becomes a literal, so it is built once instead of
/// for every config.
fn list_term(terms: Vec<Term>) -> Term {
    let literal = |term: &Term| match term {
        Term::Literal(value) => Some(value.clone()),
        _ => None,
    };
    match terms.iter().map(literal).collect() {
        Some(values) => Term::Literal(Value::List(values)),
        None => Term::List(terms),
    }
}

enum Relation {
    Compare(Comparison),
    In { negated: bool },
}

impl Relation {
    fn join(self, left: Term, right: Term) -> Term {
        let sides = Box::new([left, right]);
        match self {
            Relation::Compare(comparison) => Term::Compare(comparison, sides),
            Relation::In { negated } => Term::In { sides, negated },
        }
    }
}
