//! Texts with `{names}` in them.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;

use research_core::Context;
use research_core::units::Input;

use super::environment::OF_EXPERIMENT;
use super::names;
use super::render_error::RenderError;

/// A string in which `{name}` stands for something that exists only while an experiment runs.
///
/// A name is looked for in this order:
/// 1. `id`, `path`, `iteration`, `repetition`, `seed`, `device`: always these, whatever else is
///    called so;
/// 2. an item of the config;
/// 3. a unit: its latest output;
/// 4. `name.field` and `name[0]`: a field of one of those, where the value is a map, or an element,
///    from 0 or from -1 backwards, where it is a list; they may follow each other.
///
/// So an item of the config hides a unit of the same name. In a command `{flags}` stands for a flag
/// for each item of the config, where neither an item nor a unit has this name.
///
/// A word with `{name?}` is left out where the value is missing or `null`; `{name*}` and
/// `{flags*}`, which are words of their own, make a word of each element of a list.
///
/// `{{` and `}}` are braces. Strings are put in as they are, floats in their shortest form that
/// reads back, booleans, nothing, lists and maps as JSON; several devices are joined by commas.
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
    /// A literal string, its doubled braces made single.
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
    /// `{name*}`: each element of a list is a word.
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

    /// Whether it may stand for another number of words than one.
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
    /// A placeholder for several words, or for none, stands where one word is needed.
    #[error("column {column} of `{text}`: `{placeholder}` {demand}")]
    OneWord {
        /// The text.
        text: String,
        /// Where the brace stands.
        column: usize,
        /// The placeholder.
        placeholder: String,
        /// Where it can stand.
        demand: &'static str,
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
            | Self::OneWord { column, .. }
            | Self::EmptyName { column, .. } => *column,
        }
    }

    /// The text that is not a template.
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

    /// Reads a template of one word, in which a placeholder may be optional if `may_be_left_out`.
    pub(super) fn parse_one_word(text: &str, may_be_left_out: bool) -> Result<Self, TemplateError> {
        let template = Self::parse(text)?;
        let is_wrong = |one: &&Placeholder| one.is_spread || one.is_optional && !may_be_left_out;
        if let Some(one) = template.placeholders().find(is_wrong) {
            return Err(one_word(text, one));
        }
        Ok(template)
    }

    /// Reads a word of a command.
    pub(super) fn parse_word(text: &str) -> Result<Self, TemplateError> {
        let template = Self::parse(text)?;
        let spread = template.placeholders().find(|one| one.is_spread);
        if let Some(one) = spread.filter(|_| template.parts.len() > 1) {
            return Err(one_word(text, one));
        }
        Ok(template)
    }

    /// The names that it refers to, in order, each as often as it stands there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.placeholders().map(|one| one.name.as_str())
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Name(placeholder) => Some(placeholder),
        })
    }

    /// The text with the values that the names have now; empty where an optional one is missing.
    ///
    /// # Errors
    /// A name that stands for nothing, or for nothing yet, and a folder that cannot be made.
    pub fn render(&self, context: &Context) -> Result<OsString, RenderError> {
        Ok(self.word(context)?.unwrap_or_default())
    }

    /// The text, or `None` where it is left out.
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

    /// The words that it stands for in a command.
    pub(super) fn words(&self, context: &Context) -> Result<Vec<OsString>, RenderError> {
        match self.parts.as_slice() {
            [Part::Name(one)] => names::words(one, context),
            _ => Ok(self.word(context)?.into_iter().collect()),
        }
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
            Part::Name(_) => None,
        });
        variable.map(|variable| Input::Experiment(format!("`{variable}`")))
    }

    /// Whether it is a path that does not begin at the root, as far as that is known.
    pub(super) fn is_relative(&self) -> bool {
        match self.parts.first() {
            Some(Part::Text(text)) => !text.starts_with('/'),
            Some(Part::Name(_)) | None => false,
        }
    }

    /// Whether nothing can come of it but an empty text.
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
