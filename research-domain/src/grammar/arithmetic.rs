//! The grammar of arithmetic, of distributions and in conditions.

use super::lexer::Kind;
use super::parser::Parser;
use crate::arithmetic::Operator;
use crate::syntax::error::SyntaxError;

pub(super) trait Operand: Sized {
    /// Parses an operand without operators.
    fn atom(parser: &mut Parser<'_>) -> Result<Self, SyntaxError>;

    /// Parses the operand after a `-`, and negates it.
    fn negated(parser: &mut Parser<'_>) -> Result<Self, SyntaxError>;

    fn binary(operator: Operator, left: Self, right: Self) -> Self;
}

impl Parser<'_> {
    pub(super) fn arithmetic<T: Operand>(&mut self) -> Result<T, SyntaxError> {
        self.operators(1)
    }

    /// Parses operators with a precedence of at least `level`.
    fn operators<T: Operand>(&mut self, level: u8) -> Result<T, SyntaxError> {
        self.chained(|parser| {
            let mut left = parser.signed()?;
            while let Some(operator) = parser.peek_operator().filter(|next| next.level() >= level) {
                parser.take_operator()?;
                let right = parser.operators(operator.level() + 1)?;
                left = T::binary(operator, left, right);
            }
            Ok(left)
        })
    }

    /// Returns the next token, if it is an operator that binds from the left;
    /// [`signed`](Self::signed) parses powers.
    fn peek_operator(&self) -> Option<Operator> {
        let Kind::Sign(sign) = self.peek() else {
            return None;
        };
        Operator::from_symbol(sign).filter(|operator| *operator != Operator::Power)
    }

    /// Parses an operand with an optional sign or exponent.
    pub(super) fn signed<T: Operand>(&mut self) -> Result<T, SyntaxError> {
        self.nested(|parser| {
            if parser.take_sign("-") {
                return T::negated(parser);
            }
            let base = T::atom(parser)?;
            if !parser.take_sign("**") {
                return Ok(base);
            }
            let exponent = parser.signed()?;
            Ok(T::binary(Operator::Power, base, exponent))
        })
    }
}
