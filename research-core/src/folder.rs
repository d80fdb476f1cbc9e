//! The folder of an experiment.

use std::path::Path;

use research_domain::Config;

/// Leaves the folder of an experiment as people should find it: away if nothing was put into it,
/// else with the config beside the rest. For executors, at the experiment's end.
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
