//! Checks that involve several keys: commands, and the names in them.

use research_core::units::{NamePath, unique_names};
use research_core::{BuildError, When};
use research_domain::{Config, suggest};
use research_exec::program::{ProgramCommand, Run, Shell, UnknownName};

use super::ResearchFile;
use super::command::{fault, problem, words};
use super::error::{Diagnostic, FileErrorKind, Origin, Source};
use super::keys::{self, find};
use super::node::{Content, Entry, Node, Span};
use super::shell_syntax::{self, ShellSyntax};
use super::unit::UnitFile;
use super::{shared_output, update};

/// The built-in names in commands.
const BUILT_IN: [&str; 6] = ["id", "path", "iteration", "repetition", "seed", "device"];

/// Checks that each `{name}` in a command is known.
pub(crate) fn names(
    file: &ResearchFile,
    entries: &[Entry],
    sources: &[Source],
) -> Result<(), Diagnostic> {
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
    // A recorded file is not checked, so that it resumes as it began.
    let is_record = is_record(sources);
    for (position, unit) in file.units.iter().enumerate() {
        let problem = wrong_name(unit, &keys, &units);
        let problem = problem.or_else(|| match is_record {
            true => None,
            false => missing_key(file, unit, &keys, &units)
                .or_else(|| later_unit(file, position, &keys, &units)),
        });
        if let Some((name, problem)) = problem {
            let node = find(entries, "unit").and_then(|node| element(node, position));
            return Err(fault(
                problem,
                node.and_then(|n| name_span(n, &name, sources)),
            ));
        }
    }
    Ok(())
}

/// Checks that no option is in `[domain]`, where it would be a parameter.
///
/// A parameter may have the name of an option; one with a single value that no command uses is a
/// misplaced option.
pub(crate) fn options_in_domain(file: &ResearchFile, entries: &[Entry]) -> Result<(), Diagnostic> {
    let Some(Content::Table(parameters)) = find(entries, "domain").map(|node| &node.content) else {
        return Ok(());
    };
    let is_used = |key: &str| {
        let mut commands = file
            .units
            .iter()
            .filter_map(|unit| ProgramCommand::new(&unit.program).ok());
        commands.any(|command| {
            let mut names = command.names();
            names.any(|name| NamePath::find(name, |head| head == key).is_some())
        })
    };
    // A string is a distribution here, or a range of numbers.
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
            return Err(FileErrorKind::OptionInDomain { key: key.clone() }.at(*key_span));
        }
    }
    Ok(())
}

