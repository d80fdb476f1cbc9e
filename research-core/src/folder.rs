//! The folder of an experiment, and other folders in that of a research.

use std::fs;
use std::io;
use std::path::Path;

use research_domain::Config;

/// Removes the folder of an experiment if it is empty, and otherwise writes the config into it. For
/// executors, at the experiment's end.
///
/// # Errors
/// The config cannot be written.
pub fn leave_experiment_folder(folder: &Path, full_config: &Config) -> std::io::Result<()> {
    // `remove_dir` removes only an empty folder.
    if std::fs::remove_dir(folder).is_ok() || !folder.is_dir() {
        return Ok(());
    }
    let config = folder.join("config.json");
    if config.exists() {
        return Ok(());
    }
    std::fs::write(config, full_config.to_json(true) + "\n")
}

/// Creates the folder of an experiment and its parent. The research's folder, which contains both,
/// must exist: if it was moved or removed while the research runs, it must not be created again.
///
/// # Errors
/// A folder cannot be created, or the research's folder is missing.
pub fn create_experiment_folder(folder: &Path) -> io::Result<()> {
    let experiments = folder.parent().unwrap_or(folder);
    create_folders(experiments.parent().unwrap_or(experiments), folder)
}

/// Creates a folder and its parents up to `root`, which must exist.
///
/// # Errors
/// A folder cannot be created, or the root is missing.
pub fn create_folders(root: &Path, folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = folder
                .parent()
                .filter(|parent| *parent != root && parent.starts_with(root) && folder != root);
            let Some(parent) = parent else {
                return Err(error);
            };
            create_folders(root, parent)?;
            match fs::create_dir(folder) {
                // Another process has created it in the meantime.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                created => created,
            }
        }
        created => created,
    }
}
