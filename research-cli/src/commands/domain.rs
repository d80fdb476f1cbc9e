//! `research domain`: prints the configs of a domain.

use std::fmt;
use std::io::Write;
use std::path::Path;

use clap::{Args, ValueEnum};
use research::domain::{Config, Configs, Count, Domain, IdRegistry, Iteration, Json, Value};

use super::{CommandError, text_table};
use crate::exit::Exit;
use crate::terminal;
use research::file::ResearchFile;

/// Print the configs of a research file or of a domain expression
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print the configs of a research file or of a domain expression, in the order in which they run. The
head of a domain of any size is printed at once. n_configs, n_reps, repeat_each and seed of the file
apply unless a flag overrides them.

In an expression, `*` is the product, whose left side varies slowest; `+` concatenates; `@` pairs
two lists element by element, and these vary slowest wherever they are in a product; a leading
number is a weight; `where` is a condition. Ranges exclude their end: int(1, 3) never gives 3, and
int_inclusive(1, 3) does.",
    after_help = "\
Examples:
  research domain research.toml --count
  research domain research.toml --head 5
  research domain 'model=[\"small\", \"big\"] * lr=log_uniform(1e-5, 1e-1)' --seed 1
  research domain 'a=[1, 2, 3] @ b=[4, 5, 6]' --format jsonl
  research domain 'x=uniform(0, 1)' --n-items 3 --n-reps 2 --aux"
)]
pub struct Arguments {
    /// A research file, or a domain expression
    #[arg(value_name = "FILE|EXPR")]
    pub domain: String,
    /// Print the number of configs, repetitions included
    #[arg(long)]
    pub count: bool,
    /// Print only the first N configs
    #[arg(long, value_name = "N")]
    pub head: Option<usize>,
    /// Take N configs; start over if the domain has fewer
    #[arg(long, value_name = "N")]
    pub n_items: Option<u128>,
    /// Repeat each config N times
    #[arg(long, value_name = "N")]
    pub n_reps: Option<u64>,
    /// Repeat blocks of N configs
    #[arg(long, value_name = "N")]
    pub repeat_each: Option<u128>,
    /// The seed of drawn values
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Include experiment ids, with prefixes of N digits for each value
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1",
          value_parser = clap::value_parser!(u8).range(1..=20))]
    pub id_prefix: Option<u8>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Include repetition and updates
    #[arg(long)]
    pub aux: bool,
}

/// The output formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns, with aliases for values
    #[default]
    Table,
    /// One JSON object per line
    Jsonl,
    /// A JSON list
    Json,
}

/// The number of rows of a table without `--head`.
const DEFAULT_ROWS: usize = 100;

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let (domain, iteration) = read(arguments)?;
    let configs = domain.configs(&iteration)?;
    if arguments.count {
        count(&domain, &configs, arguments.format, out)?;
    } else {
        print(&configs, arguments, out)?;
    }
    Ok(Exit::Success)
}

/// Returns the domain and its iteration, from the file and the flags.
fn read(arguments: &Arguments) -> Result<(Domain, Iteration), CommandError> {
    let text = &arguments.domain;
    let (domain, mut iteration) = if is_file(text) {
        let file = ResearchFile::load(Path::new(text), &[])?;
        let iteration = file.iteration();
        (file.domain, iteration)
    } else if text.contains(['=', '(']) {
        (text.parse()?, Iteration::default())
    } else {
        return Err(CommandError::NoDomain(text.clone()));
    };
    iteration.n_items = arguments.n_items.or(iteration.n_items);
    iteration.n_reps = arguments.n_reps.unwrap_or(iteration.n_reps);
    iteration.repeat_each = arguments.repeat_each.or(iteration.repeat_each);
    iteration.seed = arguments.seed.unwrap_or(iteration.seed);
    Ok((domain, iteration.id_prefix(arguments.id_prefix)))
}

/// Whether `text` names a research file, even a missing one, and not an expression.
fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    let extension = path.extension().and_then(|extension| extension.to_str());
    path.is_file() || (matches!(extension, Some("toml" | "json")) && !text.contains('='))
}

