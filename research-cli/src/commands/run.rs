//! `research run`: what a research file describes.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use research::storage::check_name;
use research::{ExecutorTarget, Isolation, Research};

use super::TextOrJson;
use super::detach::{self, Background};
use super::lead::{Shown, lead, set_workers};
use super::{CommandError, dry_run};
use crate::exit::Exit;
use research::file::{Origin, ResearchFile};

/// Run the experiments that a research file describes
#[derive(Debug, Args)]
#[command(
    long_about = "\
Run the experiments that a research file describes.

Each experiment runs in a process of its own, in the folder where this is called; what it saves is
kept there, in a folder that is called like the research. Progress is shown on standard error, and a summary at the end. If it is interrupted,
nothing that was saved is lost.

Exit codes: 0 if all experiments finished, 1 if some failed, 2 for a bad file, 3 if it could not
run or store, 130 if it was interrupted.",
    after_help = "\
Examples:
  research run research.toml
  research run research.toml --dry-run     what would be run
  research run research.toml --detach      goes on when the terminal is gone
  research run research.toml --name second -w 8
  research run research.toml --set n_reps=5 --set domain.lr=[0.1,0.01]"
)]
pub struct Arguments {
    /// The research file, in TOML or JSON
    pub file: PathBuf,
    /// The name of the research, instead of that in the file
    #[arg(short, long)]
    pub name: Option<String>,
    /// How many worker processes, instead of what the file says
    #[arg(short, long, value_name = "N")]
    pub workers: Option<NonZeroU32>,
    /// The seed of everything that is drawn, instead of that in the file
    #[arg(short, long, value_name = "S")]
    pub seed: Option<u64>,
    /// Set a key of the file: workers=4, domain.lr=[0.1,0.2]; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Run everything in this process, and end with the first failure
    #[arg(long)]
    pub debug: bool,
    /// The devices that experiments are given, instead of those in the file
    #[arg(long, value_name = "D,…", value_delimiter = ',')]
    pub devices: Vec<String>,
    /// Show what would be run, and run nothing: how many experiments, and the first commands
    #[arg(long)]
    pub dry_run: bool,
    /// How to print what would be run
    #[arg(long, value_enum, default_value_t, requires = "dry_run")]
    pub format: TextOrJson,
    /// Keep the monitor's log, monitor.csv, in the research's folder
    #[arg(long)]
    pub monitor_log: bool,
    /// Whether the terminal is needed.
    #[command(flatten)]
    pub background: Background,
    /// What is shown.
    #[command(flatten)]
    pub shown: Shown,
}

/// Runs what a research file describes.
///
/// # Errors
/// The file is bad, a research of its name is there already, or it cannot be run or stored.
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
    if arguments.background.is_asked_for() {
        if !file.dump_results {
            return Err(CommandError::DetachedInMemory);
        }
        let name = Path::new(&file.name);
        return detach::start(Path::new("."), name, name);
    }
    let mut research = arguments.background.leave(file.research()?)?;
    // A file outside the directory does not belong to the project.
    let path = match std::env::current_dir() {
        Ok(current) => arguments
            .file
            .strip_prefix(current)
            .unwrap_or(&arguments.file),
        Err(_) => &arguments.file,
    };
    if path.is_relative() {
        research = research.source_file(path);
    }
    let done = lead(
        &file,
        Path::new(&file.name),
        research,
        &arguments.shown,
        out,
        Research::run,
    );
    done.map_err(|error| error.with_file(&arguments.file))
}
