//! The folder of an experiment, and others in that of a research.

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
    // Only an empty folder can be removed like this.
    if std::fs::remove_dir(folder).is_ok() || !folder.is_dir() {
        return Ok(());
    }
    let config = folder.join("config.json");
    if config.exists() {
        return Ok(());
    }
    std::fs::write(config, full_config.to_json(true) + "\n")
}

/// Makes the folder of an experiment and the one that this is in. The research's folder, in which
/// that is, must be there: one that was moved or removed while the research runs must not come into
/// being again.
///
/// # Errors
/// They cannot be made, or the research's folder is missing.
pub fn create_experiment_folder(folder: &Path) -> io::Result<()> {
    let experiments = folder.parent().unwrap_or(folder);
    create_folders(experiments.parent().unwrap_or(experiments), folder)
}

/// Makes a folder and those that it is in, up to a root, which must be there.
///
/// # Errors
/// They cannot be made, or the root is missing.
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
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                created => created,
            }
        }
        created => created,
    }
}