fn count(
    domain: &Domain,
    configs: &Configs,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let size = configs.size()?;
    match format {
        Format::Table => writeln!(out, "{size}")?,
        // `null` is infinite.
        Format::Json | Format::Jsonl => {
            let number = |count: Count| count.finite().map_or("null".to_owned(), |n| n.to_string());
            let (len, size) = (number(domain.len()?), number(size));
            writeln!(out, r#"{{"len":{len},"size":{size}}}"#)?;
        }
    }
    Ok(())
}

fn print(
    configs: &Configs,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    // Some domains cannot be counted without enumerating their configs; these are finite.
    let size = match arguments.head {
        Some(_) => None,
        None => Some(configs.size()),
    };
    if matches!(size, Some(Ok(Count::Infinite))) {
        return Err(CommandError::Infinite);
    }
    let mut rows = rows(configs, arguments);
    match arguments.format {
        Format::Jsonl => rows.try_for_each(|row| Ok(writeln!(out, "{}", row?)?)),
        Format::Json => print_json(rows, out),
        Format::Table if arguments.head.is_some() => print_table(rows, out),
        Format::Table => {
            print_table(rows.by_ref().take(DEFAULT_ROWS), out)?;
            if rows.next().is_some() {
                out.flush()?;
                let all = match size {
                    Some(Ok(size)) => size.to_string(),
                    _ => "more".to_owned(),
                };
                terminal::message(format_args!(
                    "showing {DEFAULT_ROWS} of {all} configs: \
                     use --head N for more, --format jsonl for all"
                ));
            }
            Ok(())
        }
    }
}

fn print_json(
    rows: impl Iterator<Item = Result<Row, CommandError>>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut separator = "";
    write!(out, "[")?;
    for row in rows {
        write!(out, "{separator}\n  {}", row?)?;
        separator = ",";
    }
    Ok(writeln!(out, "\n]")?)
}

/// Prints a column for each key, in the order in which they first occur; missing keys are empty.
fn print_table(
    rows: impl Iterator<Item = Result<Row, CommandError>>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
    if rows.is_empty() {
        terminal::message("no configs");
        return Ok(());
    }
    let mut titles: Vec<String> = Vec::new();
    for entry in rows.iter().flat_map(|row| row.config.entries()) {
        if titles.iter().all(|title| title != entry.key()) {
            titles.push(entry.key().to_owned());
        }
    }
    let cells = |row: &Row| {
        let cell = |title: &String| row.config.alias(title).unwrap_or_default().into_owned();
        row.id
            .iter()
            .cloned()
            .chain(titles.iter().map(cell))
            .collect()
    };
    let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    if rows.first().is_some_and(|row| row.id.is_some()) {
        titles.insert(0, "id".to_owned());
    }
    Ok(text_table::print(out, &titles, &cells)?)
}

/// A config to print.
struct Row {
    id: Option<String>,
    config: Config,
}

/// Formats the config as a JSON object.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().map(Value::from);
        let id = id.iter().map(|id| ("id", id));
        let entries: Vec<(&str, &Value)> = id.chain(self.config.iter()).collect();
        write!(f, "{}", Json::object(&entries))
    }
}

/// Yields the configs to print lazily, so that the head of a huge domain takes no time.
fn rows(
    configs: &Configs,
    arguments: &Arguments,
) -> impl Iterator<Item = Result<Row, CommandError>> {
    let mut ids = configs
        .id_prefixes()
        .map(|prefixes| (prefixes, IdRegistry::new()));
    let (seed, with_auxiliary) = (configs.iteration().seed, arguments.aux);
    let items = configs.iter().take(arguments.head.unwrap_or(usize::MAX));
    items.map(move |item| {
        let item = item?;
        let assigned = ids.as_mut().map(|(prefixes, registry)| {
            let prefix = prefixes.prefix(&item);
            registry.assign(item.identity(seed), &prefix)
        });
        Ok(Row {
            id: assigned
                .transpose()?
                .map(|assigned| assigned.id.to_string()),
            config: match with_auxiliary {
                true => item.full_config(),
                false => item.config,
            },
        })
    })
}
