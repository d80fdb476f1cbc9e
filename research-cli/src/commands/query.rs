//! `research query`: questions in SQL.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;

use super::CommandError;
use super::results::{self, Format};
use crate::exit::Exit;

/// Ask about results in SQL
#[derive(Debug, Args)]
#[command(
    long_about = "\
Ask about results in SQL, in the dialect of SQLite.

There are two tables. `results` has a row for each iteration of each experiment: id, parameters,
iteration, variables. `experiments` has a row for each experiment: id, parameters, repetition,
status, reason, iterations, seconds, attempts. Lists and maps are JSON: `info ->> '$.top'`. NaN is
NULL. The question is asked of a copy in memory; it can be asked while the research runs.",
    after_help = "\
Examples:
  research query power \"select lr, avg(loss) from results group by lr order by 2\"
  research query power \"select status, count(*) as n from experiments group by status\"
  research query power \"select id, seconds, max(accuracy) as best
      from results join experiments using (id) group by id order by best desc limit 5\""
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// The question
    pub sql: String,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, a question that cannot be answered, and an output
/// that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let results = StoredResearch::load(&arguments.name)?.results()?;
    let answer = results.query(&arguments.sql)?;
    results::write(&answer, arguments.format, out)?;
    Ok(Exit::Success)
}
