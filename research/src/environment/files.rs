//! The files of the recorded environment, in the folder of the research.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use research_core::StorageError;
use research_core::files::create_folders;

/// The folder of the files, in the folder of the research.
const ENV: &str = "env";

/// The recorded environment of a run: texts by their files, such as `repo/commit.txt`.
pub type EnvTexts = BTreeMap<String, String>;

/// Writes texts into the `env` folder of a research. Those of a resumed run get a folder of their
/// own in it: `run-2`, `run-3`.
///
/// # Errors
/// They cannot be written.
pub fn write_env(research: &Path, texts: &EnvTexts) -> Result<(), StorageError> {
    let folder = research.join(ENV);
    let is_there = |folder: &Path| folder.symlink_metadata().is_ok();
    let folder = if is_there(&folder) {
        let later = (2_u64..).map(|run| folder.join(format!("run-{run}")));
        later
            .into_iter()
            .find(|folder| !is_there(folder))
            .unwrap_or(folder)
    } else {
        folder
    };
    for (file, text) in texts {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(&folder);
        create_folders(research, parent).map_err(StorageError::io("create", parent))?;
        fs::write(&path, text).map_err(StorageError::io("write", &path))?;
    }
    Ok(())
}

/// Reads the texts of a research's `env` folder; none if it has none.
///
/// # Errors
/// They cannot be read.
pub fn read_env(research: &Path) -> Result<EnvTexts, StorageError> {
    let root = research.join(ENV);
    let mut texts = EnvTexts::new();
    let mut folders: Vec<PathBuf> = Vec::new();
    if root.is_dir() {
        folders.push(root.clone());
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(StorageError::io("read", &folder))? {
            let entry = entry.map_err(StorageError::io("read", &folder))?;
            let path = entry.path();
            // Links are not followed, because they could form cycles or lead out of the folder.
            let kind = entry.file_type().map_err(StorageError::io("read", &path))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let bytes = fs::read(&path).map_err(StorageError::io("read", &path))?;
                let name = path.strip_prefix(&root).unwrap_or(&path);
                texts.insert(
                    name.to_string_lossy().into_owned(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                );
            }
        }
    }
    Ok(texts)
}
