//! Commands that go through a shell.

use super::template::{Part, Template};

/// Appends a value as one word of a shell command.
///
/// Always in single quotes, inside of which a shell takes every byte as it is; a single quote is
/// written outside of them.
pub(super) fn quote(value: &[u8], command: &mut Vec<u8>) {
    command.push(b'\'');
    for byte in value {
        match byte {
            b'\'' => command.extend_from_slice(br"'\''"),
            byte => command.push(*byte),
        }
    }
    command.push(b'\'');
}

/// The first name of a shell command that stands inside quotes, a comment, after a `$` or after the begin
/// of a here-document, and its column.
///
/// Values are quoted when they are put in; inside other quotes theirs would end those and set the
/// value free for the shell to read, and a line break in a value would end a comment. After a `$` they
/// would be bash's own, in which a backslash of the value escapes. In a here-document quotes mean
/// nothing, so that a `$(...)` in a value would be run.
pub(super) fn name_in_quotes(command: &Template) -> Option<(&str, usize)> {
    let mut state = State::Blank;
    for part in command.parts() {
        match part {
            Part::Text(text) => state = text.chars().fold(state, State::after),
            Part::Name { name, column } => match state {
                State::Plain | State::Blank | State::Less => state = State::Plain,
                _ => return Some((name, *column)),
            },
        }
    }
    None
}

/// Where in a shell command a character stands.
#[derive(Clone, Copy)]
enum State {
    Plain,
    /// Where a word may begin, and `#` begins a comment.
    Blank,
    Comment,
    Single,
    Double,
    Escaped,
    DoubleEscaped,
    /// After a `$`, where quotes begin in which a backslash escapes, in bash at least.
    Dollar,
    Dollared,
    DollaredEscaped,
    /// After a `<`, and after two.
    Less,
    TwoLess,
    /// Anywhere after the begin of a here-document: where it ends is not looked for.
    HereDocument,
}

impl State {
    fn after(self, character: char) -> Self {
        match (self, character) {
            (Self::Comment, '\n') => Self::Blank,
            (Self::Comment, _) | (Self::Blank | Self::Less, '#') => Self::Comment,
            (Self::HereDocument, _) => Self::HereDocument,
            (Self::Single | Self::Dollared, '\'') | (Self::Double, '"') | (Self::Escaped, _) => {
                Self::Plain
            }
            (Self::Single, _) => Self::Single,
            (Self::Double, '\\') => Self::DoubleEscaped,
            (Self::Double | Self::DoubleEscaped, _) => Self::Double,
            (Self::Dollared, '\\') => Self::DollaredEscaped,
            (Self::Dollared | Self::DollaredEscaped, _) => Self::Dollared,
            (Self::Less, '<') => Self::TwoLess,
            // With a third one it is a text for standard input, with quotes as anywhere.
            (Self::TwoLess, '<') => Self::Blank,
            (Self::TwoLess, _) => Self::HereDocument,
            (Self::Dollar, '\'') => Self::Dollared,
            (_, '\'') => Self::Single,
            (_, '"') => Self::Double,
            (_, '\\') => Self::Escaped,
            (_, '$') => Self::Dollar,
            (_, '<') => Self::Less,
            (_, character) if begins_word(character) => Self::Blank,
            (_, _) => Self::Plain,
        }
    }
}

/// Whether a word may begin after this character.
fn begins_word(before: char) -> bool {
    " \t\n;&|()>`".contains(before)
}
