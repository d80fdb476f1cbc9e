//! Checks of the command of a unit.

use research_exec::program::{ProgramCommand, ProgramError, ProgramGenerator, TemplateError};

use super::domain::inside;
use super::error::{Diagnostic, FileErrorKind, Source};
use super::keys::find;
use super::node::{Content, Entry, Node, Span};
use super::unit::{Mode, UnitFile};

/// Checks a unit's command and its output.
pub(crate) fn check(
    unit: &UnitFile,
    entries: &[Entry],
    sources: &[Source],
) -> Result<(), Diagnostic> {
    let checked = ProgramCommand::new(&unit.program).and_then(|command| match unit.mode {
        Mode::Callable => Ok(()),
        Mode::Generator => ProgramGenerator::new(command).map(drop),
    });
    checked.map_err(|error| {
        let run = find(entries, "run");
        let output = find(entries, "output");
        let place = match &error {
            ProgramError::Regex { .. }
            | ProgramError::File(_)
            | ProgramError::NoFile
            | ProgramError::FileOfGenerator => output.map(|node| node.span),
            ProgramError::Template(error) => run.and_then(|node| brace(node, error, sources)),
            ProgramError::Setting { key, .. } => find(entries, key).map(|node| node.span),
            ProgramError::Variable { .. } => find(entries, "env").map(|node| node.span),
            ProgramError::Misplaced { column, .. } | ProgramError::NoArgument { column, .. } => {
                run.and_then(|node| column_of(node, *column, sources))
            }
            _ => None,
        };
        fault(problem(unit, error), place.or(run.map(|node| node.span)))
    })
}

pub(crate) fn problem(unit: &UnitFile, error: ProgramError) -> FileErrorKind {
    let unit = unit.name.clone();
    match error {
        ProgramError::Regex { pattern, reason } => FileErrorKind::Regex {
            unit,
            pattern,
            // The lines before the last one show the expression.
            reason: reason
                .lines()
                .next_back()
                .map(|line| line.trim_start_matches("error: ").to_owned())
                .unwrap_or_default(),
        },
        source => FileErrorKind::Program { unit, source },
    }
}

pub(crate) fn fault(problem: FileErrorKind, span: Option<Span>) -> Diagnostic {
    Diagnostic {
        kind: Box::new(problem),
        span,
    }
}

/// Returns the strings of a command, each with its node.
pub(crate) fn words(run: &Node) -> impl Iterator<Item = (&Node, &str)> {
    let nodes = match &run.content {
        Content::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(run),
    };
    nodes.iter().filter_map(|node| match &node.content {
        Content::Text(text) => Some((node, text.as_str())),
        _ => None,
    })
}

/// Returns the span of the brace of a command at which the error is.
fn brace(run: &Node, error: &TemplateError, sources: &[Source]) -> Option<Span> {
    let (node, _) = words(run).find(|(_, text)| *text == error.text())?;
    column_of(node, error.column(), sources)
}

/// Returns the span of a character of a string, whose columns count across lines.
fn column_of(node: &Node, column: usize, sources: &[Source]) -> Option<Span> {
    inside(node, 1, column, sources)
}
