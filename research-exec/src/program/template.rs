//! Texts with `{names}` in them.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use research_core::Context;
use research_core::units::Input;

use super::environment::OF_EXPERIMENT;
use super::names::{self, RenderError};

/// A string in which `{name}` stands for something that exists only while an experiment runs.
///
/// A name is looked for in this order:
/// 1. `id`, `path`, `iteration`, `repetition`, `seed`, `device`: always these, whatever else is
///    called so;
/// 2. an item of the config;
/// 3. a unit: its latest output;
/// 4. `name.field`: a field of one of those, where the value is a map, or a list and the field
///    the place of an element, from 0; fields may follow each other.
///
/// So an item of the config hides a unit of the same name. `{{` and `}}` are braces. Strings are
/// put in as they are, floats in their shortest form that reads back, booleans, nothing, lists
/// and maps as JSON; several devices are joined by commas. `{path}` is absolute, and the folder is
/// created.
///
/// ```
/// use research_exec::program::Template;
///
/// let template = Template::parse("--rate={lr} --out={path}/{{final}}.json")?;
/// assert_eq!(template.names().collect::<Vec<_>>(), ["lr", "path"]);
///
/// let error = Template::parse("--rate={lr").unwrap_err();
/// assert_eq!(error.column(), 8);
/// # Ok::<(), research_exec::program::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A literal string, its doubled braces made single.
    Text(String),
    /// The name between braces, and the column of its brace.
    Name { name: String, column: usize },
}

/// A string that is not a template. Columns count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace is opened and never closed.
    #[error("column {column} of `{text}`: `{{` is not closed; to write a brace, double it: `{{{{`")]
    Unclosed {
        /// The text.
        text: String,
        /// Where the brace stands.
        column: usize,
    },
    /// A brace is closed that was never opened.
    #[error(
        "column {column} of `{text}`: `}}` has no opening brace; to write a brace, double it: \
         `}}}}`"
    )]
    Unopened {
        /// The text.
        text: String,
        /// Where the brace stands.
        column: usize,
    },
    /// There is no name between the braces.
    #[error(
        "column {column} of `{text}`: the braces are empty; to write a brace, double it: `{{{{}}}}`"
    )]
    EmptyName {
        /// The text.
        text: String,
        /// Where the opening brace stands.
        column: usize,
    },
}

impl TemplateError {
    /// Where the mistake is: characters from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        match self {
            Self::Unclosed { column, .. }
            | Self::Unopened { column, .. }
            | Self::EmptyName { column, .. } => *column,
        }
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// An unbalanced brace or an empty name, with its column.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        let column = |rest: &str| text[..text.len() - rest.len()].chars().count() + 1;
        while let Some(place) = rest.find(['{', '}']) {
            plain.push_str(&rest[..place]);
            let brace = &rest[place..];
            if brace.starts_with("{{") || brace.starts_with("}}") {
                plain.push_str(&brace[..1]);
                rest = &brace[2..];
                continue;
            }
            let column = column(brace);
            let text = || text.to_owned();
            let Some(inside) = brace.strip_prefix('{') else {
                return Err(TemplateError::Unopened {
                    text: text(),
                    column,
                });
            };
            let end = inside.find(['{', '}']);
            let Some(end) = end.filter(|end| inside[*end..].starts_with('}')) else {
                return Err(TemplateError::Unclosed {
                    text: text(),
                    column,
                });
            };
            let name = &inside[..end];
            if name.trim().is_empty() {
                return Err(TemplateError::EmptyName {
                    text: text(),
                    column,
                });
            }
            push_text(&mut parts, &mut plain);
            let name = name.to_owned();
            parts.push(Part::Name { name, column });
            rest = &inside[end + 1..];
        }
        plain.push_str(rest);
        push_text(&mut parts, &mut plain);
        Ok(Self { parts })
    }

    /// The names that it refers to, in order, each as often as it stands there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Name { name, .. } => Some(name.as_str()),
        })
    }

    /// The text with the values that the names have now.
    ///
    /// # Errors
    /// A name that stands for nothing, or for nothing yet, and a folder that cannot be made.
    pub fn render(&self, context: &Context) -> Result<OsString, RenderError> {
        let mut text = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.extend_from_slice(plain.as_bytes()),
                Part::Name { name, .. } => names::write(name, context, &mut text)?,
            }
        }
        Ok(OsString::from_vec(text))
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The variable of the environment that it names and that only one experiment has.
    pub(super) fn variable_of_experiment(&self) -> Option<Input> {
        let variable = self.parts.iter().find_map(|part| match part {
            Part::Text(text) => OF_EXPERIMENT
                .into_iter()
                .find(|variable| text.contains(variable)),
            Part::Name { .. } => None,
        });
        variable.map(|variable| Input::Experiment(format!("`{variable}`")))
    }

    /// Whether it is a path that does not begin at the root, as far as that is known.
    pub(super) fn is_relative(&self) -> bool {
        match self.parts.first() {
            Some(Part::Text(text)) => !text.starts_with('/'),
            Some(Part::Name { .. }) | None => false,
        }
    }

    /// Whether nothing can come of it but an empty text.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

fn push_text(parts: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain)));
    }
}
