//! Commands that go through a shell.
//!
//! No value ever becomes part of the text that the shell parses. The shell gets the values as
//! arguments, a prelude assigns them to variables, and the command refers to these: as
//! `"${research_value_1}"` where a placeholder is a word or a part of one, without the quotes where
//! it stands in double quotes. Expanding a variable like this is the end of a value: it is neither
//! split nor parsed. In all other places, and where a command would evaluate its arguments once
//! more, a placeholder is refused.

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
use super::template::{Part, Placeholder, Template};

use scan::Scanner;

/// The beginning of the names of the variables that hold the values.
const VARIABLE: &str = "research_value_";

/// A shell command in which every placeholder stands where its value is safe.
#[derive(Clone, Debug)]
pub(super) struct ShellCommand {
    template: Template,
    /// For each placeholder, in order.
    places: Vec<Place>,
}

/// The place of a placeholder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    /// Whether it is inside double quotes; else it is a word, or a part of one.
    is_in_quotes: bool,
    /// Whether it is all of the word that names a command.
    names_command: bool,
    /// Whether it is all of an argument that no command evaluates, without quotes, so that it can
    /// be any number of words.
    is_argument: bool,
}

/// A placeholder that stands where a shell would not take its value as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    /// Its name with its marks.
    pub(super) name: String,
    /// In characters, from 1.
    pub(super) column: usize,
    /// The place, as in "stands …"; `None` for words that are not an argument of their own.
    pub(super) place: Option<String>,
}

impl ShellCommand {
    pub(super) fn new(template: Template) -> Result<Self, Misplaced> {
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
        Ok(Self { template, places })
    }

    /// The names that stand where exactly one word is needed.
    pub(super) fn names_of_one_word(&self) -> impl Iterator<Item = &str> {
        let placed = self.template.names().zip(&self.places);
        placed
            .filter(|(_, place)| !place.is_argument)
            .map(|(name, _)| name)
    }

    /// The text that the shell parses, where each placeholder has this many values.
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

    pub(super) fn template(&self) -> &Template {
        &self.template
    }

    /// The words of the command that runs the shell with the values that the names have now.
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
        let mut words: Vec<OsString> = ["sh", "-c", &script, "sh"].map(Into::into).into();
        words.append(&mut values);
        Ok(words)
    }

    /// The command as a user would type it, where `known` gives the values that are known.
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

/// Takes the values out of the arguments, so that the command finds none, as it is written.
fn prelude(values: usize) -> String {
    if values == 0 {
        return String::new();
    }
    let assignments = (1..=values).map(|number| format!("{VARIABLE}{number}=${{{number}}}"));
    let assignments: Vec<String> = assignments.collect();
    format!("{}; set --; ", assignments.join(" "))
}

/// A value as one word of a shell command, in single quotes, inside of which a shell takes every
/// character as it is.
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
