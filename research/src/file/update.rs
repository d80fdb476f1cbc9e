//! Updates of the domain in a research file.

use std::time::Duration;

use crate::ProgramUpdate;
use research_core::When;
use research_exec::program::{OutputSpec, ProgramCommand, ProgramError, ProgramSpec, Run, Shell};

use super::error::{Diagnostic, FileErrorKind};
use super::keys::{self, find};
use super::node::{Content, Entry, Node};
use super::{options, unit};

/// An `[[update]]` of a research file: a program that updates the domain.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFile {
    /// When the program runs, where the configs taken from the domain count as iterations.
    pub when: When,
    /// The command.
    pub run: Run,
    /// The shell that runs the command.
    pub shell: Shell,
    /// The number of configs taken from a new domain.
    pub n_configs: Option<u64>,
    /// The repetitions of each config.
    pub n_reps: Option<u64>,
    /// The number of configs in a repeated block.
    pub repeat_each: Option<u64>,
    /// The timeout of the program.
    pub timeout: Option<Duration>,
}

impl UpdateFile {
    /// Returns the program for a run.
    pub(crate) fn program(&self) -> Result<ProgramUpdate, ProgramError> {
        let program = ProgramUpdate::new(self.run.clone(), self.shell)?;
        Ok(program
            .n_configs(self.n_configs)
            .n_reps(self.n_reps)
            .repeat_each(self.repeat_each)
            .timeout(self.timeout))
    }

    /// Checks that the program exists.
    fn check_program(&self) -> Result<(), ProgramError> {
        let command = ProgramCommand::new(&ProgramSpec {
            shell: self.shell,
            output: OutputSpec::Text,
            ..ProgramSpec::new(self.run.clone())
        })?;
        let is_path = |program: &str| program.contains('/');
        if command.program().is_some_and(is_path) {
            // A unit may create it.
            return Ok(());
        }
        command.check_program()
    }
}

pub(crate) fn read_all(node: Option<&Node>) -> Result<Vec<UpdateFile>, Diagnostic> {
    let Some(node) = node else {
        return Ok(Vec::new());
    };
    let nodes = node.list("update", "a list of tables: write [[update]] above each")?;
    (1..)
        .zip(nodes)
        .map(|(number, node)| read(number, node))
        .collect()
}

fn read(number: usize, node: &Node) -> Result<UpdateFile, Diagnostic> {
    let entries = node.table("update", "a table: write [[update]] above it")?;
    keys::check(entries, &keys::UPDATE)?;
    let run = find(entries, "run").ok_or_else(|| {
        let problem = FileErrorKind::Missing {
            key: "run",
            table: "[[update]]".to_owned(),
            hint: "add the command that prints the new domain: run = \"python3 next.py {results}\"",
        };
        problem.at(node.span)
    })?;
    let count = |key: &str| {
        let node = find(entries, key);
        node.map(|node| node.integer::<u64>(key, 1)).transpose()
    };
    let update = UpdateFile {
        when: find(entries, "when").map_or(Ok(When::always()), |node| unit::when(node, "when"))?,
        run: unit::command(run)?,
        shell: unit::shell(entries)?,
        n_configs: either(entries, ["n_configs", "n_items"])?,
        n_reps: count("n_reps")?,
        repeat_each: count("repeat_each")?,
        timeout: options::timeout(entries)?,
    };
    let program = update.program();
    program.map_err(|source| FileErrorKind::Update { number, source }.at(run.span))?;
    Ok(update)
}

/// Reads a number with an alias.
fn either(entries: &[Entry], [key, other]: [&'static str; 2]) -> Result<Option<u64>, Diagnostic> {
    let (one, two) = (find(entries, key), find(entries, other));
    if let (Some(_), Some(node)) = (one, two) {
        let reason = format!("is an alias of `{key}`; remove one of them");
        let key = other.to_owned();
        return Err(FileErrorKind::Range { key, reason }.at(node.span));
    }
    let number = |node: Option<&Node>, key| node.map(|node| node.integer(key, 1)).transpose();
    Ok(number(one, key)?.or(number(two, other)?))
}

/// Checks that the programs exist.
pub(crate) fn check_programs(updates: &[UpdateFile], entries: &[Entry]) -> Result<(), Diagnostic> {
    for (index, update) in updates.iter().enumerate() {
        update.check_program().map_err(|source| {
            let number = index + 1;
            let problem = FileErrorKind::Update { number, source };
            match find(entries, "update").map(|node| &node.content) {
                Some(Content::List(nodes)) if index < nodes.len() => problem.at(nodes[index].span),
                _ => problem.without_location(),
            }
        })?;
    }
    Ok(())
}
