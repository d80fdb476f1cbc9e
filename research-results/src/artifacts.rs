//! The table of the files in the folders of experiments.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use regex::Regex;
use research_core::StorageError;

use crate::cell::Cell;
use crate::error::TableError;
use crate::options::TableOptions;
use crate::results::Results;
use crate::select::{Selected, select};
use crate::table::{Identity, Table};

/// The name of the folder that contains the folders of experiments.
const EXPERIMENTS: &str = "experiments";
/// The files that this project writes into the folder of an experiment, beside the captured output.
const OWN_FILES: [&str; 2] = ["experiment.log", "config.json"];
/// The captured output.
const OUTPUT_FILES: [&str; 2] = ["stdout.txt", "stderr.txt"];

/// Which files [`Results::artifacts_with`] lists.
///
/// ```
/// use research_results::ArtifactOptions;
///
/// let options = ArtifactOptions::new().pattern("*.png").pattern("checkpoints/").output(true);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
pub struct ArtifactOptions {
    patterns: Vec<String>,
    folders: bool,
    output: bool,
}

impl ArtifactOptions {
    /// All files that experiments have written.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only files whose path in the experiment's folder matches this pattern or one of earlier
    /// calls. `*` is any characters but `/`, `?` one of these, `**` any characters. A pattern
    /// without `/` matches the name of a file, and one that ends in `/` all files below the folders
    /// that it matches.
    #[must_use]
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.patterns.push(pattern.into());
        self
    }

    /// Lists a folder in the experiment's folder as one row, with a path that ends in `/`, instead
    /// of the files in it and below.
    #[must_use]
    pub fn folders(mut self, folders: bool) -> Self {
        self.folders = folders;
        self
    }

    /// Lists the captured output, `stdout.txt` and `stderr.txt`, too.
    #[must_use]
    pub fn output(mut self, output: bool) -> Self {
        self.output = output;
        self
    }
}

impl Results {
    /// Returns a row for each file in the folders of experiments and their subfolders: id, config,
    /// its path in the experiment's folder (`artifact_name`), `full_path`, and its path in
    /// `research`, the research's folder (`relative_path`). Links are listed, not followed.
    ///
    /// # Errors
    /// A folder cannot be read; as for [`to_table`](Self::to_table).
    pub fn artifacts(
        &self,
        research: &Path,
        options: &TableOptions,
    ) -> Result<Table<'_>, TableError> {
        self.artifacts_with(research, options, &ArtifactOptions::new())
    }

    /// As [`artifacts`](Self::artifacts), for selected files.
    ///
    /// # Errors
    /// As for [`artifacts`](Self::artifacts).
    pub fn artifacts_with(
        &self,
        research: &Path,
        options: &TableOptions,
        artifacts: &ArtifactOptions,
    ) -> Result<Table<'_>, TableError> {
        let base = std::path::absolute(research).map_err(StorageError::io("find", research))?;
        let base = base.join(EXPERIMENTS);
        let Selected { experiments, notes } = select(self, options)?;
        let identity = Identity::new(&experiments, options);
        let mut columns = identity.columns();
        columns.extend(["artifact_name", "full_path", "relative_path"].map(str::to_owned));
        let patterns = artifacts.patterns.iter().map(|pattern| expression(pattern));
        let patterns: Vec<Regex> = patterns.collect::<Result<_, _>>()?;
        let mut rows = Vec::new();
        for experiment in experiments {
            // A parsed id is safe as the name of a folder.
            let folder = base.join(experiment.record.id.as_str());
            let names = names(&folder, artifacts).map_err(StorageError::io("read", &folder))?;
            let relative = Path::new(EXPERIMENTS).join(experiment.record.id.as_str());
            for name in names {
                if !patterns.is_empty() && !patterns.iter().any(|one| one.is_match(&name)) {
                    continue;
                }
                let paths = [
                    name.clone(),
                    folder.join(&name).to_string_lossy().into_owned(),
                    relative.join(&name).to_string_lossy().into_owned(),
                ];
                let mut row = Vec::with_capacity(columns.len());
                identity.fill(experiment, &mut row);
                row.extend(paths.map(Cell::from));
                rows.push(row);
            }
        }
        Ok(Table::from_rows(columns, rows).with_notes(notes))
    }
}

/// Returns the paths in a folder of the files in it and below, in order; none if it is not a
/// folder. A symbolic link could lead anywhere.
fn names(folder: &Path, options: &ArtifactOptions) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
    let mut folders: Vec<PathBuf> = is_folder.then(|| folder.to_owned()).into_iter().collect();
    while let Some(next) = folders.pop() {
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy();
            let is_own = |files: &[&str]| files.iter().any(|own| name == *own);
            let is_hidden = is_own(&OWN_FILES) || (!options.output && is_own(&OUTPUT_FILES));
            let is_folder = entry.file_type()?.is_dir();
            if is_folder && !options.folders {
                folders.push(path);
            } else if is_folder {
                names.push(format!("{name}/"));
            } else if !is_hidden {
                names.push(name.into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

/// The regular expression of the paths that a pattern matches. The path of a folder ends in `/`.
fn expression(pattern: &str) -> Result<Regex, TableError> {
    let (body, end) = match pattern.strip_suffix('/') {
        Some(body) => (body, "/.*"),
        None => (pattern, "/?"),
    };
    let begin = if body.contains('/') { "" } else { "(?:.*/)?" };
    let body = regex::escape(body)
        .replace(r"\*\*", ".*")
        .replace(r"\*", "[^/]*")
        .replace(r"\?", "[^/]");
    Regex::new(&format!("(?s)^{begin}{body}{end}$"))
        .map_err(|_| TableError::Pattern(pattern.to_owned()))
}
