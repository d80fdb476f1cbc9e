//! What can be wrong with a research file, shown in its text.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use research_core::{BuildError, ParseWhenError};
use research_domain::DomainError;
use research_exec::program::ProgramError;

use research_monitor::Style;

use super::node::Span;
use super::place::Place;

/// How many columns a message takes where there is no terminal.
const COLUMNS: usize = 116;

/// Where a text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// A command-line flag, such as `--set`.
    Flag(&'static str),
    /// What an earlier run recorded.
    Record,
}

/// A text and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) origin: Origin,
    pub(crate) text: String,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be read.
    #[error("the research file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is not written in the language that its name says.
    #[error("this is no {language}: {message}")]
    Syntax {
        /// TOML or JSON.
        language: &'static str,
        /// What the reader says.
        message: String,
    },
    /// A key that is not known.
    #[error("unknown key `{key}` in {table}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Where.
        table: &'static str,
        /// The nearest known key, or all that there are.
        hint: String,
    },
    /// An option that stands among the parameters.
    #[error("`{key}` stands in [domain], where it is a parameter, and no command uses it")]
    OptionInDomain {
        /// The key.
        key: String,
    },
    /// A key that must be there.
    #[error("{table} has no `{key}`")]
    Missing {
        /// The key.
        key: &'static str,
        /// Where it is missing.
        table: String,
        /// What to write.
        hint: &'static str,
    },
    /// A value of another type.
    #[error("`{key}` must be {expected}; it is {found}")]
    Type {
        /// The key.
        key: String,
        /// What it takes.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A number out of bounds.
    #[error("`{key}` is out of range: {reason}")]
    Range {
        /// The key.
        key: String,
        /// The bound.
        reason: String,
    },
    /// A text that is none of those that the key takes.
    #[error("`{key}` cannot be `{value}`")]
    Choice {
        /// The key.
        key: &'static str,
        /// What is there.
        value: String,
        /// What there can be.
        hint: String,
    },
    /// A name that cannot be.
    #[error("`{name}` cannot be the name of {what}: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Of what.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// A parameter without values.
    #[error("`{name}` has no values")]
    NoValues {
        /// The parameter.
        name: String,
    },
    /// Values that cannot be those of a parameter.
    #[error("`{name}` cannot have these values: {message}")]
    Values {
        /// The parameter.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// An expression that does not parse.
    #[error("`{key}`: {message}")]
    Expression {
        /// The key.
        key: String,
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A domain that cannot be.
    #[error("the domain cannot be: {0}")]
    Domain(#[source] DomainError),
    /// There is nothing to run.
    #[error("there is nothing to run: the file has no [[unit]]")]
    NoUnits,
    /// A program that cannot be.
    #[error("unit `{unit}`: {source}")]
    Program {
        /// The unit.
        unit: String,
        /// What is wrong.
        source: ProgramError,
    },
    /// A program that cannot update the domain.
    #[error("[[update]] {number}: {source}")]
    Update {
        /// Which update, from 1.
        number: usize,
        /// What is wrong.
        source: ProgramError,
    },
    /// A regular expression that cannot be used.
    #[error("unit `{unit}`: the regular expression `{pattern}` cannot be used: {reason}")]
    Regex {
        /// The unit.
        unit: String,
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Surroundings that cannot be recorded.
    #[error("{source}")]
    Env {
        /// What is wrong with them.
        source: research_storage::EnvError,
    },
    /// A `{name}` that stands for nothing.
    #[error("unit `{unit}`: `{{{name}}}` stands for nothing")]
    UnknownName {
        /// The unit.
        unit: String,
        /// The name.
        name: String,
        /// The nearest name, or all that there are.
        hint: String,
    },
    /// A `{name}` that could be two things.
    #[error(
        "unit `{unit}`: `{{{name}}}` is what the program itself calls so, not the parameter `{name}`"
    )]
    HiddenName {
        /// The unit.
        unit: String,
        /// The name.
        name: String,
    },
    /// An output that cannot be saved as the unit says.
    #[error("unit `{unit}`: {reason}")]
    Output {
        /// The unit.
        unit: String,
        /// What contradicts what.
        reason: String,
        /// What to write instead.
        hint: String,
    },
    /// Experiments that run at once write the same file.
    #[error("unit `{unit}`: experiments that run at once write the same file, `{path}`")]
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
    /// A rule that says nothing.
    #[error(transparent)]
    When(#[from] ParseWhenError),
    /// A `--set` that sets nothing.
    #[error("`{text}` sets nothing: {reason}")]
    Set {
        /// The argument.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An experiment that cannot be.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl Problem {
    /// The problem at a place.
    pub(crate) fn at(self, span: Span) -> Fault {
        Fault {
            problem: Box::new(self),
            span: Some(span),
        }
    }

    /// The problem of the file as a whole.
    pub(crate) fn somewhere(self) -> Fault {
        Fault {
            problem: Box::new(self),
            span: None,
        }
    }

    /// What to do about it, where the message does not say it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownKey { hint, .. }
            | Self::UnknownName { hint, .. }
            | Self::Choice { hint, .. } => hint.clone(),
            Self::Missing { hint, .. } => (*hint).to_owned(),
            Self::OptionInDomain { key } => format!(
                "write it before the first line in brackets; for a parameter of one value write a list: {key} = […]"
            ),
            Self::NoValues { .. } => "give it at least one value, or take it out".to_owned(),
            Self::Expression { hint, .. } => return hint.clone(),
            Self::NoUnits => {
                "add one: [[unit]] with name = \"train\" and run = \"python3 train.py --lr {lr}\""
                    .to_owned()
            }
            Self::Output { hint, .. } => hint.clone(),
            Self::SharedOutput { .. } => {
                "give each experiment its own file: put `{id}` into the path, or use a relative path, which is inside the experiment's folder; or run one at a time, with `workers = 1`"
                    .to_owned()
            }
            Self::HiddenName { name, .. } => format!("give the parameter `{name}` another name"),
            Self::SavedTwice { .. } => {
                "`save_to` saves the output under a name, `save_output_dict` each of its keys: take one of them out"
                    .to_owned()
            }
            Self::Set { .. } => "write --set KEY=VALUE, as --set workers=4 or --set domain.lr=[0.1,0.2]".to_owned(),
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

/// A problem and its place, before it is known what stands there.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) problem: Box<Problem>,
    pub(crate) span: Option<Span>,
}

/// A research file that cannot be used: what is wrong, where, and what to do about it.
///
/// Printed, it shows the line with a caret under the place.
#[derive(Debug)]
pub struct FileError {
    origin: Origin,
    place: Option<Place>,
    problem: Box<Problem>,
}

impl FileError {
    pub(crate) fn new(fault: Fault, sources: &[Source]) -> Self {
        let source = fault.span.and_then(|span| sources.get(span.source));
        let origin = source.or(sources.first());
        Self {
            origin: origin.map_or(Origin::Record, |source| source.origin.clone()),
            place: fault
                .span
                .zip(source)
                .map(|(span, source)| Place::new(span, &source.text)),
            problem: fault.problem,
        }
    }

    pub(crate) fn unreadable(path: &Path, error: io::Error) -> Self {
        Self {
            origin: Origin::File(path.to_owned()),
            place: None,
            problem: Box::new(Problem::Read(error)),
        }
    }

    /// Where the text comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The line, from 1, if the problem has a place.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.line)
    }

    /// The column in characters, from 1, if the problem has a place.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.column)
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl std::error::Error for FileError {}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(COLUMNS, Style::PLAIN))
    }
}

impl FileError {
    /// The problem, the place in the text, and what to do, for a terminal of so many columns.
    #[must_use]
    pub fn render(&self, columns: usize, style: Style) -> String {
        let number = self.line().map_or(String::new(), |line| line.to_string());
        let width = number.len().max(1);
        let Style { frame, mark, end } = style;
        let mut text = format!(
            "{}\n{:width$}{frame}-->{end} {}",
            self.problem,
            "",
            self.spot()
        );
        if let Some(place) = &self.place {
            let shown = place.fit(columns.saturating_sub(width + 3).max(20));
            let carets = "^".repeat(shown.carets);
            text.push_str(&format!(
                "\n{:width$} {frame}|{end}\n{frame}{number} |{end} {}\n{:width$} {frame}|{end} {:before$}{mark}{carets}{end}",
                "",
                shown.text,
                "",
                "",
                before = shown.before,
            ));
        }
        if let Some(hint) = self.problem.hint() {
            text.push_str(&format!("\n{:width$} {frame}= help:{end} {hint}", ""));
        }
        text
    }

    /// File, line and column.
    fn spot(&self) -> String {
        let origin = match &self.origin {
            Origin::File(path) => path.display().to_string(),
            Origin::Flag(flag) => (*flag).to_owned(),
            Origin::Record => "the recorded research file".to_owned(),
        };
        match (&self.place, &self.origin) {
            // A flag is one line.
            (Some(place), Origin::Flag(_)) => format!("{origin}, column {}", place.column),
            (Some(place), _) => format!("{origin}:{}:{}", place.line, place.column),
            (None, _) => origin,
        }
    }
}
