//! `research run --dry-run`: what would be run.

use std::io::Write;
use std::path::Path;

use research::core::{RunOptions, StorageError};
use research::domain::{Count, IdRegistry, Item, Iteration, Value};
use research::exec::devices::get_devices;
use research::exec::program::{KnownBefore, ProgramCommand};
use research::storage::StoredResearch;

use super::CommandError;
use crate::exit::Exit;
use crate::file::{Mode, ResearchFile};

/// How many experiments are shown one by one.
const SHOWN: usize = 3;

/// For how many workers the devices are shown.
const SHOWN_WORKERS: usize = 16;

/// Shows what a file would run, and what would keep it from running. Nothing is run, and no folder
/// is made.
pub(super) fn show(file: &ResearchFile, out: &mut dyn Write) -> Result<Exit, CommandError> {
    check_place(&file.name)?;
    let options = &file.options;
    let iteration = Iteration::default()
        .n_items(options.n_configs.map(u128::from))
        .n_reps(options.n_reps)
        .repeat_each(options.repeat_each.map(u128::from))
        .seed(file.seed.unwrap_or(options.seed));
    let configs = file.domain.configs(&iteration)?;
    let experiments = match configs.size()? {
        Count::Finite(1) => "1 experiment".to_owned(),
        Count::Finite(n) => format!("{n} experiments"),
        Count::Infinite => "experiments without end".to_owned(),
    };
    writeln!(out, "{}: {experiments}", file.name)?;
    writeln!(out, "domain: {}", file.domain)?;
    if options.n_reps > 1 {
        writeln!(out, "repetitions of each config: {}", options.n_reps)?;
    }
    match file.seed {
        Some(seed) => writeln!(out, "seed: {seed}")?,
        None => writeln!(out, "seed: drawn when it is run")?,
    }
    write!(out, "workers: {}", options.workers)?;
    if options.branches > 1 {
        write!(out, ", {} experiments at once in each", options.branches)?;
    }
    writeln!(out)?;
    if options.devices != Value::Null {
        show_devices(options, out)?;
    }
    writeln!(out, "folder: {}, which will be made", file.name)?;
    let mut registry = IdRegistry::new();
    for (place, item) in configs.iter().take(SHOWN).enumerate() {
        if place == 0 {
            writeln!(out, "the first experiments:")?;
        }
        show_experiment(file, &item?, &mut registry, out)?;
    }
    Ok(Exit::Success)
}

fn show_devices(options: &RunOptions, out: &mut dyn Write) -> Result<(), CommandError> {
    // Devices that cannot be spread are an error of the file, or of the run.
    let spread = get_devices(&options.devices, options.workers, options.branches);
    writeln!(out, "devices: {}", options.devices)?;
    for (worker, branches) in spread
        .unwrap_or_default()
        .iter()
        .enumerate()
        .take(SHOWN_WORKERS)
    {
        let devices: Vec<String> = branches.iter().map(|devices| devices.join(", ")).collect();
        writeln!(out, "  worker {worker}: {}", devices.join("; "))?;
    }
    Ok(())
}

/// The folder must be free, as for a run.
fn check_place(name: &str) -> Result<(), StorageError> {
    let path = Path::new(name);
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let path = path.to_owned();
    Err(match StoredResearch::load(&path) {
        Ok(_) => StorageError::Exists {
            name: name.to_owned(),
            path,
        },
        Err(_) => StorageError::Occupied { path },
    })
}

fn show_experiment(
    file: &ResearchFile,
    item: &Item,
    registry: &mut IdRegistry,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut built_in = vec![
        ("iteration", "0".to_owned()),
        ("repetition", item.repetition.to_string()),
    ];
    let mut title = item.config.to_string();
    if let Some(seed) = file.seed {
        let assigned = registry.assign(item.identity(seed), "")?;
        // As many bits as every program's generator takes.
        built_in.push(("seed", (assigned.seed >> 32).to_string()));
        title = format!("{}: {title}", assigned.id);
        built_in.push(("id", assigned.id.to_string()));
    }
    if file.options.n_reps > 1 {
        title.push_str(&format!(", repetition {}", item.repetition));
    }
    writeln!(out, "  {title}")?;
    let config = item.full_config();
    let known = KnownBefore {
        config: &config,
        built_in: &built_in,
    };
    for unit in &file.units {
        // A file that was read has no command that cannot be.
        let Ok(command) = ProgramCommand::new(&unit.program) else {
            continue;
        };
        let mode = match unit.mode {
            Mode::Callable => "",
            Mode::Generator => " (generator)",
        };
        writeln!(out, "    {}{mode}: {}", unit.name, command.preview(&known))?;
    }
    Ok(())
}
