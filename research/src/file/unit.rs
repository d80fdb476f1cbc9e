//! The units of a research file.

use std::time::Duration;

use research_core::When;
use research_exec::program::{ProgramSpec, Run, Shell};
use serde::Serialize;

use super::error::{Diagnostic, FileErrorKind, Source};
use super::keys::{self, find};
use super::node::{Content, Entry, Node};
use super::output::{self, Save};
use super::{command, options, setting};

/// A unit of a research file.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitFile {
    /// The name.
    pub name: String,
    /// The program and its output.
    pub program: ProgramSpec,
    /// The mode in which the program is used.
    pub mode: Mode,
    /// The variables that the output is saved to.
    pub save: Save,
    /// The iterations in which the unit runs.
    pub when: When,
    /// Whether the unit runs once for all branches.
    pub root: bool,
    /// The timeout of a call.
    pub timeout: Option<Duration>,
    /// The iterations after which saved values are sent at once.
    pub dump: Option<When>,
}

/// The mode in which a unit uses its program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The program runs each time the unit is due.
    #[default]
    Callable,
    /// The program is started once, and prints a line for each item.
    Generator,
}

/// The values of `mode`.
pub(crate) const MODES: [(&str, Mode); 2] =
    [("callable", Mode::Callable), ("generator", Mode::Generator)];

pub(crate) fn read_all(
    node: Option<&Node>,
    sources: &[Source],
) -> Result<Vec<UnitFile>, Diagnostic> {
    let node = node.ok_or_else(|| FileErrorKind::NoUnits.without_location())?;
    let nodes = node.list("unit", "a list of tables: write [[unit]] above each")?;
    if nodes.is_empty() {
        return Err(FileErrorKind::NoUnits.at(node.span));
    }
    nodes.iter().map(|node| read(node, sources)).collect()
}

fn read(node: &Node, sources: &[Source]) -> Result<UnitFile, Diagnostic> {
    let entries = node.table("unit", "a table: write [[unit]] above it")?;
    keys::check(entries, &keys::UNIT)?;
    let name = name(entries, node)?;
    let run = find(entries, "run").ok_or_else(|| {
        let problem = FileErrorKind::Missing {
            key: "run",
            table: format!("unit `{name}`"),
            hint: "add a command: run = [\"python3\", \"train.py\", \"--lr={lr}\"]",
        };
        problem.at(node.span)
    })?;
    let flag = |key: &str| find(entries, key).map_or(Ok(false), |node| node.bool(key));
    let mode = find(entries, "mode");
    let mode = mode.map_or(Ok(Mode::default()), |node| {
        options::choice(node, "mode", &MODES)
    })?;
    let save = save(entries, &name)?;
    let program = ProgramSpec {
        run: command(run)?,
        shell: shell(entries)?,
        output: output::read(entries, &name, &save, sources)?,
        setting: setting::read(entries)?,
    };
    let unit = UnitFile {
        save,
        when: find(entries, "when").map_or(Ok(When::always()), |node| when(node, "when"))?,
        root: flag("root")?,
        timeout: options::timeout(entries)?,
        dump: find(entries, "dump")
            .map(|node| when(node, "dump"))
            .transpose()?,
        name,
        program,
        mode,
    };
    command::check(&unit, entries, sources)?;
    Ok(unit)
}

/// Reads `shell`.
pub(crate) fn shell(entries: &[Entry]) -> Result<Shell, Diagnostic> {
    match find(entries, "shell") {
        None => Ok(Shell::None),
        Some(node) => match &node.content {
            Content::Bool(flag) => Ok((*flag).into()),
            Content::Text(name) if name == "bash" => Ok(Shell::Bash),
            _ => Err(node.expected("shell", "a boolean or \"bash\"")),
        },
    }
}

