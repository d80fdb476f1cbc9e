//! The research file: what to run over which configs, and how.
//!
//! TOML, or the same as JSON. Reading goes in three steps: the text becomes nodes that know their
//! places, `--set`s are put over them, and the nodes become a [`ResearchFile`], or an error that
//! shows the place.

mod build;
mod check;
mod compatibility;
mod domain;
mod env;
mod error;
mod json;
mod keys;
mod memory;
mod node;
mod options;
mod output;
mod overrides;
mod place;
mod places;
mod preview;
mod shared_output;
mod time;
mod toml;
mod unit;
mod update;
mod write;

use std::fs;
use std::path::Path;

use research_core::RunOptions;
use research_domain::Domain;

pub use build::experiment_from_record;
pub use error::{FileError, Origin, Problem};
pub use preview::{Preview, PreviewError, PreviewedExperiment, PreviewedUnit};
pub use unit::{Mode, Save, UnitFile};
pub use update::UpdateFile;

use error::{Fault, Source};
use node::{Content, Entry, Node};

/// The largest research file that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What a research file says.
///
/// Serialised, it is a research file again, with everything that was left out written down: the
/// copy that is kept with a research, from which workers and a resumed run build the experiment.
///
/// ```
/// use research::file::{Format, ResearchFile};
///
/// let text = r#"
///     name = "power"
///     workers = 2
///
///     [domain]
///     a = [2, 3]
///     b = [2, 3, 4]
///
///     [[unit]]
///     name = "power"
///     run = ["python3", "power.py", "--a={a}", "--b={b}"]
///     save_to = "power"
/// "#;
/// let file = ResearchFile::parse(text, Format::Toml)?;
/// assert_eq!(file.options.workers, 2);
/// assert_eq!(file.domain.to_string(), "a=[2, 3] * b=[2, 3, 4]");
///
/// let record = serde_json::to_value(&file).unwrap();
/// assert_eq!(ResearchFile::from_record(&record)?, file);
/// # Ok::<(), research::file::FileError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResearchFile {
    /// The research's name, which is that of its folder.
    pub name: String,
    /// How it is run; the seed stands apart.
    pub options: RunOptions,
    /// The seed of everything that is drawn, if the file says one.
    pub seed: Option<u64>,
    /// Whether the research is kept in a folder; else in memory, and nothing is left of it but
    /// what is printed.
    pub dump_results: bool,
    /// The configs.
    pub domain: Domain,
    /// What runs for each of them, in order.
    pub units: Vec<UnitFile>,
    /// What updates the domain while the research runs.
    pub updates: Vec<UpdateFile>,
}

/// The language of a research file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML.
    Toml,
    /// JSON.
    Json,
}

impl Format {
    /// JSON for a path that ends in `.json`, else TOML.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("json") => Self::Json,
            _ => Self::Toml,
        }
    }
}

/// What else must be true of a file, which stands in these sources.
type Check = fn(&ResearchFile, &[Entry], &[Source]) -> Result<(), Fault>;

impl ResearchFile {
    /// Reads a file, and puts `settings` over it: each `KEY=VALUE`, as `--set` takes them.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong, and a setting that is.
    pub fn load(path: &Path, settings: &[String]) -> Result<Self, FileError> {
        Self::load_and(path, settings, |_, _, _| Ok(()))
    }

    /// As [`load`](Self::load), for a run that begins here and now: the programs must be there.
    ///
    /// # Errors
    /// As [`load`](Self::load), and a program that is not there or cannot be executed.
    pub fn load_to_run(path: &Path, settings: &[String]) -> Result<Self, FileError> {
        Self::load_and(path, settings, check::programs)
    }

