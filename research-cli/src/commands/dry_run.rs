//! `research run --dry-run`: what would be run.

use std::io::Write;
use std::path::Path;

use research::core::{RootView, RunOptions, StorageError, plural, unique_names};
use research::domain::{
    Assigned, Config, Domain, ExperimentId, IdPrefixes, IdRegistry, IdRegistryError, Item,
    Iteration, Value,
};
use research::exec::devices::get_devices;
use research::exec::program::{KnownBefore, ProgramCommand};
use research::storage::StoredResearch;
use research::{ResearchError, root_view};
use serde::Serialize;

use super::TextOrJson;
use super::{CommandError, write_json};
use crate::exit::Exit;
use crate::file::{Mode, ResearchFile, UnitFile};

/// How units use their programs, as research files say it.
const CALLABLE: &str = "callable";
const GENERATOR: &str = "generator";

/// How many experiments are shown one by one.
const SHOWN: usize = 3;

/// For how many workers the devices are shown.
const SHOWN_WORKERS: usize = 16;

/// What would be run.
#[derive(Serialize)]
struct Plan<'f> {
    name: &'f str,
    /// Its folder, which will be made; `None` where it is kept in memory.
    folder: Option<&'f str>,
    domain: String,
    /// How many there are, if they have an end.
    experiments: Option<u128>,
    n_reps: u64,
    /// `None` where it is drawn when it is run.
    seed: Option<u64>,
    workers: u32,
    branches: u32,
    /// The parameters in which the experiments of a task agree, where root units ask for that.
    branch_by: Option<Vec<String>>,
    devices: &'f Value,
    /// Those of each branch of the first workers.
    devices_of_workers: Vec<Vec<Vec<String>>>,
    /// The first experiments.
    first: Vec<Planned>,
    /// Whether they will be drawn anew, with the seed of the run.
    #[serde(skip)]
    is_drawn_anew: bool,
}

/// An experiment that would be run.
#[derive(Serialize)]
struct Planned {
    /// Where the seed is known.
    id: Option<ExperimentId>,
    config: Config,
    repetition: u64,
    commands: Vec<Step>,
}

/// What a unit would run.
#[derive(Serialize)]
struct Step {
    unit: String,
    mode: &'static str,
    command: String,
}

/// Shows what a file would run, and what would keep it from running. Nothing is run, and no folder
/// is made.
pub(super) fn show(
    file: &ResearchFile,
    format: TextOrJson,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    if let Some(problem) = file.options.parallelism_problem() {
        return Err(Box::new(ResearchError::Options(problem)).into());
    }
    if file.dump_results {
        check_place(&file.name)?;
    }
    let plan = plan(file)?;
    match format {
        TextOrJson::Text => print(&plan, out)?,
        TextOrJson::Json => {
            write_json(out, &plan)?;
            writeln!(out)?;
        }
    }
    Ok(Exit::Success)
}

fn plan(file: &ResearchFile) -> Result<Plan<'_>, CommandError> {
    let options = &file.options;
    let iteration = Iteration::default()
        .n_items(options.n_configs.map(u128::from))
        .n_reps(options.n_reps)
        .repeat_each(options.repeat_each.map(u128::from))
        .seed(file.seed.unwrap_or(options.seed))
        .id_prefix(options.create_id_prefix);
    let configs = file.domain.configs(&iteration)?;
    let mut ids = Ids {
        registry: IdRegistry::new(),
        prefixes: configs.id_prefixes(),
    };
    let mut first = Vec::new();
    for item in configs.iter().take(SHOWN) {
        first.push(planned(file, &item?, &mut ids)?);
    }
    Ok(Plan {
        name: &file.name,
        folder: file.dump_results.then_some(&*file.name),
        domain: file.domain.to_string(),
        experiments: configs.size()?.finite(),
        n_reps: options.n_reps,
        seed: file.seed,
        workers: options.workers,
        branches: options.branches,
        branch_by: branch_by(file)?,
        devices: &options.devices,
        devices_of_workers: devices_of_workers(options),
        first,
        is_drawn_anew: file.seed.is_none() && has_draws(&file.domain, iteration)?,
    })
}

/// The parameters in which the experiments of a task agree: of those that a run counts, the ones that
/// differ in this research.
fn branch_by(file: &ResearchFile) -> Result<Option<Vec<String>>, CommandError> {
    let (options, is_updated) = (&file.options, !file.updates.is_empty());
    let view = root_view(&file.experiment()?, options, &file.domain, is_updated);
    let RootView::Shared { mut keys, .. } =
        view.map_err(|error| Box::new(ResearchError::from(error)))?
    else {
        return Ok(None);
    };
    keys.retain(|key| match key.as_str() {
        "repetition" => options.n_reps > 1,
        "updates" => is_updated,
        _ => true,
    });
    Ok(Some(keys))
}

