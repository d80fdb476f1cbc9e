//! Checks that need more than one key: commands, and the names in them.

use research_core::unique_names;
use research_domain::{Config, suggest};
use research_exec::program::{
    ProgramCommand, ProgramError, ProgramGenerator, Template, UnknownName,
};

use super::ResearchFile;
use super::domain::inside;
use super::error::{Fault, Origin, Problem, Source};
use super::keys::{self, find};
use super::node::{Content, Entry, Node, Span};
use super::unit::{Mode, UnitFile};
use super::{shared_output, update};

/// The names in commands that always mean the same, whatever a parameter is called.
const BUILT_IN: [&str; 6] = ["id", "path", "iteration", "repetition", "seed", "device"];

/// Checks a unit's command and its output.
pub(crate) fn program(unit: &UnitFile, entries: &[Entry], sources: &[Source]) -> Result<(), Fault> {
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
            ProgramError::Template(_) => run.and_then(|node| brace(node, sources)),
            ProgramError::Misplaced { column, .. } => {
                run.and_then(|node| column_of(node, *column, sources))
            }
            _ => None,
        };
        fault(problem(unit, error), place.or(run.map(|node| node.span)))
    })
}

fn problem(unit: &UnitFile, error: ProgramError) -> Problem {
    let unit = unit.name.clone();
    match error {
        ProgramError::Regex { pattern, reason } => Problem::Regex {
            unit,
            pattern,
            // The lines before the last one show the expression.
            reason: reason
                .lines()
                .next_back()
                .map(|line| line.trim_start_matches("error: ").to_owned())
                .unwrap_or_default(),
        },
        source => Problem::Program { unit, source },
    }
}

fn fault(problem: Problem, span: Option<Span>) -> Fault {
    Fault {
        problem: Box::new(problem),
        span,
    }
}

/// The texts of a command, each with its node.
fn words(run: &Node) -> impl Iterator<Item = (&Node, &str)> {
    let nodes = match &run.content {
        Content::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(run),
    };
    nodes.iter().filter_map(|node| match &node.content {
        Content::Text(text) => Some((node, text.as_str())),
        _ => None,
    })
}

/// Where the first brace stands that makes a command no template.
fn brace(run: &Node, sources: &[Source]) -> Option<Span> {
    words(run).find_map(|(node, text)| {
        let error = Template::parse(text).err()?;
        column_of(node, error.column(), sources)
    })
}

/// The place of a character of a text that may have several lines: its columns count on.
fn column_of(node: &Node, column: usize, sources: &[Source]) -> Option<Span> {
    inside(node, 1, column, sources)
}

/// Checks that each `{name}` in each unit's command stands for something.
pub(crate) fn names(
    file: &ResearchFile,
    entries: &[Entry],
    sources: &[Source],
) -> Result<(), Fault> {
    let parameters = file.domain.parameters();
    let keys = parameters.iter().map(|key| key.name());
    let options = &file.options;
    let added = options.worker_configs.iter().chain(&options.branch_configs);
    let mut keys: Vec<&str> = keys.collect();
    for key in added.flat_map(Config::keys) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let units = unique_names(file.units.iter().map(|unit| unit.name.as_str()));
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    for (position, unit) in file.units.iter().enumerate() {
        if let Some((name, problem)) = wrong_name(unit, &keys, &units) {
            let node = find(entries, "unit").and_then(|node| element(node, position));
            return Err(fault(
                problem,
                node.and_then(|n| name_span(n, &name, sources)),
            ));
        }
    }
    Ok(())
}

/// Checks that no option stands below `[domain]`, where it would be a parameter.
///
/// A parameter may well be called like an option; one that has a single value and that no command
/// uses is none.
pub(crate) fn options_in_domain(file: &ResearchFile, entries: &[Entry]) -> Result<(), Fault> {
    let Some(Content::Table(parameters)) = find(entries, "domain").map(|node| &node.content) else {
        return Ok(());
    };
    let is_used = |key: &str| {
        let mut commands = file
            .units
            .iter()
            .filter_map(|unit| ProgramCommand::new(&unit.program).ok());
        commands.any(|command| {
            command
                .names()
                .any(|name| name.split('.').next() == Some(key))
        })
    };
    // A string is a distribution here, or a series of numbers.
    let is_single = |node: &Node| {
        !matches!(
            node.content,
            Content::List(_) | Content::Table(_) | Content::Text(_)
        )
    };
    for Entry {
        key,
        key_span,
        node,
    } in parameters
    {
        if keys::is_of_file(key) && is_single(node) && !is_used(key) {
            return Err(Problem::OptionInDomain { key: key.clone() }.at(*key_span));
        }
    }
    Ok(())
}

