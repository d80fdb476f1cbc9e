//! The errors of research files, shown at their location in the text.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use research_core::{BuildError, ParseWhenError};
use research_domain::DomainError;
use research_exec::program::ProgramError;

use research_monitor::Style;

use super::location::Location;
use super::node::Span;

/// The width of a message without a terminal.
const COLUMNS: usize = 116;

/// The origin of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// A command-line flag, such as `--set`.
    Flag(&'static str),
    /// The record of an earlier run.
    Record,
}

/// A source and its origin.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) origin: Origin,
    pub(crate) text: String,
}

/// The kind of an error in a research file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// The file cannot be read.
    #[error("cannot read the research file: {0}")]
    Read(#[from] io::Error),
    /// The text is not valid TOML or JSON.
    #[error("invalid {language}: {message}")]
    Syntax {
        /// TOML or JSON.
        language: &'static str,
        /// The message of the parser.
        message: String,
    },
    /// An unknown key.
    #[error("unknown key `{key}` in {table}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The table.
        table: &'static str,
        /// The most similar key, or all keys.
        hint: String,
    },
    /// An option among the parameters.
    #[error("`{key}` is in [domain], where it is a parameter, but no command uses it")]
    OptionInDomain {
        /// The key.
        key: String,
    },
    /// A missing key.
    #[error("missing `{key}` in {table}")]
    Missing {
        /// The key.
        key: &'static str,
        /// The table.
        table: String,
        /// What to add.
        hint: &'static str,
    },
    /// A value of the wrong type.
    #[error("`{key}`: expected {expected}, found {found}")]
    Type {
        /// The key.
        key: String,
        /// The expected type.
        expected: &'static str,
        /// The type of the value.
        found: &'static str,
    },
    /// A value out of range.
    #[error("invalid `{key}`: {reason}")]
    Range {
        /// The key.
        key: String,
        /// The violated bound.
        reason: String,
    },
    /// An unknown word for a key.
    #[error("unknown value `{value}` of `{key}`")]
    Choice {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// The most similar word, or all words.
        hint: String,
    },
    /// An invalid name.
    #[error("invalid {what} name `{name}`: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What it names.
        what: &'static str,
        /// The violated rule.
        reason: String,
    },
    /// A parameter without values.
    #[error("`{name}` has no values")]
    NoValues {
        /// The parameter.
        name: String,
    },
    /// Invalid values of a parameter.
    #[error("invalid values of `{name}`: {message}")]
    Values {
        /// The parameter.
        name: String,
        /// The error.
        message: String,
    },
    /// An invalid expression.
    #[error("`{key}`: {message}")]
    Expression {
        /// The key.
        key: String,
        /// The syntax error.
        message: String,
        /// How to correct it.
        hint: Option<String>,
    },
    /// An invalid domain.
    #[error("invalid domain: {0}")]
    Domain(#[source] DomainError),
    /// The file has no units.
    #[error("nothing to run: the file has no [[unit]]")]
    NoUnits,
    /// An invalid program of a unit.
    #[error("unit `{unit}`: {source}")]
    Program {
        /// The unit.
        unit: String,
        /// The error.
        source: ProgramError,
    },
    /// An invalid program that updates the domain.
    #[error("[[update]] {number}: {source}")]
    Update {
        /// The number of the update, from 1.
        number: usize,
        /// The error.
        source: ProgramError,
    },
    /// An invalid regular expression.
    #[error("unit `{unit}`: invalid regular expression `{pattern}`: {reason}")]
    Regex {
        /// The unit.
        unit: String,
        /// The expression.
        pattern: String,
        /// The error.
        reason: String,
    },
    /// An environment that cannot be recorded.
    #[error("{source}")]
    Env {
        /// The error.
        source: crate::storage::EnvError,
    },
    /// An unknown `{name}` in a command.
    #[error("unit `{unit}`: unknown name `{{{name}}}`")]
    UnknownName {
        /// The unit.
        unit: String,
        /// The name.
        name: String,
        /// The most similar name, or all names.
        hint: String,
    },
    /// A `{name}` that is both built-in and a parameter.
    #[error("unit `{unit}`: `{{{name}}}` is a built-in name, not the parameter `{name}`")]
    HiddenName {
        /// The unit.
        unit: String,
        /// The name.
        name: String,
    },
    /// An output that cannot be saved in this way.
    #[error("unit `{unit}`: {reason}")]
    Output {
        /// The unit.
        unit: String,
        /// The contradiction.
        reason: String,
        /// How to correct it.
        hint: String,
    },
    /// Experiments that run at the same time write the same file.
    #[error("unit `{unit}`: experiments that run at the same time write the same file `{path}`")]
    SharedOutput {
        /// The unit.
        unit: String,
        /// The path.
        path: String,
    },
    /// An output that is saved in two ways.
    #[error("unit `{unit}` has both `save_to` and `save_output_dict`")]
    SavedTwice {
        /// The unit.
        unit: String,
    },
    /// An invalid `when`.
    #[error(transparent)]
    When(#[from] ParseWhenError),
    /// An invalid setting, `KEY=VALUE`.
    #[error("invalid setting `{text}`: {reason}")]
    Set {
        /// The setting.
        text: String,
        /// The error.
        reason: &'static str,
    },
    /// An invalid experiment.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl FileErrorKind {
    /// A diagnostic with a location.
    pub(crate) fn at(self, span: Span) -> Diagnostic {
        Diagnostic {
            kind: Box::new(self),
            span: Some(span),
        }
    }

    /// A diagnostic without a location.
    pub(crate) fn without_location(self) -> Diagnostic {
        Diagnostic {
            kind: Box::new(self),
            span: None,
        }
    }

    /// Returns how to correct the error, unless the message says it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownKey { hint, .. }
            | Self::UnknownName { hint, .. }
            | Self::Choice { hint, .. } => hint.clone(),
            Self::Missing { hint, .. } => (*hint).to_owned(),
            Self::OptionInDomain { key } => format!(
                "move it above the first table header; for a parameter with one value write a \
                 list: {key} = […]"
            ),
            Self::NoValues { .. } => "add a value, or remove the parameter".to_owned(),
            Self::Expression { hint, .. } => return hint.clone(),
            Self::NoUnits => {
                "add one: [[unit]] with name = \"train\" and run = \"python3 train.py --lr {lr}\""
                    .to_owned()
            }
            Self::Output { hint, .. } => hint.clone(),
            Self::SharedOutput { .. } => {
                "add `{id}` to the path, or use a relative path, which is inside the folder of \
                 the experiment; or run one experiment at a time with `workers = 1`"
                    .to_owned()
            }
            Self::HiddenName { name, .. } => format!("rename the parameter `{name}`"),
            Self::SavedTwice { .. } => {
                "`save_to` saves the output under a name, `save_output_dict` each of its keys: \
                 remove one of them"
                    .to_owned()
            }
            Self::Set { .. } => "use KEY=VALUE, such as workers=4 or \
                                 domain.lr=[0.1,0.2]"
                .to_owned(),
            Self::Read(_)
            | Self::Syntax { .. }
            | Self::Type { .. }
            | Self::Range { .. }
            | Self::Name { .. }
            | Self::Values { .. }
            | Self::Regex { .. }
            | Self::Env { .. }
            | Self::Domain(_)
            | Self::Program { .. }
            | Self::Update { .. }
            | Self::When(_)
            | Self::Build(_) => return None,
        })
    }
}

