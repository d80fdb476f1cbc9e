//! The errors of research files, shown at their location in the text.

mod kind;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use research_monitor::Style;

use super::location::Location;
use super::node::Span;

pub use kind::FileErrorKind;

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
}

/// An error and its span, before the source text is known.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    pub(crate) kind: Box<FileErrorKind>,
    pub(crate) span: Option<Span>,
}

/// An error in a research file, with its location and a hint.
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
