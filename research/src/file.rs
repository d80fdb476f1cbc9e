//! Research files: what to run over which configs, and how, as TOML or JSON.
//!
//! ```no_run
//! use research::file::ResearchFile;
//!
//! let file = ResearchFile::load("research.toml".as_ref(), &["workers=4".to_owned()])?;
//! let finished = file.research()?.run()?;
//! println!("{}", finished.results().table()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Reading has three steps: the text becomes nodes with spans, settings override them, and the
//! nodes become a [`ResearchFile`] or a [`FileError`] with a location.
//!
//! A program that runs research files should call
//! [`worker_entry_with`](crate::worker_entry_with)`(`[`experiment_from_record`]`)` first in `main`,
//! so that its workers build the experiment from the record.

mod build;
mod check;
mod command;
mod commands;
mod compatibility;
mod domain;
mod env;
mod error;
mod json;
mod keys;
mod location;
mod memory;
mod node;
mod options;
mod output;
mod overrides;
mod parallelism;
mod preview;
mod setting;
mod shared_output;
mod shell_syntax;
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
pub use error::{FileError, FileErrorKind, Origin};
pub use output::Save;
pub use preview::{Preview, PreviewError, PreviewedExperiment, PreviewedUnit};
pub use unit::{Mode, UnitFile};
pub use update::UpdateFile;

use error::{Diagnostic, Source};
use node::{Content, Entry, Node};

/// The maximum size of a research file in bytes.
const MAX_SIZE: u64 = 16 << 20;

/// A research file.
///
/// Serialized, it is a research file again, with all defaults written out. This copy is kept in the
/// record of a research; workers and resumed runs build the experiment from it.
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
    /// The name of the research and of its folder.
    pub name: String,
    /// The options, except for the seed.
    pub options: RunOptions,
    /// The seed of drawn values, if the file has one.
    pub seed: Option<u64>,
    /// Whether results are stored in a folder; otherwise they are kept in memory.
    pub dump_results: bool,
    /// The domain of configs.
    pub domain: Domain,
    /// The units that run for each config, in order.
    pub units: Vec<UnitFile>,
    /// The programs that update the domain during the run.
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
    /// Returns JSON for a path that ends in `.json`, and TOML otherwise.
    #[must_use]
    pub fn from_path(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("json") => Self::Json,
            _ => Self::Toml,
        }
    }
}

/// An additional check of a file and its sources.
type Check = fn(&ResearchFile, &[Entry], &[Source]) -> Result<(), Diagnostic>;

impl ResearchFile {
    /// Reads a file and overrides it with `settings`, each of the form `KEY=VALUE`.
    ///
    /// # Errors
    /// The file cannot be read, or the file or a setting is invalid.
    pub fn load(path: &Path, settings: &[String]) -> Result<Self, FileError> {
        Self::load_and(path, settings, |_, _, _| Ok(()))
    }

    /// Reads a file as [`load`](Self::load) does, and checks that its programs exist.
    ///
    /// # Errors
    /// As [`load`](Self::load), or a program does not exist or cannot be executed.
    pub fn load_to_run(path: &Path, settings: &[String]) -> Result<Self, FileError> {
        Self::load_and(path, settings, check::programs)
    }

    fn load_and(path: &Path, settings: &[String], check: Check) -> Result<Self, FileError> {
        let text = check_language(path).and_then(|()| read(path));
        let text = text.map_err(|error| FileError::unreadable(path, error))?;
        let origin = Origin::File(path.to_owned());
        Self::interpret(origin, text, Format::from_path(path), settings, check)
    }

    /// Parses the text of a file.
    ///
    /// # Errors
    /// The text is invalid.
    pub fn parse(text: &str, format: Format) -> Result<Self, FileError> {
        let name = match format {
            Format::Toml => "research.toml",
            Format::Json => "research.json",
        };
        let origin = Origin::File(name.into());
        Self::interpret(origin, text.to_owned(), format, &[], |_, _, _| Ok(()))
    }

    /// Reads a recorded file: the serialized form of a [`ResearchFile`].
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

    fn of_sources(sources: &[Source], format: Format, check: Check) -> Result<Self, Diagnostic> {
        let text = &sources[0].text;
        let mut root = match format {
            Format::Toml => toml::read(text, 0)?,
            Format::Json => json::read(text, 0)?,
        };
        for number in 1..sources.len() {
            overrides::put(&mut root, number, sources)?;
        }
        Self::of_node(&root, sources, check)
    }

    fn of_node(root: &Node, sources: &[Source], check: Check) -> Result<Self, Diagnostic> {
        let Content::Table(entries) = &root.content else {
            let problem = FileErrorKind::Syntax {
                language: "research file",
                message: format!("expected an object, found {}", root.kind()),
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
        check::saved_names(&file, entries, sources)?;
        check(&file, entries, sources)?;
        Ok(file)
    }
}

/// Removes the byte order mark, and the carriage returns of line ends, which would become part of
/// commands.
fn plain(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.replace("\r\n", "\n")
}

/// Rejects YAML, which would be reported as invalid TOML.
fn check_language(path: &Path) -> std::io::Result<()> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("yaml" | "yml") => Err(std::io::Error::other(
            "YAML is not supported; use TOML or JSON",
        )),
        _ => Ok(()),
    }
}

/// Reads a file up to the maximum size; it may be a pipe or a device.
fn read(path: &Path) -> std::io::Result<String> {
    use std::io::{Error, ErrorKind, Read};

    let mut text = String::new();
    fs::File::open(path)?
        .take(MAX_SIZE + 1)
        .read_to_string(&mut text)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidData => Error::new(ErrorKind::InvalidData, "it is not UTF-8"),
            _ => error,
        })?;
    if text.len() as u64 > MAX_SIZE {
        let reason = format!("it is larger than {} MiB", MAX_SIZE >> 20);
        return Err(Error::new(ErrorKind::FileTooLarge, reason));
    }
    Ok(text)
}
