//! `research run`: runs a research file.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use research::storage::check_name;
use research::{ExecutorTarget, Isolation, Research};

use super::TextOrJson;
use super::detach::{self, Background};
use super::run_context::{Shown, run_with, set_workers};
use super::{CommandError, dry_run};
use crate::exit::Exit;
use research::file::{Origin, ResearchFile};

/// Run the experiments of a research file
#[derive(Debug, Args)]
#[command(
    long_about = "\
Run the experiments of a research file.

Each experiment runs in its own process, in the current directory. Results are saved there, in a
folder with the name of the research. Progress, and a summary at the end, are printed on standard
error. If the run is interrupted, no saved result is lost.

Exit codes: 0 if all experiments succeeded, 1 if some failed, 2 if the file is invalid, 3 if it
cannot be run or stored, 130 if the run was interrupted.",
    after_help = "\
Examples:
  research run research.toml
  research run research.toml --dry-run     print what would run
  research run research.toml --detach      run in the background
  research run research.toml --name second -w 8
  research run research.toml --set n_reps=5 --set domain.lr=[0.1,0.01]"
)]
pub struct Arguments {
    /// The research file, in TOML or JSON
    pub file: PathBuf,
    /// The name of the research [default: as in the file]
    #[arg(short, long)]
    pub name: Option<String>,
    /// The number of worker processes [default: as in the file]
    #[arg(short, long, value_name = "N")]
    pub workers: Option<NonZeroU32>,
    /// The seed of drawn values [default: as in the file]
    #[arg(short, long, value_name = "S")]
    pub seed: Option<u64>,
    /// Set a key of the file, such as workers=4 or domain.lr=[0.1,0.2]; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Run everything in this process, and end at the first failure
    #[arg(long)]
    pub debug: bool,
    /// The devices of the experiments [default: as in the file]
    #[arg(long, value_name = "D,…", value_delimiter = ',')]
    pub devices: Vec<String>,
    /// Print what would run: the number of experiments, and the first commands
    #[arg(long)]
    pub dry_run: bool,
    /// Output format of --dry-run
    #[arg(long, value_enum, default_value_t, requires = "dry_run")]
    pub format: TextOrJson,
    /// Write events to monitor.csv in the folder of the research
    #[arg(long)]
    pub monitor_log: bool,
    /// Background.
    #[command(flatten)]
    pub background: Background,
    /// Output.
    #[command(flatten)]
    pub shown: Shown,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let mut file = ResearchFile::load_to_run(&arguments.file, &arguments.set)?;
    if let Some(name) = &arguments.name {
        check_name(name)?;
        file.name.clone_from(name);
    }
    set_workers(&mut file.options, arguments.workers);
    if !arguments.devices.is_empty() {
        file.options.devices = arguments.devices.as_slice().into();
    }
    if arguments.debug {
        file.options.debug = true;
        file.options.isolation = Isolation::None;
        file.options.executor_target = ExecutorTarget::For;
    }
    file.options.monitor_log |= arguments.monitor_log;
    file.seed = arguments.seed.or(file.seed);
    file.check_output_files(&file.options, Origin::File(arguments.file.clone()))?;
    if arguments.dry_run {
        return dry_run::show(&file, arguments.format, out);
    }
    if arguments.background.is_requested() {
        if !file.dump_results {
            return Err(CommandError::DetachedInMemory);
        }
        let name = Path::new(&file.name);
        return detach::start(Path::new("."), name, name);
    }
    let mut research = arguments
        .background
        .detach_if_background(file.research()?)?;
    // Record the file only if it is inside the current directory.
    let current = std::env::current_dir().unwrap_or_default();
    let path = arguments.file.strip_prefix(current);
    let path = path.unwrap_or(&arguments.file);
    if path.is_relative() {
        research = research.source_file(path);
    }
    let exit = run_with(
        &file,
        Path::new(&file.name),
        research,
        &arguments.shown,
        out,
        Research::run,
    );
    exit.map_err(|error| error.with_file(&arguments.file))
}
