//! What all parts of the grammar share: looking at tokens and taking them.

use super::SyntaxError;
use super::lexer::{Kind, Token, tokens};
use crate::value::{Value, ValueError};

/// How deep parentheses may be nested: a text from anywhere must not use up the stack.
const MAX_DEPTH: u32 = 64;

/// How many operators of arithmetic may lie above each other: `a + b + c` is a tree that leans to
/// the left, and whoever walks through it needs stack for each of them.
const MAX_CHAIN: u32 = 256;

pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    place: usize,
    depth: u32,
    /// How many lists and maps of a value are around the next token.
    value_depth: usize,
    /// How many operators lie above each other in what was parsed last, at most.
    chain: u32,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Result<Parser<'a>, SyntaxError> {
        Ok(Parser {
            text,
            tokens: tokens(text)?,
            place: 0,
            depth: 0,
            value_depth: 0,
            chain: 0,
        })
    }

    /// Parses the whole text as one thing.
    pub(super) fn whole<T>(
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
        &self.tokens[self.place].kind
    }

    /// The token after the next one.
    pub(super) fn peek_second(&self) -> &Kind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.place + 1).min(last)].kind
    }

    /// Takes the next token; the end stays.
    pub(super) fn take(&mut self) -> Kind {
        let kind = self.peek().clone();
        if kind != Kind::End {
            self.place += 1;
        }
        kind
    }

    /// The place of the next token, for errors that point back to it.
    pub(super) fn mark(&self) -> usize {
        self.place
    }

    pub(super) fn at_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(found) if *found == sign)
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        matches!(self.peek(), Kind::Word(found) if found == word)
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let there = self.at_sign(sign);
        self.place += usize::from(there);
        there
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let there = self.at_word(word);
        self.place += usize::from(there);
        there
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), SyntaxError> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{sign}`")))
        }
    }

    /// Items with commas between them, up to a closing sign; a comma may stand after the last.
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

    /// Parses something that may contain itself.
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

    /// Parses operands and the operators between them; what stands beside them lies above none.
    pub(super) fn chained<T>(
        &mut self,
        parse: impl FnOnce(&mut Parser<'a>) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        let beside = std::mem::take(&mut self.chain);
        let parsed = parse(self)?;
        self.chain = self.chain.max(beside);
        Ok(parsed)
    }

    /// Takes an operator, which lies above the operands before it, within
    /// [`chained`](Self::chained).
    pub(super) fn take_operator(&mut self) -> Result<(), SyntaxError> {
        if self.chain == MAX_CHAIN {
            return Err(self.error(format!("more than {MAX_CHAIN} operators follow each other")));
        }
        self.take();
        self.chain += 1;
        Ok(())
    }

    /// An error at the next token.
    pub(super) fn error(&self, message: impl Into<String>) -> SyntaxError {
        self.error_at(self.place, message)
    }

    /// An error at a marked token.
    pub(super) fn error_at(&self, mark: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::at(self.text, self.tokens[mark].start, message)
    }

    pub(super) fn unexpected(&self, expected: &str) -> SyntaxError {
        self.error(format!("expected {expected}, found {}", self.peek()))
    }

    /// The text from a marked token to the last one that was taken.
    pub(super) fn text_since(&self, mark: usize) -> &'a str {
        let end = self.tokens[self.place.saturating_sub(1)].end;
        self.text
            .get(self.tokens[mark].start..end)
            .unwrap_or_default()
    }
}
