//! The units of a research file: programs.

use std::time::Duration;

use research_core::When;
use research_exec::program::{ProgramSpec, Run};
use serde::Serialize;

use super::error::{Fault, Problem, Source};
use super::keys::{self, find};
use super::node::{Content, Entry, Node};
use super::{check, options, output};

/// A unit of a research file.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitFile {
    /// Its name.
    pub name: String,
    /// The program, and how its output is read.
    pub program: ProgramSpec,
    /// How the program is used.
    pub mode: Mode,
    /// What becomes of its output.
    pub save: Save,
    /// When it is due.
    pub when: When,
    /// Whether it runs once for all branches.
    pub root: bool,
    /// How long a call of it may take.
    pub timeout: Option<Duration>,
    /// When all that was saved so far is sent at once.
    pub dump: Option<When>,
}

/// How a unit uses its program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is run each time the unit is due.
    #[default]
    Callable,
    /// It is started once, and puts out a line for each item.
    Generator,
}

/// What becomes of a unit's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Save {
    /// Other units may use it.
    #[default]
    Nothing,
    /// It is saved under a name.
    To(String),
    /// It is a list, whose elements are saved under these names; `None` skips one.
    Parts(Vec<Option<String>>),
    /// It is a map, whose keys are the names.
    OutputDict,
}

/// The words for the modes.
pub(crate) const MODES: [(&str, Mode); 2] =
    [("callable", Mode::Callable), ("generator", Mode::Generator)];

pub(crate) fn read_all(node: Option<&Node>, sources: &[Source]) -> Result<Vec<UnitFile>, Fault> {
    let node = node.ok_or_else(|| Problem::NoUnits.somewhere())?;
    let nodes = node.list("unit", "a list of tables: write [[unit]] above each unit")?;
    if nodes.is_empty() {
        return Err(Problem::NoUnits.at(node.span));
    }
    nodes.iter().map(|node| read(node, sources)).collect()
}

fn read(node: &Node, sources: &[Source]) -> Result<UnitFile, Fault> {
    let entries = node.table("unit", "a table: write [[unit]] above it")?;
    keys::check(entries, &keys::UNIT)?;
    let name = name(entries, node)?;
    let run = find(entries, "run").ok_or_else(|| {
        let problem = Problem::Missing {
            key: "run",
            table: format!("unit `{name}`"),
            hint: "say which program it runs: run = [\"python3\", \"train.py\", \"--lr={lr}\"]",
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
        shell: flag("shell")?,
        output: output::read(entries, &name, &save, sources)?,
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
    check::program(&unit, entries, sources)?;
    Ok(unit)
}

fn name(entries: &[Entry], unit: &Node) -> Result<String, Fault> {
    let node = find(entries, "name").ok_or_else(|| {
        let problem = Problem::Missing {
            key: "name",
            table: "a [[unit]]".to_owned(),
            hint: "name it, so that errors and other units can call it: name = \"train\"",
        };
        problem.at(unit.span)
    })?;
    let name = node.text("name")?;
    let braces = name
        .contains(['{', '}'])
        .then_some("braces stand for names in commands");
    let Some(reason) = unseen(name).or(braces) else {
        return Ok(name.to_owned());
    };
    let problem = Problem::Name {
        name: name.escape_debug().to_string(),
        what: "a unit",
        reason: reason.to_owned(),
    };
    Err(problem.at(node.span))
}

/// Why a name cannot be told from others by looking at it.
fn unseen(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("it is empty")
    } else if name.chars().any(char::is_control) {
        Some("it has a character in it that cannot be seen")
    } else {
        None
    }
}

const COMMAND: &str = "a text, or a list of texts";

pub(crate) fn command(node: &Node) -> Result<Run, Fault> {
    match &node.content {
        Content::Text(line) => Ok(Run::Line(line.clone())),
        Content::List(words) => {
            let words: Result<_, Fault> = words
                .iter()
                .map(|word| match &word.content {
                    Content::Text(word) => Ok(word.clone()),
                    _ => Err(word.expected("run", "a list of texts: put each word in quotes")),
                })
                .collect();
            Ok(Run::List(words?))
        }
        _ => Err(node.expected("run", COMMAND)),
    }
}

fn save(entries: &[Entry], unit: &str) -> Result<Save, Fault> {
    let dictionary = find(entries, "save_output_dict");
    let dictionary = dictionary.map(|node| Ok((node.bool("save_output_dict")?, node)));
    let dictionary = dictionary.transpose()?.filter(|(wanted, _)| *wanted);
    match (find(entries, "save_to"), dictionary) {
        (None, None) => Ok(Save::Nothing),
        (None, Some(_)) => Ok(Save::OutputDict),
        (Some(_), Some((_, node))) => {
            let unit = unit.to_owned();
            Err(Problem::SavedTwice { unit }.at(node.span))
        }
        (Some(node), None) => match &node.content {
            Content::List(names) => {
                let names: Result<_, Fault> = names.iter().map(part).collect();
                Ok(Save::Parts(names?))
            }
            _ => Ok(Save::To(variable(node)?)),
        },
    }
}

/// The name of a part of an output; an empty text, or JSON's `null`, skips the part.
fn part(node: &Node) -> Result<Option<String>, Fault> {
    match &node.content {
        Content::Null => Ok(None),
        Content::Text(name) if name.is_empty() => Ok(None),
        _ => variable(node).map(Some),
    }
}

fn variable(node: &Node) -> Result<String, Fault> {
    let Content::Text(name) = &node.content else {
        return Err(node.expected("save_to", "a name, or a list of names"));
    };
    let Some(reason) = unseen(name) else {
        return Ok(name.clone());
    };
    let problem = Problem::Name {
        name: name.escape_debug().to_string(),
        what: "a saved variable",
        reason: reason.to_owned(),
    };
    Err(problem.at(node.span))
}

/// The rule of `when`, or of another key that is one.
pub(crate) fn when(node: &Node, key: &'static str) -> Result<When, Fault> {
    const EXPECTED: &str =
        "a number n (every n-th iteration), \"#i\", \"last\", or a list of these";
    match &node.content {
        Content::Integer(_) => Ok(When::every(node.integer(key, 1)?)),
        Content::Text(text) => text
            .parse()
            .map_err(|error| Problem::When(error).at(node.span)),
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
