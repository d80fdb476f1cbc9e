//! The lexer, which splits text into tokens.

use std::fmt::{self, Display, Formatter};
use std::str::CharIndices;

use crate::syntax::continues_name;
use crate::syntax::error::SyntaxError;
use crate::value::Value;

/// A token with its byte range in the text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// An integer or a float, without a sign.
    Number(Value),
    Text(String),
    Bytes(Vec<u8>),
    /// A name or a reserved word.
    Word(String),
    /// A name in backquotes.
    Quoted(String),
    Sign(&'static str),
    End,
}

/// All signs, longer ones first, so the first match is the longest.
const SIGNS: [&str; 26] = [
    "**", "==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%", "@", "=", "<", ">", "&",
    "|", "(", ")", "[", "]", "{", "}", ",", ":",
];

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Number(number) => write!(f, "`{number}`"),
            Kind::Text(_) => f.write_str("a string"),
            Kind::Bytes(_) => f.write_str("bytes"),
            Kind::Word(word) | Kind::Quoted(word) => write!(f, "`{word}`"),
            Kind::Sign(sign) => write!(f, "`{sign}`"),
            Kind::End => f.write_str("the end"),
        }
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut lexer = Lexer { text, offset: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let last = token.kind == Kind::End;
        tokens.push(token);
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    /// The byte offset of the next token.
    offset: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.offset..]
    }

    fn next(&mut self) -> Result<Token, SyntaxError> {
        let blank = self.rest().len() - self.rest().trim_start().len();
        self.offset += blank;
        let start = self.offset;
        let kind = match self.rest().chars().next() {
            None => Kind::End,
            Some('"' | '\'') => Kind::Text(self.quoted_text()?),
            Some('`') => Kind::Quoted(self.quoted_name()?),
            Some('b') if self.rest()[1..].starts_with('"') => self.bytes()?,
            Some(first) if first.is_ascii_digit() => self.number()?,
            Some('.') => self.number()?,
            Some(first) if first.is_alphabetic() || first == '_' => Kind::Word(self.word()),
            Some(other) => self.sign(other)?,
        };
        Ok(Token {
            kind,
            start,
            end: self.offset,
        })
    }

    fn sign(&mut self, found: char) -> Result<Kind, SyntaxError> {
        let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) else {
            return Err(self.error(
                self.offset,
                format!("unexpected character `{}`", found.escape_default()),
            ));
        };
        self.offset += sign.len();
        Ok(Kind::Sign(sign))
    }

    fn word(&mut self) -> String {
        let word: String = self
            .rest()
            .chars()
            .take_while(|c| continues_name(*c))
            .collect();
        self.offset += word.len();
        word
    }

    /// Reads digits with underscores, a fraction and an exponent, as Rust and Python write them.
    fn number(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.offset;
        let bytes = self.text.as_bytes();
        let mut end = start;
        while let Some(byte) = bytes.get(end) {
            let sign_of_exponent = matches!(byte, b'+' | b'-')
                && matches!(bytes[end - 1], b'e' | b'E')
                && end > start
                && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || sign_of_exponent) {
                break;
            }
            end += 1;
        }
        self.offset = end;
        let written = &self.text[start..end];
        let digits = written.replace('_', "");
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = digits
                .parse::<u64>()
                .map(|number| Kind::Number(number.into()));
            return number.map_err(|_| {
                self.error(start, format!("`{written}` is too large for an integer"))
                    .with_hint("write it as a float, or as a string in quotes")
            });
        }
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Kind::Number(number.into())),
            Ok(_) => Err(self.error(start, format!("`{written}` is too large for a float"))),
            Err(_) => Err(self
                .error(start, format!("`{written}` is not a number"))
                .with_hint("a name starts with a letter, and a string is in quotes")),
        }
    }

    fn quoted_name(&mut self) -> Result<String, SyntaxError> {
        let start = self.offset;
        let mut name = String::new();
        let mut characters = self.text[start..].char_indices().skip(1).peekable();
        while let Some((offset, character)) = characters.next() {
            if character != '`' {
                name.push(character);
            } else if characters.next_if(|(_, next)| *next == '`').is_some() {
                name.push('`');
            } else {
                self.offset = start + offset + 1;
                return Ok(name);
            }
        }
        Err(self.error(start, "missing closing backquote"))
    }

    /// Reads a string in single or double quotes with the escapes of JSON.
    fn quoted_text(&mut self) -> Result<String, SyntaxError> {
        let start = self.offset;
        let mut characters = self.text[start..].char_indices();
        let quote = characters.next().map(|(_, quote)| quote);
        let mut text = String::new();
        while let Some((offset, character)) = characters.next() {
            if Some(character) == quote {
                self.offset = start + offset + 1;
                return Ok(text);
            }
            if character != '\\' {
                text.push(character);
                continue;
            }
            let escaped = match characters.next() {
                Some((_, 'n')) => Some('\n'),
                Some((_, 'r')) => Some('\r'),
                Some((_, 't')) => Some('\t'),
                Some((_, same @ ('"' | '\'' | '\\' | '/'))) => Some(same),
                Some((_, 'u')) => unicode_escape(&mut characters),
                _ => None,
            };
            text.push(escaped.ok_or_else(|| {
                self.error(start + offset, "unknown escape")
                    .with_hint(r#"available: \n \r \t \" \' \\ \/ and \u with four hex digits"#)
            })?);
        }
        Err(self.error(start, "missing closing quote"))
    }

    /// Reads bytes that are written as hexadecimal digits: `b"00ff"`.
    fn bytes(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.offset;
        self.offset += 1;
        let digits = self.quoted_text()?;
        let byte = |index: usize| {
            digits.get(index..index + 2).and_then(|pair| {
                let hex = pair.bytes().all(|byte| byte.is_ascii_hexdigit());
                u8::from_str_radix(pair, 16).ok().filter(|_| hex)
            })
        };
        let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
        bytes.map(Kind::Bytes).ok_or_else(|| {
            self.error(
                start,
                "bytes are written as pairs of hexadecimal digits, such as b\"00ff\"",
            )
        })
    }

    fn error(&self, offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::at(self.text, offset, message)
    }
}

/// Reads the character of an escape after `\u`: four hexadecimal digits, or a UTF-16 surrogate pair
/// as JSON writes it.
fn unicode_escape(characters: &mut CharIndices<'_>) -> Option<char> {
    let unit = utf16_unit(characters)?;
    let mut units = vec![unit];
    if (0xd800..0xdc00).contains(&unit) {
        let is_escape = characters.next()?.1 == '\\' && characters.next()?.1 == 'u';
        units.push(utf16_unit(characters).filter(|_| is_escape)?);
    }
    char::decode_utf16(units).next()?.ok()
}

fn utf16_unit(characters: &mut CharIndices<'_>) -> Option<u16> {
    let digits: String = characters.take(4).map(|(_, c)| c).collect();
    let is_valid = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(&digits, 16).ok().filter(|_| is_valid)
}