/// Whether the first configs depend on the seed.
fn has_draws(domain: &Domain, iteration: Iteration) -> Result<bool, CommandError> {
    let first = |seed: u64| -> Result<Vec<Item>, CommandError> {
        let configs = domain.configs(&iteration.clone().seed(seed))?;
        let first: Result<_, _> = configs.iter().take(SHOWN).collect();
        Ok(first?)
    };
    Ok(first(1)? != first(2)?)
}

fn devices_of_workers(options: &RunOptions) -> Vec<Vec<Vec<String>>> {
    // Devices that cannot be spread are an error of the file, or of the run.
    let spread = get_devices(&options.devices, options.workers, options.branches);
    let mut spread = spread.unwrap_or_default();
    spread.truncate(SHOWN_WORKERS);
    spread
}

fn print(plan: &Plan, out: &mut dyn Write) -> Result<(), CommandError> {
    let experiments = match plan.experiments {
        Some(number) => plural(number, "experiment"),
        None => "experiments without end".to_owned(),
    };
    writeln!(out, "{}: {experiments}", plan.name)?;
    writeln!(out, "domain: {}", plan.domain)?;
    if plan.n_reps > 1 {
        writeln!(out, "repetitions of each config: {}", plan.n_reps)?;
    }
    match plan.seed {
        Some(seed) => writeln!(out, "seed: {seed}")?,
        None => writeln!(out, "seed: drawn when it is run")?,
    }
    write!(out, "workers: {}", plan.workers)?;
    if plan.branches > 1 {
        write!(out, ", {} experiments at once in each", plan.branches)?;
        match plan.branch_by.as_deref() {
            None | Some([]) => {}
            Some(keys) => write!(out, ", which agree in {}", keys.join(", "))?,
        }
    }
    writeln!(out)?;
    if *plan.devices != Value::Null {
        writeln!(out, "devices: {}", plan.devices)?;
        for (worker, branches) in plan.devices_of_workers.iter().enumerate() {
            let devices: Vec<String> = branches.iter().map(|devices| devices.join(", ")).collect();
            writeln!(out, "  worker {worker}: {}", devices.join("; "))?;
        }
    }
    match plan.folder {
        Some(folder) => writeln!(out, "folder: {folder}, which will be made")?,
        None => writeln!(out, "folder: none, it is kept in memory")?,
    }
    match (plan.first.as_slice(), plan.is_drawn_anew) {
        ([], _) => {}
        (_, false) => writeln!(out, "the first experiments:")?,
        (_, true) => writeln!(out, "the first experiments, whose draws will be others:")?,
    }
    for experiment in &plan.first {
        print_experiment(plan, experiment, out)?;
    }
    Ok(())
}

fn print_experiment(
    plan: &Plan,
    experiment: &Planned,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut title = experiment.config.to_string();
    if let Some(id) = &experiment.id {
        title = format!("{id}: {title}");
    }
    if plan.n_reps > 1 {
        title.push_str(&format!(", repetition {}", experiment.repetition));
    }
    writeln!(out, "  {title}")?;
    for Step {
        unit,
        mode,
        command,
    } in &experiment.commands
    {
        let mode = match *mode {
            GENERATOR => " (generator)",
            _ => "",
        };
        writeln!(out, "    {unit}{mode}: {command}")?;
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

/// Gives experiments the ids that a run would give them.
struct Ids {
    registry: IdRegistry,
    prefixes: Option<IdPrefixes>,
}

impl Ids {
    fn assign(&mut self, item: &Item, seed: u64) -> Result<Assigned, IdRegistryError> {
        let prefix = self.prefixes.as_mut().map(|prefixes| prefixes.prefix(item));
        self.registry
            .assign(item.identity(seed), prefix.as_deref().unwrap_or(""))
    }
}

fn planned(file: &ResearchFile, item: &Item, ids: &mut Ids) -> Result<Planned, CommandError> {
    let mut built_in = vec![
        ("iteration", "0".to_owned()),
        ("repetition", item.repetition.to_string()),
    ];
    let mut id = None;
    if let Some(seed) = file.seed {
        let assigned = ids.assign(item, seed)?;
        // As many bits as every program's generator takes.
        built_in.push(("seed", (assigned.seed >> 32).to_string()));
        built_in.push(("id", assigned.id.to_string()));
        id = Some(assigned.id);
    }
    let config = item.full_config();
    let known = KnownBefore {
        config: &config,
        built_in: &built_in,
    };
    let names = unique_names(file.units.iter().map(|unit| unit.name.as_str()));
    let step = |(unit, name): (&UnitFile, String)| {
        // A file that was read has no command that cannot be.
        let command = ProgramCommand::new(&unit.program).ok()?;
        Some(Step {
            unit: name,
            mode: match unit.mode {
                Mode::Callable => CALLABLE,
                Mode::Generator => GENERATOR,
            },
            command: command.preview(&known),
        })
    };
    Ok(Planned {
        id,
        config: item.config.clone(),
        repetition: item.repetition,
        commands: file.units.iter().zip(names).filter_map(step).collect(),
    })
}