/// An error and its span, before the source text is known.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    pub(crate) kind: Box<FileErrorKind>,
    pub(crate) span: Option<Span>,
}

/// An error in a research file, with its location and how to correct it.
///
/// `Display` shows the line with carets under the location.
#[derive(Debug)]
pub struct FileError {
    origin: Origin,
    location: Option<Location>,
    kind: Box<FileErrorKind>,
}

impl FileError {
    pub(crate) fn new(diagnostic: Diagnostic, sources: &[Source]) -> Self {
        let source = diagnostic.span.and_then(|span| sources.get(span.source));
        let origin = source.or(sources.first());
        Self {
            origin: origin.map_or(Origin::Record, |source| source.origin.clone()),
            location: diagnostic
                .span
                .zip(source)
                .map(|(span, source)| Location::new(span, &source.text)),
            kind: diagnostic.kind,
        }
    }

    pub(crate) fn unreadable(path: &Path, error: io::Error) -> Self {
        Self {
            origin: Origin::File(path.to_owned()),
            location: None,
            kind: Box::new(FileErrorKind::Read(error)),
        }
    }

    /// Returns the origin of the text.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the line, from 1, if the error has a location.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.location.as_ref().map(|place| place.line)
    }

    /// Returns the column in characters, from 1, if the error has a location.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.location.as_ref().map(|place| place.column)
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> &FileErrorKind {
        &self.kind
    }
}

impl std::error::Error for FileError {}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(COLUMNS, Style::PLAIN))
    }
}

impl FileError {
    /// Formats the error, its location and its hint for a width of `columns`.
    #[must_use]
    pub fn render(&self, columns: usize, style: Style) -> String {
        let number = self.line().map_or(String::new(), |line| line.to_string());
        let width = number.len().max(1);
        let Style { frame, mark, end } = style;
        let mut text = format!(
            "{}\n{:width$}{frame}-->{end} {}",
            self.kind,
            "",
            self.location()
        );
        if let Some(place) = &self.location {
            let shown = place.fit(columns.saturating_sub(width + 3).max(20));
            let carets = "^".repeat(shown.carets);
            text.push_str(&format!(
                "\n{:width$} {frame}|{end}\n{frame}{number} |{end} {}\n{:width$} {frame}|{end} \
                 {:before$}{mark}{carets}{end}",
                "",
                shown.text,
                "",
                "",
                before = shown.before,
            ));
        }
        if let Some(hint) = self.kind.hint() {
            text.push_str(&format!("\n{:width$} {frame}= help:{end} {hint}", ""));
        }
        text
    }

    /// Formats file, line and column.
    fn location(&self) -> String {
        let origin = match &self.origin {
            Origin::File(path) => path.display().to_string(),
            Origin::Flag(flag) => (*flag).to_owned(),
            Origin::Record => "the recorded research file".to_owned(),
        };
        match (&self.location, &self.origin) {
            // A flag is one line.
            (Some(place), Origin::Flag(_)) => format!("{origin}, column {}", place.column),
            (Some(place), _) => format!("{origin}:{}:{}", place.line, place.column),
            (None, _) => origin,
        }
    }
}
