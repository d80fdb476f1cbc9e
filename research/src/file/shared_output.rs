//! Finds output files that experiments would share.

use std::collections::HashSet;
use std::path::PathBuf;

use research_core::{ExecutorTarget, Isolation, RunOptions};
use research_domain::is_auxiliary;
use research_exec::program::{KnownBefore, OutputSpec, Template};

use super::ResearchFile;
use super::error::{FileError, FileErrorKind, Origin, Source};
use super::unit::UnitFile;

/// The number of experiments that are compared; beyond it, the second experiment fails at run time.
const COMPARED: usize = 20_000;

impl ResearchFile {
    /// Checks that no two experiments that may run at the same time write the same file, with these
    /// options. Errors name `origin`.
    ///
    /// # Errors
    /// The `output` of a unit is such a file.
    pub fn check_output_files(
        &self,
        options: &RunOptions,
        origin: Origin,
    ) -> Result<(), FileError> {
        let Some((_, problem)) = find(self, options) else {
            return Ok(());
        };
        let text = String::new();
        Err(FileError::new(
            problem.without_location(),
            &[Source { origin, text }],
        ))
    }
}

/// Returns the first unit whose output file is shared, by its index.
pub(crate) fn find(file: &ResearchFile, options: &RunOptions) -> Option<(usize, FileErrorKind)> {
    let units = file.units.iter().enumerate();
    let mut units = units.filter(|(_, unit)| runs_at_once(unit, options));
    units.find_map(|(position, unit)| {
        let path = shared_path(file, unit)?;
        let unit = unit.name.clone();
        let path = path.display().to_string();
        Some((position, FileErrorKind::SharedOutput { unit, path }))
    })
}

/// Whether the unit may run for two experiments at the same time.
fn runs_at_once(unit: &UnitFile, options: &RunOptions) -> bool {
    let several_workers = options.isolation != Isolation::None && options.workers > 1;
    let branches_at_once =
        options.executor_target == ExecutorTarget::Threads && options.branches > 1 && !unit.root;
    several_workers || branches_at_once
}

/// Returns a path that two experiments share.
fn shared_path(file: &ResearchFile, unit: &UnitFile) -> Option<PathBuf> {
    let OutputSpec::File(output) = &unit.program.output else {
        return None;
    };
    let template = Template::parse(&output.path).ok()?;
    let parameters = file.domain.parameters();
    let is_known = |name: &str| {
        let head = name.split(['.', '[']).next().unwrap_or(name);
        ["iteration", "repetition"].contains(&name)
            || is_auxiliary(head)
            || parameters
                .iter()
                .any(|key| key.name() == name || key.name() == head)
    };
    // `{id}`, `{path}` and `{seed}` differ; outputs of units and devices may differ.
    if !template.names().all(is_known) || template.names().any(|name| name == "device") {
        return None;
    }
    let configs = file.domain.configs(&file.iteration()).ok()?;
    let mut paths = HashSet::new();
    for item in configs.iter().take(COMPARED) {
        let item = item.ok()?;
        let config = item.full_config();
        let known = KnownBefore {
            config: &config,
            built_in: &[("repetition", item.repetition.to_string())],
        };
        let path = PathBuf::from(known.text(&template));
        if !path.is_absolute() {
            return None;
        }
        if let Some(path) = paths.replace(path) {
            return Some(path);
        }
    }
    None
}
