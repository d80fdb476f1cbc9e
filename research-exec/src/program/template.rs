//! Templates: strings with placeholders such as `{name}`.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;

use research_core::Context;
use research_core::units::Input;

use super::environment::OF_EXPERIMENT;
use super::names;
use super::render_error::RenderError;

/// A string in which `{name}` is replaced by a value of the running experiment.
///
/// A name is resolved in this order:
/// 1. `id`, `path`, `iteration`, `repetition`, `seed`, `device`: the built-in names, even if an
///    item or a unit has the same name;
/// 2. an item of the config;
/// 3. a unit: its latest output;
/// 4. `name.field` and `name[0]`: a field of one of these, if the value is a map, or an element,
///    from 0, or from -1 backwards, if it is a list; they can be nested.
///
/// So an item of the config hides a unit of the same name. In a command, `{flags}` is replaced by a
/// flag for each item of the config, unless an item or a unit has this name.
///
/// A word with `{name?}` is left out if the value is missing or `null`. `{name*}` and `{flags*}`
/// must be whole words, and are replaced by a word for each element of a list.
///
/// `{{` and `}}` are literal braces. Strings are inserted unchanged, floats in their shortest form
/// that reads back, booleans, `null`, lists and maps as JSON; several devices are joined by commas.
/// `{path}` is absolute, and the folder is created.
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
    /// A literal string, with single instead of doubled braces.
    Text(String),
    Name(Placeholder),
}

/// A name between braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placeholder {
    pub(super) name: String,
    /// The column of its brace.
    pub(super) column: usize,
    /// `{name?}`: without a value, the word is left out.
    pub(super) is_optional: bool,
    /// `{name*}`: each element of a list becomes a word.
    pub(super) is_spread: bool,
}

impl Placeholder {
    fn new(written: &str, column: usize) -> Self {
        let (name, is_optional) = without_mark(written, '?');
        let (name, is_spread) = without_mark(name, '*');
        Self {
            name: name.to_owned(),
            column,
            is_optional,
            is_spread,
        }
    }

    /// Returns whether it may be replaced by a number of words other than one.
    pub(super) fn is_words(&self) -> bool {
        self.is_optional || self.is_spread
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spread = if self.is_spread { "*" } else { "" };
        let optional = if self.is_optional { "?" } else { "" };
        write!(f, "{{{}{spread}{optional}}}", self.name)
    }
}

fn without_mark(written: &str, mark: char) -> (&str, bool) {
    match written.strip_suffix(mark) {
        Some(name) => (name, true),
        None => (written, false),
    }
}

/// The reason why a string is not a template. Columns are counted in characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// An opening brace has no closing brace.
    #[error("column {column} of `{text}`: `{{` is not closed; to write a brace, double it: `{{{{`")]
    Unclosed {
        /// The text.
        text: String,
        /// The column of the brace.
        column: usize,
    },
    /// A closing brace has no opening brace.
    #[error(
        "column {column} of `{text}`: `}}` has no opening brace; to write a brace, double it: \
         `}}}}`"
    )]
    Unopened {
        /// The text.
        text: String,
        /// The column of the brace.
        column: usize,
    },
    /// A placeholder for several words, or for none, is where one word is needed.
    #[error("column {column} of `{text}`: `{placeholder}` {demand}")]
    OneWord {
        /// The text.
        text: String,
        /// The column of the brace.
        column: usize,
        /// The placeholder.
        placeholder: String,
        /// The positions in which it is allowed.
        demand: &'static str,
    },
    /// The name between the braces is empty.
    #[error(
        "column {column} of `{text}`: the braces are empty; to write a brace, double it: `{{{{}}}}`"
    )]
    EmptyName {
        /// The text.
        text: String,
        /// The column of the opening brace.
        column: usize,
    },
}

impl TemplateError {
    /// Returns the column of the error, in characters from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        match self {
            Self::Unclosed { column, .. }
            | Self::Unopened { column, .. }
            | Self::OneWord { column, .. }
            | Self::EmptyName { column, .. } => *column,
        }
    }

    /// Returns the text that is not a template.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Unclosed { text, .. }
            | Self::Unopened { text, .. }
            | Self::OneWord { text, .. }
            | Self::EmptyName { text, .. } => text,
        }
    }
}