/// Checks that experiments that run at once write files of their own.
///
/// A recorded file may be resumed with other options: these are checked when it is.
pub(crate) fn output_files(
    file: &ResearchFile,
    entries: &[Entry],
    sources: &[Source],
) -> Result<(), Fault> {
    let is_record = sources
        .first()
        .is_some_and(|source| source.origin == Origin::Record);
    if is_record {
        return Ok(());
    }
    let Some((position, problem)) = shared_output::find(file, &file.options) else {
        return Ok(());
    };
    let unit = find(entries, "unit").and_then(|node| element(node, position));
    let output = unit.and_then(|unit| match &unit.content {
        Content::Table(entries) => find(entries, "output"),
        _ => None,
    });
    Err(fault(problem, output.map(|node| node.span)))
}

/// Checks that the programs are there, before a run is begun that could do nothing but fail.
///
/// A path in a unit that is not the first is left to the run: an earlier unit may make that file.
pub(crate) fn programs(
    file: &ResearchFile,
    entries: &[Entry],
    _sources: &[Source],
) -> Result<(), Fault> {
    for (position, unit) in file.units.iter().enumerate() {
        let node = find(entries, "unit").and_then(|node| element(node, position));
        let checked = ProgramCommand::new(&unit.program).and_then(|command| {
            let is_path = command
                .program()
                .is_some_and(|program| program.contains('/'));
            if position > 0 && is_path {
                return Ok(());
            }
            command.check_program()
        });
        checked.map_err(|error| fault(problem(unit, error), node.and_then(program_span)))?;
    }
    update::check_programs(&file.updates, entries)
}

/// The first name in a unit's command that stands for nothing, or not for what it seems to.
fn wrong_name(unit: &UnitFile, keys: &[&str], units: &[&str]) -> Option<(String, Problem)> {
    let unit_name = || unit.name.clone();
    let command = match ProgramCommand::new(&unit.program) {
        Ok(command) => command,
        Err(error) => return Some((String::new(), problem(unit, error))),
    };
    if let Err(UnknownName { name, .. }) = command.units_read(keys, units) {
        let all = keys.iter().chain(units).chain(&BUILT_IN).copied();
        let head = name.split('.').next().unwrap_or_default();
        let problem = Problem::UnknownName {
            unit: unit_name(),
            hint: suggest::hint(head, all),
            name: name.clone(),
        };
        return Some((name, problem));
    }
    let mut names = command.names();
    let name = names.find(|name| BUILT_IN.contains(name) && keys.contains(name))?;
    let (unit, name) = (unit_name(), name.to_owned());
    Some((name.clone(), Problem::HiddenName { unit, name }))
}

fn element(node: &Node, position: usize) -> Option<&Node> {
    match &node.content {
        Content::List(nodes) => nodes.get(position),
        _ => None,
    }
}

/// Where `{name}` is written in a unit; where its command is, if that cannot be told.
fn name_span(unit: &Node, name: &str, sources: &[Source]) -> Option<Span> {
    let Content::Table(entries) = &unit.content else {
        return None;
    };
    let braced = format!("{{{name}}}");
    let find_in = |node: &Node| {
        let Span { source, start, end } = node.span;
        let written = sources.get(source)?.text.get(start..end)?;
        let start = start + written.find(&braced)?;
        let end = start + braced.len();
        Some(Span { source, start, end })
    };
    let run = find(entries, "run");
    run.and_then(find_in)
        .or_else(|| find(entries, "output").and_then(find_in))
        .or(run.map(|node| node.span))
}

/// Where the program's name is written in a unit.
fn program_span(unit: &Node) -> Option<Span> {
    let Content::Table(entries) = &unit.content else {
        return None;
    };
    let run = find(entries, "run")?;
    words(run).next().map(|(node, _)| node.span)
}