fn name(entries: &[Entry], unit: &Node) -> Result<String, Diagnostic> {
    let node = find(entries, "name").ok_or_else(|| {
        let problem = FileErrorKind::Missing {
            key: "name",
            table: "[[unit]]".to_owned(),
            hint: "add a name: name = \"train\"",
        };
        problem.at(unit.span)
    })?;
    let name = node.text("name")?;
    let braces = name
        .contains(['{', '}'])
        .then_some("it must not contain braces");
    let Some(reason) = invisible(name).or(braces) else {
        return Ok(name.to_owned());
    };
    let problem = FileErrorKind::Name {
        name: name.escape_debug().to_string(),
        what: "unit",
        reason: reason.to_owned(),
    };
    Err(problem.at(node.span))
}

/// Returns the reason that a name is invalid, if it is empty or has control characters.
fn invisible(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("it is empty")
    } else if name.chars().any(char::is_control) {
        Some("it has a control character")
    } else {
        None
    }
}

const COMMAND: &str = "a string, or a list of strings";

pub(crate) fn command(node: &Node) -> Result<Run, Diagnostic> {
    match &node.content {
        Content::Text(line) => Ok(Run::Line(line.clone())),
        Content::List(words) => {
            let words: Result<_, Diagnostic> = words
                .iter()
                .map(|word| match &word.content {
                    Content::Text(word) => Ok(word.clone()),
                    _ => Err(word.expected("run", "a list of strings")),
                })
                .collect();
            Ok(Run::List(words?))
        }
        _ => Err(node.expected("run", COMMAND)),
    }
}

fn save(entries: &[Entry], unit: &str) -> Result<Save, Diagnostic> {
    let dictionary = find(entries, "save_output_dict");
    let dictionary = dictionary.map(|node| Ok((node.bool("save_output_dict")?, node)));
    let dictionary = dictionary.transpose()?.filter(|(wanted, _)| *wanted);
    match (find(entries, "save_to"), dictionary) {
        (None, None) => Ok(Save::Nothing),
        (None, Some(_)) => Ok(Save::OutputDict),
        (Some(_), Some((_, node))) => {
            let unit = unit.to_owned();
            Err(FileErrorKind::SavedTwice { unit }.at(node.span))
        }
        (Some(node), None) => match &node.content {
            Content::List(names) => {
                let names: Result<_, Diagnostic> = names.iter().map(part).collect();
                Ok(Save::Parts(names?))
            }
            _ => Ok(Save::To(variable(node)?)),
        },
    }
}

/// Reads the name of a list element; an empty string, or the `null` of JSON, skips it.
fn part(node: &Node) -> Result<Option<String>, Diagnostic> {
    match &node.content {
        Content::Null => Ok(None),
        Content::Text(name) if name.is_empty() => Ok(None),
        _ => variable(node).map(Some),
    }
}

fn variable(node: &Node) -> Result<String, Diagnostic> {
    let Content::Text(name) = &node.content else {
        return Err(node.expected("save_to", "a name, or a list of names"));
    };
    let Some(reason) = invisible(name) else {
        return Ok(name.clone());
    };
    let problem = FileErrorKind::Name {
        name: name.escape_debug().to_string(),
        what: "variable",
        reason: reason.to_owned(),
    };
    Err(problem.at(node.span))
}

/// Reads `when`, or another key of its type.
pub(crate) fn when(node: &Node, key: &'static str) -> Result<When, Diagnostic> {
    const EXPECTED: &str =
        "a number n (every n-th iteration), \"#i\", \"last\", or a list of these";
    match &node.content {
        Content::Integer(_) => Ok(When::every(node.integer(key, 1)?)),
        Content::Text(text) => text
            .parse()
            .map_err(|error| FileErrorKind::When(error).at(node.span)),
        Content::List(nodes) => {
            let mut rules = nodes.iter().map(|node| match node.content {
                Content::List(_) => Err(node.expected(key, EXPECTED)),
                _ => when(node, key),
            });
            let first = rules.next().ok_or_else(|| node.expected(key, EXPECTED))?;
            rules.try_fold(first?, |all, rule| Ok(all.or(rule?)))
        }
        _ => Err(node.expected(key, EXPECTED)),
    }
}
