//! The operations on tokens that all parts of the grammar share.

use super::lexer::{Kind, Token, tokens};
use crate::syntax::error::SyntaxError;
use crate::value::{Value, ValueError};

/// The maximum number of nested parentheses, which bounds the stack for any input.
const MAX_DEPTH: u32 = 64;

/// The maximum number of nested operators of arithmetic: `a + b + c` is a tree that leans to the
/// left, and recursion over it takes stack for each operator.
const MAX_CHAIN: u32 = 256;

pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// The index of the next token.
    next: usize,
    depth: u32,
    /// The number of lists and maps around the next token.
    value_depth: usize,
    /// The number of nested operators in the last parsed term.
    chain: u32,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Result<Parser<'a>, SyntaxError> {
        Ok(Parser {
            text,
            tokens: tokens(text)?,
            next: 0,
            depth: 0,
            value_depth: 0,
            chain: 0,
        })
    }

    pub(super) fn complete<T>(
        mut self,
        parse: impl FnOnce(&mut Parser<'a>) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        let parsed = parse(&mut self)?;
        if *self.peek() == Kind::End {
            return Ok(parsed);
        }
        Err(self.unexpected("an operator or the end"))
    }

    pub(super) fn peek(&self) -> &Kind {
        &self.tokens[self.next].kind
    }

    pub(super) fn peek_second(&self) -> &Kind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.next + 1).min(last)].kind
    }

    /// Takes the next token, unless it is the end.
    pub(super) fn take(&mut self) -> Kind {
        let kind = self.peek().clone();
        if kind != Kind::End {
            self.next += 1;
        }
        kind
    }

    /// Returns the index of the next token, for later errors at it.
    pub(super) fn mark(&self) -> usize {
        self.next
    }

    pub(super) fn at_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(found) if *found == sign)
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        matches!(self.peek(), Kind::Word(found) if found == word)
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.at_sign(sign);
        self.next += usize::from(found);
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.next += usize::from(found);
        found
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), SyntaxError> {
        match self.take_sign(sign) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{sign}`"))),
        }
    }

    /// Parses a part up to a closing parenthesis.
    pub(super) fn closed<T>(
        &mut self,
        parse: impl FnOnce(&mut Parser<'a>) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        let parsed = parse(self)?;
        self.expect_sign(")")?;
        Ok(parsed)
    }

    /// Parses items with commas between them up to a closing sign; a trailing comma is allowed.
    pub(super) fn list<T>(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Parser<'a>) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        let mut items = Vec::new();
        while !self.take_sign(close) {
            items.push(item(self)?);
            if !self.take_sign(",") && !self.at_sign(close) {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
        Ok(items)
    }

    /// Parses a part that may contain itself, and limits the nesting.
    pub(super) fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Parser<'a>) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Parses the content of a list or a map of a value.
    pub(super) fn value_level<T>(
        &mut self,
        parse: impl FnOnce(&mut Parser<'a>) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.value_depth == Value::MAX_DEPTH {
            return Err(self.error(ValueError::TooDeep.to_string()));
        }
        self.value_depth += 1;
        let parsed = parse(self);
        self.value_depth -= 1;
        parsed
    }

    /// Parses operands with the operators between them; nested operators do not add up with those
    /// of other operands.
    pub(super) fn chained<T>(
        &mut self,
        parse: impl FnOnce(&mut Parser<'a>) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        let beside = std::mem::take(&mut self.chain);
        let parsed = parse(self)?;
        self.chain = self.chain.max(beside);
        Ok(parsed)
    }

    /// Takes an operator, of which the operands before are nested parts, within
    /// [`chained`](Self::chained).
    pub(super) fn take_operator(&mut self) -> Result<(), SyntaxError> {
        if self.chain == MAX_CHAIN {
            return Err(self.error(format!("more than {MAX_CHAIN} operators in a row")));
        }
        self.take();
        self.chain += 1;
        Ok(())
    }

    pub(super) fn error(&self, message: impl Into<String>) -> SyntaxError {
        self.error_at(self.next, message)
    }

    pub(super) fn error_at(&self, mark: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::at(self.text, self.tokens[mark].start, message)
    }

    pub(super) fn unexpected(&self, expected: &str) -> SyntaxError {
        self.error(format!("expected {expected}, found {}", self.peek()))
    }

    /// Returns the text from a marked token to the last taken one.
    pub(super) fn text_since(&self, mark: usize) -> &'a str {
        let end = self.tokens[self.next.saturating_sub(1)].end;
        self.text
            .get(self.tokens[mark].start..end)
            .unwrap_or_default()
    }
}
