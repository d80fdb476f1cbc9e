//! Text into tokens.

use std::fmt::{self, Display, Formatter};
use std::str::CharIndices;

use super::SyntaxError;

/// A token, and the bytes of the text that it takes.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Int(i64),
    /// An integer above the range of `Int`.
    Uint(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// A name or a reserved word.
    Word(String),
    /// A name in backquotes.
    Quoted(String),
    Sign(&'static str),
    End,
}

/// Longer ones first, so that the first that fits is the right one.
const SIGNS: [&str; 26] = [
    "**", "==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%", "@", "=", "<", ">", "&",
    "|", "(", ")", "[", "]", "{", "}", ",", ":",
];

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Int(number) => write!(f, "`{number}`"),
            Kind::Uint(number) => write!(f, "`{number}`"),
            Kind::Float(number) => write!(f, "`{number:?}`"),
            Kind::Text(_) => f.write_str("a text"),
            Kind::Bytes(_) => f.write_str("bytes"),
            Kind::Word(word) | Kind::Quoted(word) => write!(f, "`{word}`"),
            Kind::Sign(sign) => write!(f, "`{sign}`"),
            Kind::End => f.write_str("the end"),
        }
    }
}

/// Dots are part of names, so that `model.depth` is one.
pub(super) fn continues_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.'
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut lexer = Lexer { text, place: 0 };
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
    place: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.place..]
    }

    fn next(&mut self) -> Result<Token, SyntaxError> {
        let blank = self.rest().len() - self.rest().trim_start().len();
        self.place += blank;
        let start = self.place;
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
            end: self.place,
        })
    }

    fn sign(&mut self, found: char) -> Result<Kind, SyntaxError> {
        let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) else {
            return Err(self.error(
                self.place,
                format!("`{}` has no meaning here", found.escape_default()),
            ));
        };
        self.place += sign.len();
        Ok(Kind::Sign(sign))
    }

    fn word(&mut self) -> String {
        let word: String = self
            .rest()
            .chars()
            .take_while(|c| continues_name(*c))
            .collect();
        self.place += word.len();
        word
    }

    /// Digits with underscores, a fraction and an exponent, as Rust and Python write them.
    fn number(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.place;
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
        self.place = end;
        let written = &self.text[start..end];
        let digits = written.replace('_', "");
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let small = digits.parse().map(Kind::Int);
            return small
                .or_else(|_| digits.parse().map(Kind::Uint))
                .map_err(|_| {
                    self.error(start, format!("`{written}` is too large for an integer"))
                        .with_hint("write it as a float, or as a text in quotes")
                });
        }
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Kind::Float(number)),
            Ok(_) => Err(self.error(start, format!("`{written}` is too large for a float"))),
            Err(_) => Err(self
                .error(start, format!("`{written}` is not a number"))
                .with_hint("a name starts with a letter, and a text stands in quotes")),
        }
    }

    fn quoted_name(&mut self) -> Result<String, SyntaxError> {
        let start = self.place;
        let mut name = String::new();
        let mut characters = self.text[start..].char_indices().skip(1).peekable();
        while let Some((offset, character)) = characters.next() {
            if character != '`' {
                name.push(character);
            } else if characters.next_if(|(_, next)| *next == '`').is_some() {
                name.push('`');
            } else {
                self.place = start + offset + 1;
                return Ok(name);
            }
        }
        Err(self.error(start, "this backquote is never closed"))
    }

    /// A text in single or double quotes with the escapes of JSON.
    fn quoted_text(&mut self) -> Result<String, SyntaxError> {
        let start = self.place;
        let mut characters = self.text[start..].char_indices();
        let quote = characters.next().map(|(_, quote)| quote);
        let mut text = String::new();
        while let Some((offset, character)) = characters.next() {
            if Some(character) == quote {
                self.place = start + offset + 1;
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
                self.error(start + offset, "this escape has no meaning")
                    .with_hint(r#"there are \n \r \t \" \' \\ \/ and \u with four hex digits"#)
            })?);
        }
        Err(self.error(start, "this quote is never closed"))
    }

    /// `b"00ff"`: bytes as hexadecimal digits.
    fn bytes(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.place;
        self.place += 1;
        let digits = self.quoted_text()?;
        let byte = |place: usize| {
            digits.get(place..place + 2).and_then(|pair| {
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

/// What stands after `\u`: four hexadecimal digits, or two halves of a pair, as JSON writes what
/// UTF-16 has in two pieces.
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
    let is_whole = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(&digits, 16).ok().filter(|_| is_whole)
}
