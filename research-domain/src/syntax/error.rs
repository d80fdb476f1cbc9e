//! Syntax errors that point at a column.

use std::fmt::{self, Display, Formatter};

use unicode_width::UnicodeWidthChar;

/// The reason why a string is not a valid expression.
///
/// It prints the line with a caret under the column of the error:
///
/// ```
/// use research_domain::Domain;
///
/// let error = "a=[1, 2] * b=3".parse::<Domain>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "expected a list or a distribution, found `3` in column 14\n  \
///      | a=[1, 2] * b=3\n  \
///      |              ^\n  \
///      = write a single value as a list: b=[3]"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    message: String,
    hint: Option<String>,
    /// The line with the error.
    line: String,
    /// The column in characters, counted from 0.
    column: usize,
    line_number: usize,
}

impl SyntaxError {
    /// Returns an error at a byte offset of `text`.
    pub(crate) fn at(text: &str, offset: usize, message: impl Into<String>) -> SyntaxError {
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        SyntaxError {
            message: message.into(),
            hint: None,
            line: line.to_owned(),
            column: before[start..].chars().count(),
            line_number: before.matches('\n').count() + 1,
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> SyntaxError {
        self.hint = Some(hint.into());
        self
    }

    /// Replaces `placeholder` in the hint with the name of the parameter, which the parser of
    /// values does not know.
    pub(crate) fn with_name(mut self, placeholder: &str, name: &str) -> SyntaxError {
        self.hint = self.hint.map(|hint| hint.replace(placeholder, name));
        self
    }

    /// Returns the message, without line and column.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the suggested correction.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the line number, counted from 1.
    pub fn line(&self) -> usize {
        self.line_number
    }

    /// Returns the column in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.column + 1
    }
}

impl std::error::Error for SyntaxError {}

impl Display for SyntaxError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        /// The characters that are shown before and after the column of a long line.
        const AROUND: usize = 60;

        write!(f, "{} in ", self.message)?;
        if self.line_number > 1 {
            write!(f, "line {}, ", self.line_number)?;
        }
        writeln!(f, "column {}", self.column())?;
        let skipped = self.column.saturating_sub(AROUND);
        // A tab would shift the caret.
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
