//! Commands that go through a shell.
//!
//! A value is never a part of the text that the shell parses. The shell receives the values as
//! arguments, a prelude assigns them to variables, and the command refers to these variables: as
//! `"${research_value_1}"` if a placeholder is a word or a part of one, without the quotes if it is
//! in double quotes. The shell neither splits nor parses the result of such an expansion. In all
//! other positions, and if a command would evaluate its arguments again, a placeholder is refused.

mod compound;
mod quotes;
mod rules;
mod scan;
#[cfg(test)]
#[path = "../../tests/unit/shell.rs"]
mod tests;
mod word;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use research_core::Context;

use super::names;
use super::render_error::RenderError;
use super::spec::Shell;
use super::template::{Part, Placeholder, Template};

use scan::Scanner;

/// The prefix of the variables that hold the values.
const VARIABLE: &str = "research_value_";

/// A shell command in which every placeholder is in a position where its value is safe.
#[derive(Clone, Debug)]
pub(super) struct ShellCommand {
    shell: Shell,
    template: Template,
    /// The position of each placeholder, in order.
    places: Vec<Place>,
}

/// The position of a placeholder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    /// Whether it is inside double quotes; otherwise it is a word, or a part of one.
    is_in_quotes: bool,
    /// Whether it is the whole word that names a command.
    names_command: bool,
    /// Whether it is a whole argument without quotes that no command evaluates, so that it can be
    /// any number of words.
    is_argument: bool,
}

/// A placeholder in a position where a shell would not use its value unchanged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    /// The name with its marks.
    pub(super) name: String,
    /// The column in characters, counted from 1.
    pub(super) column: usize,
    /// The position, as in "stands …"; `None` for several words that are not a whole argument.
    pub(super) place: Option<String>,
}

impl ShellCommand {
    pub(super) fn new(template: Template, shell: Shell) -> Result<Self, Misplaced> {
        let places = Scanner::new(template.parts()).places()?;
        let misplaced = template
            .placeholders()
            .zip(&places)
            .find(|(one, place)| one.is_words() && !place.is_argument);
        if let Some((one, _)) = misplaced {
            return Err(Misplaced {
                name: one.to_string().trim_matches(['{', '}']).to_owned(),
                column: one.column,
                place: None,
            });
        }
        Ok(Self {
            shell,
            template,
            places,
        })
    }

    /// Returns the names in positions where exactly one word is needed.
    pub(super) fn names_of_one_word(&self) -> impl Iterator<Item = &str> {
        let placed = self.template.names().zip(&self.places);
        placed
            .filter(|(_, place)| !place.is_argument)
            .map(|(name, _)| name)
    }

    /// Returns the text that the shell parses, if the placeholders have these numbers of values.
    fn script(&self, counts: &[usize]) -> String {
        let mut script = prelude(counts.iter().sum());
        let mut next = 1;
        let mut placeholders = self.places.iter().zip(counts);
        for part in self.template.parts() {
            match part {
                Part::Text(text) => script.push_str(text),
                Part::Name(_) => {
                    if let Some((place, count)) = placeholders.next() {
                        let quote = if place.is_in_quotes { "" } else { "\"" };
                        let numbers = next..next + count;
                        let words =
                            numbers.map(|number| format!("{quote}${{{VARIABLE}{number}}}{quote}"));
                        script.push_str(&words.collect::<Vec<_>>().join(" "));
                        next += count;
                    }
                }
            }
        }
        script
    }

    /// The name of the shell.
    pub(super) fn program(&self) -> &'static str {
        self.shell.words().first().copied().unwrap_or_default()
    }

    pub(super) fn template(&self) -> &Template {
        &self.template
    }

    /// Returns the words of the command that runs the shell, with the current values of the names.
    pub(super) fn words(&self, context: &Context) -> Result<Vec<OsString>, RenderError> {
        let mut values = Vec::new();
        let mut counts = Vec::new();
        for (placeholder, place) in self.template.placeholders().zip(&self.places) {
            let name = &placeholder.name;
            if place.is_argument {
                let words = names::words(placeholder, context)?;
                counts.push(words.len());
                values.extend(words);
                continue;
            }
            let mut value = Vec::new();
            names::write(name, context, &mut value)?;
            if place.names_command && rules::evaluates_arguments(&value) {
                return Err(RenderError::Builtin {
                    name: name.to_owned(),
                    command: String::from_utf8_lossy(&value).into_owned(),
                });
            }
            counts.push(1);
            values.push(OsString::from_vec(value));
        }
        let script = self.script(&counts);
        let shell = self.shell.words().iter().copied();
        let words = shell.chain([&*script, self.program()]);
        let mut words: Vec<OsString> = words.map(Into::into).collect();
        words.append(&mut values);
        Ok(words)
    }

    /// Returns the command as a user would type it; `known` returns the known values.
    pub(super) fn preview(&self, known: impl Fn(&Placeholder) -> Option<Vec<String>>) -> String {
        let mut text = String::new();
        let mut places = self.places.iter();
        for part in self.template.parts() {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Name(one) => match (known(one), places.next()) {
                    (Some(words), Some(place)) if place.is_in_quotes => {
                        words
                            .iter()
                            .for_each(|value| push_escaped(value, &mut text));
                    }
                    (Some(words), _) => {
                        let words = words.iter().map(|word| quoted(word));
                        text.push_str(&words.collect::<Vec<_>>().join(" "));
                    }
                    (None, _) => text.push_str(&one.to_string()),
                },
            }
        }
        text
    }
}

/// Returns the prelude, which moves the values from the arguments to variables. The command then
/// has no arguments, as its author expects.
fn prelude(values: usize) -> String {
    if values == 0 {
        return String::new();
    }
    let assignments = (1..=values).map(|number| format!("{VARIABLE}{number}=${{{number}}}"));
    let assignments: Vec<String> = assignments.collect();
    format!("{}; set --; ", assignments.join(" "))
}

/// Returns a value as one word of a shell command, in single quotes, in which a shell changes no
/// character.
pub(super) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Appends a value as a part of a string in double quotes.
fn push_escaped(value: &str, text: &mut String) {
    for character in value.chars() {
        if ['"', '\\', '$', '`'].contains(&character) {
            text.push('\\');
        }
        text.push(character);
    }
}
