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

use super::names::{self, RenderError};
use super::template::{Part, Template};

use scan::Scanner;

/// The beginning of the names of the variables that hold the values.
const VARIABLE: &str = "research_value_";

/// A shell command in which every placeholder stands where its value is safe.
#[derive(Clone, Debug)]
pub(super) struct ShellCommand {
    template: Template,
    /// The text that the shell parses.
    script: String,
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
}

/// A placeholder that stands where a shell would not take its value as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    pub(super) name: String,
    /// In characters, from 1.
    pub(super) column: usize,
    /// The place, as in "stands …".
    pub(super) place: String,
}

impl ShellCommand {
    pub(super) fn new(template: Template) -> Result<Self, Misplaced> {
        let places = Scanner::new(template.parts()).places()?;
        let mut script = prelude(places.len());
        let mut placeholders = (1..).zip(&places);
        for part in template.parts() {
            match part {
                Part::Text(text) => script.push_str(text),
                Part::Name { .. } => {
                    if let Some((number, place)) = placeholders.next() {
                        let quote = if place.is_in_quotes { "" } else { "\"" };
                        script.push_str(&format!("{quote}${{{VARIABLE}{number}}}{quote}"));
                    }
                }
            }
        }
        Ok(Self {
            template,
            script,
            places,
        })
    }

    pub(super) fn template(&self) -> &Template {
        &self.template
    }

    /// The words of the command that runs the shell with the values that the names have now.
    pub(super) fn words(&self, context: &Context) -> Result<Vec<OsString>, RenderError> {
        let mut words: Vec<OsString> = ["sh", "-c", &self.script, "sh"].map(Into::into).into();
        for (name, place) in self.template.names().zip(&self.places) {
            let mut value = Vec::new();
            names::write(name, context, &mut value)?;
            if place.names_command && rules::evaluates_arguments(&value) {
                return Err(RenderError::Builtin {
                    name: name.to_owned(),
                    command: String::from_utf8_lossy(&value).into_owned(),
                });
            }
            words.push(OsString::from_vec(value));
        }
        Ok(words)
    }

    /// The command as a user would type it, where `known` gives the values that are known.
    pub(super) fn preview(&self, known: impl Fn(&str) -> Option<String>) -> String {
        let mut text = String::new();
        let mut places = self.places.iter();
        for part in self.template.parts() {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Name { name, .. } => match (known(name), places.next()) {
                    (Some(value), Some(place)) if place.is_in_quotes => {
                        push_escaped(&value, &mut text);
                    }
                    (Some(value), _) => text.push_str(&quoted(&value)),
                    (None, _) => text.push_str(&format!("{{{name}}}")),
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
