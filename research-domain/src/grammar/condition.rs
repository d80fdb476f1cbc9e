//! Conditions: comparisons, arithmetic, membership, `and`, `or`, `not`.

use super::lexer::Kind;
use super::parser::Parser;
use super::{RESERVED, SyntaxError};
use crate::condition::{Comparison, Term};
use crate::sampler::{Function, Operator};
use crate::suggest;
use crate::value::Value;

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
                .error(format!("`{wrong}` has no meaning here"))
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

    /// `a < b`, `a in b`, and chains such as `1 < a < b`, which mean each pair.
    fn comparison(&mut self) -> Result<Term, SyntaxError> {
        let mut left = self.arithmetic(1)?;
        let mut pairs = Vec::new();
        while let Some(relation) = self.relation()? {
            let right = self.arithmetic(1)?;
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
            Kind::Sign("==") => Relation::Compare(Comparison::Equal),
            Kind::Sign("!=") => Relation::Compare(Comparison::Unequal),
            Kind::Sign("<") => Relation::Compare(Comparison::Less),
            Kind::Sign("<=") => Relation::Compare(Comparison::LessOrEqual),
            Kind::Sign(">") => Relation::Compare(Comparison::Greater),
            Kind::Sign(">=") => Relation::Compare(Comparison::GreaterOrEqual),
            Kind::Sign("=") => {
                return Err(self
                    .error("`=` gives values to a parameter")
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
            _ => return Ok(None),
        };
        self.take();
        Ok(Some(relation))
    }

    /// Operators that bind at least as tightly as the level says.
    fn arithmetic(&mut self, level: u8) -> Result<Term, SyntaxError> {
        self.chained(|parser| {
            let mut left = parser.signed()?;
            while let Some(operator) = parser.peek_operator().filter(|next| next.level() >= level) {
                parser.take_operator()?;
                let right = parser.arithmetic(operator.level() + 1)?;
                left = Term::Binary(operator, Box::new(left), Box::new(right));
            }
            Ok(left)
        })
    }

    /// The operators that bind from the left; a power binds from the right and in `signed`.
    fn peek_operator(&self) -> Option<Operator> {
        match self.peek() {
            Kind::Sign("+") => Some(Operator::Add),
            Kind::Sign("-") => Some(Operator::Subtract),
            Kind::Sign("*") => Some(Operator::Multiply),
            Kind::Sign("/") => Some(Operator::Divide),
            Kind::Sign("%") => Some(Operator::Remainder),
            _ => None,
        }
    }

    fn signed(&mut self) -> Result<Term, SyntaxError> {
        self.nested(|parser| {
            if parser.take_sign("-") {
                if matches!(parser.peek(), Kind::Uint(_)) {
                    return parser.negative_number().map(Term::Literal);
                }
                return Ok(match parser.signed()? {
                    // A negative number is a number, however it is written.
                    Term::Literal(Value::Int(number)) => {
                        Term::Literal(Value::Int(number.wrapping_neg()))
                    }
                    Term::Literal(Value::Float(number)) => Term::Literal(Value::Float(-number)),
                    other => Term::Unary(Function::Negate, Box::new(other)),
                });
            }
            let base = parser.term_atom()?;
            if !parser.take_sign("**") {
                return Ok(base);
            }
            let exponent = parser.signed()?;
            Ok(Term::Binary(
                Operator::Power,
                Box::new(base),
                Box::new(exponent),
            ))
        })
    }

    fn term_atom(&mut self) -> Result<Term, SyntaxError> {
        match self.peek().clone() {
            Kind::Sign("(") => {
                self.take();
                let term = self.term()?;
                self.expect_sign(")")?;
                Ok(term)
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
                    "if a parameter is called `{word}`, put it in backquotes"
                )))
            }
            _ => self.value().map(Term::Literal),
        }
    }

    fn function_call(&mut self, name: &str) -> Result<Term, SyntaxError> {
        let Some(function) = Function::named(name) else {
            let known = Function::NAMED.iter().map(|(name, _)| *name);
            return Err(self
                .error(format!("there is no function `{name}`"))
                .with_hint(suggest::hint(name, known)));
        };
        self.take();
        self.take();
        let argument = self.term()?;
        self.expect_sign(")")?;
        Ok(Term::Unary(function, Box::new(argument)))
    }
}

/// A list of literals is a literal itself, so that it is made once and not for every config.
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
        let (left, right) = (Box::new(left), Box::new(right));
        match self {
            Relation::Compare(comparison) => Term::Compare(comparison, left, right),
            Relation::In { negated } => Term::In {
                item: left,
                list: right,
                negated,
            },
        }
    }
}