impl Template {
    /// Parses a template.
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
            let placeholder = Placeholder::new(&inside[..end], column);
            if placeholder.name.trim().is_empty() {
                return Err(TemplateError::EmptyName {
                    text: text(),
                    column,
                });
            }
            push_text(&mut parts, &mut plain);
            parts.push(Part::Name(placeholder));
            rest = &inside[end + 1..];
        }
        plain.push_str(rest);
        push_text(&mut parts, &mut plain);
        Ok(Self { parts })
    }

    /// Parses a template of one word; placeholders may be optional if `may_be_left_out`.
    pub(super) fn parse_one_word(text: &str, may_be_left_out: bool) -> Result<Self, TemplateError> {
        let template = Self::parse(text)?;
        let is_wrong = |one: &&Placeholder| one.is_spread || one.is_optional && !may_be_left_out;
        if let Some(one) = template.placeholders().find(is_wrong) {
            return Err(one_word(text, one));
        }
        Ok(template)
    }

    /// Parses a word of a command.
    pub(super) fn parse_word(text: &str) -> Result<Self, TemplateError> {
        let template = Self::parse(text)?;
        let spread = template.placeholders().find(|one| one.is_spread);
        if let Some(one) = spread.filter(|_| template.parts.len() > 1) {
            return Err(one_word(text, one));
        }
        Ok(template)
    }

    /// Returns the names in its placeholders, in order, with repetitions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.placeholders().map(|one| one.name.as_str())
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Name(placeholder) => Some(placeholder),
        })
    }

    /// Returns the text with the current values of its names; empty if an optional value is
    /// missing.
    ///
    /// # Errors
    /// A name is unknown or has no value yet, or the folder cannot be created.
    pub fn render(&self, context: &Context) -> Result<OsString, RenderError> {
        Ok(self.word(context)?.unwrap_or_default())
    }

    /// Returns the text, or `None` if the word is left out.
    pub(super) fn word(&self, context: &Context) -> Result<Option<OsString>, RenderError> {
        let mut text = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.extend_from_slice(plain.as_bytes()),
                Part::Name(one) if one.is_optional => match names::optional(&one.name, context)? {
                    Some(value) => text.extend_from_slice(&value),
                    None => return Ok(None),
                },
                Part::Name(one) => names::write(&one.name, context, &mut text)?,
            }
        }
        Ok(Some(OsString::from_vec(text)))
    }

    /// Returns its words in a command.
    pub(super) fn words(&self, context: &Context) -> Result<Vec<OsString>, RenderError> {
        match self.parts.as_slice() {
            [Part::Name(one)] => names::words(one, context),
            _ => Ok(self.word(context)?.into_iter().collect()),
        }
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns the input for a variable of the environment in its text that differs between
    /// experiments, if any.
    pub(super) fn variable_of_experiment(&self) -> Option<Input> {
        let variable = self.parts.iter().find_map(|part| match part {
            Part::Text(text) => OF_EXPERIMENT
                .into_iter()
                .find(|variable| text.contains(variable)),
            Part::Name(_) => None,
        });
        variable.map(|variable| Input::Experiment(format!("`{variable}`")))
    }

    /// Returns whether its literal beginning shows that it is a relative path.
    pub(super) fn is_relative(&self) -> bool {
        match self.parts.first() {
            Some(Part::Text(text)) => !text.starts_with('/'),
            Some(Part::Name(_)) | None => false,
        }
    }

    /// Returns whether it is always an empty string.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

fn one_word(text: &str, placeholder: &Placeholder) -> TemplateError {
    TemplateError::OneWord {
        text: text.to_owned(),
        column: placeholder.column,
        placeholder: placeholder.to_string(),
        demand: match placeholder.is_spread {
            true => "must be a word of its own of `run`",
            false => "can stand in `run` and in `env` only",
        },
    }
}

fn push_text(parts: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain)));
    }
}
