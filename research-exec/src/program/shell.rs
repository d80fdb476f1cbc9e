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

/// The first name of a shell command that stands inside quotes or a comment, and its column.
///
/// Values are quoted when they are put in; inside other quotes theirs would end those and set the
/// value free for the shell to read, and a line break in a value would end a comment.
pub(super) fn name_in_quotes(command: &Template) -> Option<(&str, usize)> {
    let mut state = State::Blank;
    for part in command.parts() {
        match part {
            Part::Text(text) => state = text.chars().fold(state, State::after),
            Part::Name { name, column } => match state {
                State::Plain | State::Blank => state = State::Plain,
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
}

impl State {
    fn after(self, character: char) -> Self {
        match (self, character) {
            (Self::Comment, '\n') => Self::Blank,
            (Self::Comment, _) | (Self::Blank, '#') => Self::Comment,
            (Self::Single, '\'') | (Self::Double, '"') | (Self::Escaped, _) => Self::Plain,
            (Self::Single, _) => Self::Single,
            (Self::Double, '\\') => Self::DoubleEscaped,
            (Self::Double | Self::DoubleEscaped, _) => Self::Double,
            (Self::Plain | Self::Blank, '\'') => Self::Single,
            (Self::Plain | Self::Blank, '"') => Self::Double,
            (Self::Plain | Self::Blank, '\\') => Self::Escaped,
            (Self::Plain | Self::Blank, character) if begins_word(character) => Self::Blank,
            (Self::Plain | Self::Blank, _) => Self::Plain,
        }
    }
}

/// Whether a word may begin after this character.
fn begins_word(before: char) -> bool {
    " \t\n;&|()<>`".contains(before)
}
