//! Errors that point at the column.

use std::fmt::{self, Display, Formatter};

use unicode_width::UnicodeWidthChar;

/// Why a text is not a domain expression.
///
/// Printed, it shows the line and a caret under the place:
///
/// ```
/// use research_domain::Domain;
///
/// let error = "a=[1, 2] * b=3".parse::<Domain>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "expected a list or a sampler, found `3` in column 14\n  \
///      | a=[1, 2] * b=3\n  \
///      |              ^\n  \
///      = write a single value as a list: b=[3]"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// The line that has the error, and where in it, in characters.
    line: String,
    column: usize,
    line_number: usize,
}

impl SyntaxError {
    /// An error at a byte of the text.
    pub(super) fn at(text: &str, offset: usize, message: impl Into<String>) -> SyntaxError {
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |place| place + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        SyntaxError {
            message: message.into(),
            hint: None,
            line: line.to_owned(),
            column: before[start..].chars().count(),
            line_number: before.matches('\n').count() + 1,
        }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> SyntaxError {
        self.hint = Some(hint.into());
        self
    }

    /// Puts the name of the parameter, which the parser of values does not know, into the hint.
    pub(super) fn about_name(mut self, placeholder: &str, name: &str) -> SyntaxError {
        self.hint = self.hint.map(|hint| hint.replace(placeholder, name));
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line_number
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.column + 1
    }
}

impl std::error::Error for SyntaxError {}

impl Display for SyntaxError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        /// The characters shown to the left and right of the place in a long line.
        const AROUND: usize = 60;

        write!(f, "{} in ", self.message)?;
        if self.line_number > 1 {
            write!(f, "line {}, ", self.line_number)?;
        }
        writeln!(f, "column {}", self.column())?;
        let skipped = self.column.saturating_sub(AROUND);
        // A tab would put the caret elsewhere.
        let clean = self
            .line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c });
        let shown: String = clean.skip(skipped).take(2 * AROUND).collect();
        let before: usize = shown
            .chars()
            .take(self.column - skipped)
            .filter_map(|c| c.width())
            .sum();
        writeln!(f, "  | {}", shown.trim_end())?;
        write!(f, "  | {:before$}^", "")?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  = {hint}")?;
        }
        Ok(())
    }
}
