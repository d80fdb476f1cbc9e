//! `research query`: SQL queries.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use research::storage::{LogResults, QueryOptions, StoredResearch};

use super::results::{self, Format};
use super::{CommandError, seconds, truncated_log};
use crate::exit::Exit;

/// Query results with SQL
#[derive(Debug, Args)]
#[command(
    long_about = "\
Query results with SQL, in the dialect of SQLite.

There are two tables. `results` has a row for each iteration of each experiment: id, parameters,
iteration, variables. `experiments` has a row for each experiment: id, parameters, repetition,
status, reason, iterations, seconds, attempts, peak_memory (bytes), cpu_seconds, exit_code, updates,
seed, started (seconds since 1970), run, host. Each value has its own type; in a column with floats
all numbers are floats. Strings are in single quotes: `where kernel = 'rbf'`. Lists and maps are
JSON: `info ->> '$.top'`. NaN is NULL. avg, sum and total skip values that are not numbers, and
print their number on standard error. Queries also work while the research runs, and change
nothing.",
    after_help = "\
Examples:
  research query power \"select lr, avg(loss) from results group by lr order by 2\"
  research query power \"select status, count(*) as n from experiments group by status\"
  research query power \"select id, seconds, max(accuracy) as best
      from results join experiments using (id) group by id order by best desc limit 5\""
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// The query
    pub sql: String,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Stop the query after this many seconds; 0 disables the limit
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = timeout)]
    pub timeout: Duration,
}

fn timeout(text: &str) -> Result<Duration, String> {
    seconds(text).ok_or_else(|| "expected a number of seconds, 0 for no timeout".to_owned())
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let results = LogResults::new(stored.events()?)?;
    truncated_log::warn_of_unknown(results.unknown_events(), &stored);
    let mut options = QueryOptions::new();
    if !arguments.timeout.is_zero() {
        options = options.timeout(arguments.timeout);
    }
    let notes = match results::table_format(arguments.format) {
        Some(format) => results.write_answer(&arguments.sql, &options, format, out)?,
        None => {
            let answer = results.query(&arguments.sql, &options)?;
            results::write(&answer, arguments.format, out)?;
            answer.notes().to_vec()
        }
    };
    for text in notes {
        results::note(out, &text)?;
    }
    Ok(Exit::Success)
}