    fn load_and(path: &Path, settings: &[String], check: Check) -> Result<Self, FileError> {
        let text = check_language(path).and_then(|()| read(path));
        let text = text.map_err(|error| FileError::unreadable(path, error))?;
        let origin = Origin::File(path.to_owned());
        Self::interpret(origin, text, Format::of(path), settings, check)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// A text that is wrong, with the place.
    pub fn parse(text: &str, format: Format) -> Result<Self, FileError> {
        let name = match format {
            Format::Toml => "research.toml",
            Format::Json => "research.json",
        };
        let origin = Origin::File(name.into());
        Self::interpret(origin, text.to_owned(), format, &[], |_, _, _| Ok(()))
    }

    /// Reads what was recorded of a file: what it serialises to.
    ///
    /// # Errors
    /// A record that was changed by hand, or written by a later version.
    pub fn from_record(record: &serde_json::Value) -> Result<Self, FileError> {
        let text = format!("{record:#}");
        Self::interpret(Origin::Record, text, Format::Json, &[], |_, _, _| Ok(()))
    }

    fn interpret(
        origin: Origin,
        text: String,
        format: Format,
        settings: &[String],
        check: Check,
    ) -> Result<Self, FileError> {
        let text = match origin {
            Origin::Record => text,
            Origin::File(_) | Origin::Flag(_) => plain(&text),
        };
        let mut sources = vec![Source { origin, text }];
        sources.extend(settings.iter().map(|setting| Source {
            origin: Origin::Flag("--set"),
            text: setting.clone(),
        }));
        let result = Self::of_sources(&sources, format, check);
        result.map_err(|fault| FileError::new(fault, &sources))
    }

    fn of_sources(sources: &[Source], format: Format, check: Check) -> Result<Self, Fault> {
        let text = &sources[0].text;
        let mut root = match format {
            Format::Toml => toml::read(text, 0)?,
            Format::Json => json::read(text, 0)?,
        };
        for (number, source) in sources.iter().enumerate().skip(1) {
            overrides::put(&mut root, &source.text, number)?;
        }
        Self::of_node(&root, sources, check)
    }

    fn of_node(root: &Node, sources: &[Source], check: Check) -> Result<Self, Fault> {
        let Content::Table(entries) = &root.content else {
            let problem = Problem::Syntax {
                language: "research file",
                message: format!("it must be an object with keys, and is {}", root.kind()),
            };
            return Err(problem.at(root.span));
        };
        keys::check(entries, &keys::FILE)?;
        let name = options::name(entries)?;
        let options = options::read(entries)?;
        let seed = options::seed(entries)?;
        let dump_results = options::dump_results(entries)?;
        let domain = domain::read(keys::find(entries, "domain"), sources)?;
        let units = unit::read_all(keys::find(entries, "unit"), sources)?;
        let updates = update::read_all(keys::find(entries, "update"))?;
        let file = Self {
            name,
            options,
            seed,
            dump_results,
            domain,
            units,
            updates,
        };
        check::names(&file, entries, sources)?;
        check::options_in_domain(&file, entries)?;
        check::output_files(&file, entries, sources)?;
        check(&file, entries, sources)?;
        Ok(file)
    }
}

/// The text as it is meant, wherever it was written: without a byte order mark, and with ends of
/// lines that do not become a part of commands.
fn plain(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.replace("\r\n", "\n")
}

/// YAML would be refused as TOML that is wrong in its first line.
fn check_language(path: &Path) -> std::io::Result<()> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("yaml" | "yml") => Err(std::io::Error::other(
            "YAML is not supported; use TOML or JSON",
        )),
        _ => Ok(()),
    }
}

/// The text of a file that may be a pipe or a device, and must not be endless.
fn read(path: &Path) -> std::io::Result<String> {
    use std::io::{Error, ErrorKind, Read};

    let mut text = String::new();
    fs::File::open(path)?
        .take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidData => Error::new(ErrorKind::InvalidData, "it is no UTF-8 text"),
            _ => error,
        })?;
    if text.len() as u64 > LARGEST {
        let reason = format!("it is larger than {} MiB", LARGEST >> 20);
        return Err(Error::new(ErrorKind::FileTooLarge, reason));
    }
    // Some editors put a byte order mark in front of UTF-8.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
