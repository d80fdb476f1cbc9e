//! `research domain`: which configs there are.

use std::io::Write;
use std::iter::Take;
use std::path::Path;

use research::domain::{
    Config, Configs, Count, Domain, IdPrefixes, IdRegistry, Item, Items, Iteration,
};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{CommandError, table, write_json};
use crate::arguments::{DomainArguments, DomainFormat};
use crate::exit::Exit;
use crate::file::ResearchFile;

/// How many rows a table has if nobody says how many.
const ROWS: usize = 100;

/// Runs the command.
///
/// # Errors
/// A bad file or expression, a domain that cannot be printed or counted, and an output that
/// cannot be written.
pub fn run(arguments: &DomainArguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let (domain, iteration) = read(arguments)?;
    let configs = domain.configs(&iteration)?;
    if arguments.count {
        count(&domain, &configs, arguments.format, out)?;
    } else {
        print(&configs, arguments, out)?;
    }
    Ok(Exit::Success)
}

/// The domain and how it is run through: as the file says, and the flags after it.
fn read(arguments: &DomainArguments) -> Result<(Domain, Iteration), CommandError> {
    let text = &arguments.domain;
    let (domain, mut iteration) = if is_file(text) {
        let file = ResearchFile::load(Path::new(text), &[])?;
        let options = file.options;
        let iteration = Iteration::default()
            .n_items(options.n_configs.map(u128::from))
            .n_reps(options.n_reps)
            .repeat_each(options.repeat_each.map(u128::from))
            .seed(file.seed.unwrap_or(options.seed));
        (file.domain, iteration)
    } else if text.contains(['=', '(']) {
        (text.parse()?, Iteration::default())
    } else {
        return Err(CommandError::NoDomain(text.clone()));
    };
    if let Some(n_items) = arguments.n_items {
        iteration = iteration.n_items(n_items);
    }
    if let Some(n_reps) = arguments.n_reps {
        iteration = iteration.n_reps(n_reps);
    }
    if let Some(repeat_each) = arguments.repeat_each {
        iteration = iteration.repeat_each(repeat_each);
    }
    if let Some(seed) = arguments.seed {
        iteration = iteration.seed(seed);
    }
    Ok((domain, iteration.id_prefix(arguments.id_prefix)))
}

/// A name that ends as those of research files do is a file, also where there is none.
fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    let extension = path.extension().and_then(|extension| extension.to_str());
    path.is_file() || (matches!(extension, Some("toml" | "json")) && !text.contains('='))
}

/// The numbers that belong to a domain; `null` stands for infinity.
#[derive(Serialize)]
struct Counts {
    len: Option<u128>,
    size: Option<u128>,
}

fn count(
    domain: &Domain,
    configs: &Configs,
    format: DomainFormat,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let size = configs.size()?;
    match format {
        DomainFormat::Table => writeln!(out, "{size}")?,
        DomainFormat::Json | DomainFormat::Jsonl => {
            let counts = Counts {
                len: domain.len()?.finite(),
                size: size.finite(),
            };
            write_json(out, &counts)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn print(
    configs: &Configs,
    arguments: &DomainArguments,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    // Some domains cannot be counted without a look at too many configs, and end all the same.
    let size = configs.size();
    if arguments.head.is_none() && matches!(size, Ok(Count::Infinite)) {
        return Err(CommandError::Infinite);
    }
    let mut rows = Rows::new(configs, arguments);
    match arguments.format {
        DomainFormat::Jsonl => rows.try_for_each(|row| {
            write_json(out, &row?)?;
            Ok(writeln!(out)?)
        }),
        DomainFormat::Json => print_json(rows, out),
        DomainFormat::Table if arguments.head.is_some() => print_table(rows, out),
        DomainFormat::Table => {
            print_table(rows.by_ref().take(ROWS), out)?;
            if rows.next().is_some() {
                out.flush()?;
                let all = size.map_or_else(|_| "more".to_owned(), |size| size.to_string());
                eprintln!("{ROWS} of {all} are shown: --head N shows more, --format jsonl all");
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
        write!(out, "{separator}\n  ")?;
        write_json(out, &row?)?;
        separator = ",";
    }
    Ok(writeln!(out, "\n]")?)
}

/// Columns are the keys in the order in which they first occur; a key that a config does not have
/// is left empty.
fn print_table(
    rows: impl Iterator<Item = Result<Row, CommandError>>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
    let mut titles: Vec<String> = Vec::new();
    for entry in rows.iter().flat_map(|row| row.config.entries()) {
        if titles.iter().all(|title| title != entry.key()) {
            titles.push(entry.key().to_owned());
        }
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let cell = |title: &String| row.config.alias(title).unwrap_or_default().into_owned();
            let id = row.id.iter().cloned();
            id.chain(titles.iter().map(cell)).collect()
        })
        .collect();
    if rows.first().is_some_and(|row| row.id.is_some()) {
        titles.insert(0, "id".to_owned());
    }
    Ok(table::print(out, &titles, &cells)?)
}

/// A config as it is printed.
struct Row {
    id: Option<String>,
    config: Config,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        for (key, value) in self.config.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The configs that are printed, one by one, so that the head of a huge domain takes no time.
struct Rows {
    items: Take<Items>,
    ids: Option<(IdPrefixes, IdRegistry)>,
    seed: u64,
    with_auxiliary: bool,
}

impl Rows {
    fn new(configs: &Configs, arguments: &DomainArguments) -> Self {
        let prefixes = configs.id_prefixes();
        Self {
            items: configs.iter().take(arguments.head.unwrap_or(usize::MAX)),
            ids: prefixes.map(|prefixes| (prefixes, IdRegistry::new())),
            seed: configs.iteration().seed,
            with_auxiliary: arguments.aux,
        }
    }

    fn row(&mut self, item: &Item) -> Result<Row, CommandError> {
        let id = match &mut self.ids {
            Some((prefixes, registry)) => {
                let prefix = prefixes.prefix(item);
                let assigned = registry.assign(item.identity(self.seed), &prefix)?;
                Some(assigned.id.to_string())
            }
            None => None,
        };
        let config = match self.with_auxiliary {
            true => item.full_config(),
            false => item.config.clone(),
        };
        Ok(Row { id, config })
    }
}

impl Iterator for Rows {
    type Item = Result<Row, CommandError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.items.next()? {
            Ok(item) => self.row(&item),
            Err(error) => Err(error.into()),
        })
    }
}