/// Checks that experiments that run at the same time write different files.
///
/// A recorded file may be resumed with other options, and is checked then.
pub(crate) fn output_files(
    file: &ResearchFile,
    entries: &[Entry],
    sources: &[Source],
) -> Result<(), Diagnostic> {
    if is_record(sources) {
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

/// Checks that no two units save under one name.
///
/// A recorded file may be from a version that did not check this.
pub(crate) fn saved_names(
    file: &ResearchFile,
    entries: &[Entry],
    sources: &[Source],
) -> Result<(), Diagnostic> {
    let is_record = sources
        .first()
        .is_some_and(|source| source.origin == Origin::Record);
    // Other errors of the units are reported when they are built.
    let Some(experiment) = file.experiment().ok().filter(|_| !is_record) else {
        return Ok(());
    };
    experiment.check_saved_names().map_err(|error| {
        let second = match &error {
            BuildError::OneName { second, .. } => experiment.position(second),
            _ => None,
        };
        let units = find(entries, "unit");
        let unit = second.and_then(|position| element(units?, position));
        let save = unit.and_then(|unit| match &unit.content {
            Content::Table(entries) => find(entries, "save_to"),
            _ => None,
        });
        fault(error.into(), save.map(|node| node.span))
    })
}

/// Checks that the programs exist before a run, and that no command without a shell is written for
/// one.
///
/// A path in a unit other than the first is not checked, because an earlier unit may create the
/// file.
pub(crate) fn programs(
    file: &ResearchFile,
    entries: &[Entry],
    _sources: &[Source],
) -> Result<(), Diagnostic> {
    for (position, unit) in file.units.iter().enumerate() {
        let node = find(entries, "unit").and_then(|node| element(node, position));
        if let (Run::Line(line), Shell::None) = (&unit.program.run, unit.program.shell)
            && let Some(ShellSyntax { word, hint }) = shell_syntax::find(line)
        {
            let unit = unit.name.clone();
            let problem = FileErrorKind::ShellSyntax { unit, word, hint };
            return Err(fault(problem, node.and_then(program_span)));
        }
        let checked = ProgramCommand::new(&unit.program).and_then(|command| {
            let is_path = command
                .program()
                .is_some_and(|program| program.contains('/'));
            if position > 0 && is_path {
                return Ok(());
            }
            command.check_program()
        });
        checked.map_err(|error| {
            let problem = shell_command(unit).unwrap_or_else(|| problem(unit, error));
            fault(problem, node.and_then(program_span))
        })?;
    }
    update::check_programs(&file.updates, entries)
}

/// Returns the problem of a command whose program is not found because it is one of shells.
fn shell_command(unit: &UnitFile) -> Option<FileErrorKind> {
    let program = unit.program.run.words()?.into_iter().next()?;
    shell_syntax::of_program(&program).map(|hint| FileErrorKind::NoProgram {
        unit: unit.name.clone(),
        program,
        hint,
    })
}

/// Returns the first name in a command that is unknown or ambiguous.
fn wrong_name(unit: &UnitFile, keys: &[&str], units: &[&str]) -> Option<(String, FileErrorKind)> {
    let unit_name = || unit.name.clone();
    let command = match ProgramCommand::new(&unit.program) {
        Ok(command) => command,
        Err(error) => return Some((String::new(), problem(unit, error))),
    };
    if let Err(UnknownName { name, .. }) = command.units_read(keys, units) {
        let all = keys.iter().chain(units).chain(&BUILT_IN).copied();
        let all = all.chain(["flags"]);
        let head = name.split(['.', '[']).next().unwrap_or_default();
        let problem = FileErrorKind::UnknownName {
            unit: unit_name(),
            hint: match is_word(&name) {
                true => suggest::hint(head, all),
                false => format!("to write a brace, double it: `{{{{{name}}}}}`"),
            },
            name: name.clone(),
        };
        return Some((name, problem));
    }
    if command.has_misplaced_flags(keys, units) {
        let unit = unit_name();
        return Some(("flags".to_owned(), FileErrorKind::Flags { unit }));
    }
    let mut names = command.names();
    let name = names.find(|name| BUILT_IN.contains(name) && keys.contains(name))?;
    let (unit, name) = (unit_name(), name.to_owned());
    Some((name.clone(), FileErrorKind::HiddenName { unit, name }))
}

fn is_record(sources: &[Source]) -> bool {
    let source = sources.first();
    source.is_some_and(|source| source.origin == Origin::Record)
}

/// Returns the first name in a command that stands for a parameter which only some configs have.
fn missing_key(
    file: &ResearchFile,
    unit: &UnitFile,
    keys: &[&str],
    units: &[&str],
) -> Option<(String, FileErrorKind)> {
    // A limited number of configs may end before those that lack a parameter.
    if file.options.n_configs.is_some() {
        return None;
    }
    let command = ProgramCommand::new(&unit.program).ok()?;
    let parameters = file.domain.parameters();
    let mut read = command.keys_required(keys, units);
    let is_parameter = |key: &str| parameters.iter().any(|one| one.name() == key);
    read.find_map(|(key, name)| {
        let part = file
            .domain
            .part_without(key)
            .filter(|_| is_parameter(key))?;
        let problem = FileErrorKind::MissingParameter {
            unit: unit.name.clone(),
            name: name.to_owned(),
            parameter: key.to_owned(),
            part: part.to_string(),
        };
        Some((name.to_owned(), problem))
    })
}

/// The maximum number of iterations that are searched for the first in which a unit is due.
const MAX_ITERATIONS: u64 = 10_000;

/// Returns the first name in a command that stands for the output of a unit that has not run when
/// the command first does.
fn later_unit(
    file: &ResearchFile,
    position: usize,
    keys: &[&str],
    units: &[&str],
) -> Option<(String, FileErrorKind)> {
    let n_iters = file.n_iters();
    let first = |when: &When| {
        let mut iterations = 0..n_iters.unwrap_or(MAX_ITERATIONS).min(MAX_ITERATIONS);
        iterations.find(|iteration| when.is_due(*iteration, n_iters, false))
    };
    let unit = &file.units[position];
    let due = first(&unit.when)?;
    let command = ProgramCommand::new(&unit.program).ok()?;
    let mut read = command.units_required(keys, units);
    let name = read.find(|name| {
        let other = units.iter().position(|one| one == name);
        let other = other.filter(|other| *other >= position);
        other.is_some_and(|other| first(&file.units[other].when).is_none_or(|first| first >= due))
    })?;
    let problem = FileErrorKind::LaterUnit {
        unit: unit.name.clone(),
        other: name.to_owned(),
    };
    Some((name.to_owned(), problem))
}

/// Whether a name in braces looks like one, and not like code of another language.
fn is_word(name: &str) -> bool {
    !name.contains(|c: char| c.is_whitespace() || "$\"'();,+/".contains(c))
}

fn element(node: &Node, position: usize) -> Option<&Node> {
    match &node.content {
        Content::List(nodes) => nodes.get(position),
        _ => None,
    }
}

/// Returns the span of `{name}` in a unit, or of its command if it cannot be found.
fn name_span(unit: &Node, name: &str, sources: &[Source]) -> Option<Span> {
    let Content::Table(entries) = &unit.content else {
        return None;
    };
    let find_in = |node: &Node| {
        let Span { source, start, end } = node.span;
        let written = sources.get(source)?.text.get(start..end)?;
        let forms = ["", "?", "*", "*?"].map(|mark| format!("{{{name}{mark}}}"));
        let (at, form) = forms
            .iter()
            .find_map(|form| Some((written.find(form)?, form)))?;
        let start = start + at;
        let end = start + form.len();
        Some(Span { source, start, end })
    };
    let mut nodes = ["run", "env", "cwd", "stdin", "output"]
        .into_iter()
        .filter_map(|key| find(entries, key));
    nodes
        .find_map(find_in)
        .or_else(|| Some(find(entries, "run")?.span))
}

/// Returns the span of the program of a unit.
fn program_span(unit: &Node) -> Option<Span> {
    let Content::Table(entries) = &unit.content else {
        return None;
    };
    let run = find(entries, "run")?;
    words(run).next().map(|(node, _)| node.span)
}
