//! The files that experiments have left in their folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use research_core::StorageError;

use super::{EXPERIMENT_LOG, EXPERIMENTS, StoredResearch};
use crate::results::{ExperimentResult, Results};
use crate::table::{Artifact, Table, TableError, TableOptions, artifacts_table};

/// What we write ourselves into the folder of an experiment.
const OWN: [&str; 4] = [EXPERIMENT_LOG, "config.json", "stdout.txt", "stderr.txt"];

/// Why the artifacts of a research cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactsError {
    /// A folder cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The options contradict each other, or name what there is not.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl StoredResearch {
    /// The files that experiments have left in their folders, also in folders within, a row for
    /// each: id, config, its path in the experiment's folder (`artifact_name`), `full_path`, and
    /// `relative_path`, which is that from the research's folder. Links are shown, not followed.
    ///
    /// # Errors
    /// A folder that cannot be read; as for [`Results::to_table`].
    pub fn artifacts<'a>(
        &self,
        results: &'a Results,
        options: &TableOptions,
    ) -> Result<Table<'a>, ArtifactsError> {
        let base = std::path::absolute(self.folder())
            .map_err(StorageError::io("find", self.folder()))?
            .join(EXPERIMENTS);
        // An id is checked when it is read: it is the name of a folder and nothing else.
        let find = |experiment: &ExperimentResult| {
            let folder = base.join(experiment.record.id.as_str());
            // A link in its place could lead anywhere.
            let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
            if !is_folder {
                return Ok(Vec::new());
            }
            let files = files(&folder).map_err(StorageError::io("read", &folder))?;
            Ok(files
                .iter()
                .map(|file| artifact(file, &folder, &base))
                .collect())
        };
        artifacts_table(results.experiments().collect(), options, find)
    }
}

fn artifact(file: &Path, folder: &Path, base: &Path) -> Artifact {
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let within = |folder: &Path| file.strip_prefix(folder).unwrap_or(file);
    Artifact {
        name: shown(within(folder)),
        full_path: shown(file),
        relative_path: shown(&Path::new(EXPERIMENTS).join(within(base))),
    }
}

/// The files in a folder and those within, by name; none if there is no folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let is_own = next == folder && OWN.iter().any(|own| entry.file_name() == *own);
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
