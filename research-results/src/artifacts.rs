//! The table of the files in the folders of experiments.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use research_core::StorageError;

use crate::cell::Cell;
use crate::error::TableError;
use crate::options::TableOptions;
use crate::results::Results;
use crate::select::{Selected, select};
use crate::table::{Identity, Table};

/// The name of the folder that contains the folders of experiments.
const EXPERIMENTS: &str = "experiments";
/// The files that this project writes into the folder of an experiment.
const OWN_FILES: [&str; 4] = ["experiment.log", "config.json", "stdout.txt", "stderr.txt"];

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
        let base = std::path::absolute(research).map_err(StorageError::io("find", research))?;
        let base = base.join(EXPERIMENTS);
        let Selected { experiments, notes } = select(self, options)?;
        let identity = Identity::new(&experiments, options);
        let mut columns = identity.columns();
        columns.extend(["artifact_name", "full_path", "relative_path"].map(str::to_owned));
        let mut rows = Vec::new();
        for experiment in experiments {
            // A parsed id is safe as the name of a folder.
            let folder = base.join(experiment.record.id.as_str());
            let files = files(&folder).map_err(StorageError::io("read", &folder))?;
            for file in files {
                let within = |folder: &Path| file.strip_prefix(folder).unwrap_or(&file).to_owned();
                let paths = [
                    within(&folder),
                    file.clone(),
                    Path::new(EXPERIMENTS).join(within(&base)),
                ];
                let mut row = Vec::with_capacity(columns.len());
                identity.fill(experiment, &mut row);
                row.extend(paths.map(|path| Cell::from(path.to_string_lossy().into_owned())));
                rows.push(row);
            }
        }
        Ok(Table::from_rows(columns, rows).with_notes(notes))
    }
}

/// Returns the files in a folder and its subfolders, by name; none if it is not a folder. It
/// follows no symbolic links, because they could lead anywhere.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
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
            let is_own = next == folder && OWN_FILES.iter().any(|own| entry.file_name() == *own);
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(entry.path()),
                _ if is_own => {}
                _ => files.push(entry.path()),
            }
        }
    }
    files.sort();
    Ok(files)
}
