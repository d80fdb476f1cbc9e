//! Updates of the domain in a research file: programs.

use std::time::Duration;

use crate::ProgramUpdate;
use research_core::When;
use research_exec::program::{OutputSpec, ProgramCommand, ProgramError, ProgramSpec, Run};

use super::error::{Fault, Problem};
use super::keys::{self, find};
use super::node::{Content, Entry, Node};
use super::{options, unit};

/// An `[[update]]` of a research file: a program that updates the domain.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFile {
    /// When it is asked, as if the configs that were taken from the domain were iterations.
    pub when: When,
    /// The command.
    pub run: Run,
    /// Whether it goes through a shell.
    pub shell: bool,
    /// How many configs are taken from its domains.
    pub n_configs: Option<u64>,
    /// How often each is run.
    pub n_reps: Option<u64>,
    /// After how many configs they are repeated.
    pub repeat_each: Option<u64>,
    /// How long the program may take.
    pub timeout: Option<Duration>,
}

impl UpdateFile {
    /// It as what a run asks.
    pub(crate) fn program(&self) -> Result<ProgramUpdate, ProgramError> {
        let program = ProgramUpdate::new(self.run.clone(), self.shell)?;
        Ok(program
            .n_configs(self.n_configs)
            .n_reps(self.n_reps)
            .repeat_each(self.repeat_each)
            .timeout(self.timeout))
    }

    /// Whether its program is there, as far as its name says.
    fn check_program(&self) -> Result<(), ProgramError> {
        let command = ProgramCommand::new(&ProgramSpec {
            run: self.run.clone(),
            shell: self.shell,
            output: OutputSpec::Text,
        })?;
        let is_path = |program: &str| program.contains('/');
        if command.program().is_some_and(is_path) {
            // A unit may make it.
            return Ok(());
        }
        command.check_program()
    }
}

pub(crate) fn read_all(node: Option<&Node>) -> Result<Vec<UpdateFile>, Fault> {
    let Some(node) = node else {
        return Ok(Vec::new());
    };
    let nodes = node.list("update", "a list of tables: write [[update]] above each")?;
    (1..)
        .zip(nodes)
        .map(|(number, node)| read(number, node))
        .collect()
}

fn read(number: usize, node: &Node) -> Result<UpdateFile, Fault> {
    let entries = node.table("update", "a table: write [[update]] above it")?;
    keys::check(entries, &keys::UPDATE)?;
    let run = find(entries, "run").ok_or_else(|| {
        let problem = Problem::Missing {
            key: "run",
            table: "an [[update]]".to_owned(),
            hint: "say which program prints the new domain: run = \"python3 next.py {results}\"",
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
        shell: find(entries, "shell").map_or(Ok(false), |node| node.bool("shell"))?,
        n_configs: either(entries, ["n_configs", "n_items"])?,
        n_reps: count("n_reps")?,
        repeat_each: count("repeat_each")?,
        timeout: options::timeout(entries)?,
    };
    let program = update.program();
    program.map_err(|source| Problem::Update { number, source }.at(run.span))?;
    Ok(update)
}

/// A number with two names.
fn either(entries: &[Entry], [key, other]: [&'static str; 2]) -> Result<Option<u64>, Fault> {
    let (one, two) = (find(entries, key), find(entries, other));
    if let (Some(_), Some(node)) = (one, two) {
        let reason = format!("it is `{key}` by another name: take one of them out");
        let key = other.to_owned();
        return Err(Problem::Range { key, reason }.at(node.span));
    }
    let number = |node: Option<&Node>, key| node.map(|node| node.integer(key, 1)).transpose();
    Ok(number(one, key)?.or(number(two, other)?))
}

/// Checks that the programs are there.
pub(crate) fn check_programs(updates: &[UpdateFile], entries: &[Entry]) -> Result<(), Fault> {
    for (place, update) in updates.iter().enumerate() {
        update.check_program().map_err(|source| {
            let number = place + 1;
            let problem = Problem::Update { number, source };
            match find(entries, "update").map(|node| &node.content) {
                Some(Content::List(nodes)) if place < nodes.len() => problem.at(nodes[place].span),
                _ => problem.somewhere(),
            }
        })?;
    }
    Ok(())
}
