//! The context of a unit that runs.

mod branch;
mod evaluate;
mod executor;
mod root;
mod values;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use research_domain::{Config, Value};

use crate::argument::FromArgument;
use crate::deadline::Deadline;
use crate::event::{Event, ExperimentNumber, ExperimentRecord};
use crate::expression::{Expression, ExpressionError, ec, o};
use crate::folder::create_experiment_folder;
use crate::log_level::LogLevel;
use crate::output::{Object, Output};
use crate::root_scope::RootPart;
use crate::traits::OutputSink;
use crate::unit_table::UnitTable;
use crate::values::pending::{Columns, Saved};
use crate::view::ResearchView;

pub use branch::BranchPosition;
pub use executor::ExecutorContext;

/// The auxiliary key with the experiment's device: a name, a list of names, or nothing.
const DEVICE: &str = "device";

/// The state of one running experiment: its config, the iteration, and the outputs and saved values
/// of its units.
///
/// ```
/// use research_core::{Context, Experiment};
///
/// let experiment = Experiment::builder()
///     .unit("loss", |cx: &mut Context| {
///         let rate: f64 = cx.config_item("rate")?;
///         cx.save("rate_squared", rate * rate)?;
///         Ok(1.0 / (1.0 + rate * cx.iteration() as f64))
///     })
///     .save_to("loss")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
pub struct Context {
    units: UnitTable,
    /// The research of the experiment, if it belongs to one.
    view: Option<Arc<dyn ResearchView>>,
    number: ExperimentNumber,
    record: Arc<ExperimentRecord>,
    full_config: Config,
    experiments_folder: Option<PathBuf>,
    folder: Option<PathBuf>,
    folder_was_made: AtomicBool,
    /// Made from the seed when it is first needed.
    random: Option<Box<ChaCha8Rng>>,
    branch: Arc<BranchPosition>,
    /// The number of iterations, if it is known.
    n_iters: Option<u64>,
    iteration: u64,
    /// Whether the experiment ends with this iteration.
    is_stopping: bool,
    outputs: Vec<Option<Output>>,
    saved: Saved,
    /// The reason that a saved value could not be stored, if one could not.
    unstored: Option<String>,
    /// Messages to be sent.
    messages: Vec<Event>,
    loglevel: LogLevel,
    /// The sink for the output of programs, if it is kept.
    output: Option<Arc<dyn OutputSink>>,
    /// All branches, while a root unit runs that reads them.
    branches: Option<Object>,
    deadline: Option<Deadline>,
    visible_devices: Option<Arc<str>>,
    mark: Option<Arc<str>>,
    /// Additional variables for the environment of programs.
    variables: Option<Arc<[(String, OsString)]>>,
    /// The state that root units see, if they see less than the experiment's own.
    root: Option<Box<RootPart>>,
}

impl Context {
    fn new(
        units: UnitTable,
        view: Option<Arc<dyn ResearchView>>,
        number: ExperimentNumber,
        record: Arc<ExperimentRecord>,
        experiments_folder: Option<PathBuf>,
        saved: Columns,
    ) -> Self {
        let folder = experiments_folder.as_deref();
        let folder = folder.map(|folder| folder.join(record.id.as_ref() as &str));
        let mut full_config = record.full_config();
        if !full_config.contains(DEVICE) {
            full_config.insert(DEVICE, Value::Null);
        }
        Self {
            view,
            number,
            full_config,
            experiments_folder,
            folder,
            folder_was_made: AtomicBool::new(false),
            random: None,
            branch: Arc::default(),
            n_iters: None,
            iteration: 0,
            is_stopping: false,
            outputs: vec![None; units.len()],
            saved: Saved::Own(saved),
            unstored: None,
            messages: Vec::new(),
            loglevel: LogLevel::Info,
            output: None,
            branches: None,
            deadline: None,
            visible_devices: None,
            mark: None,
            variables: None,
            root: None,
            record,
            units,
        }
    }

    /// Returns the devices that programs see, for `CUDA_VISIBLE_DEVICES`; `None` for those of this
    /// process.
    #[must_use]
    pub fn visible_devices(&self) -> Option<&str> {
        self.visible_devices.as_deref()
    }

    /// Returns additional variables for the environment of programs.
    #[must_use]
    pub fn variables(&self) -> &[(String, OsString)] {
        self.variables.as_deref().unwrap_or_default()
    }

    /// Returns the mark of programs that units start, if it differs from that of this process.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.mark.as_deref()
    }

    /// Returns the record of the experiment: id, config, repetition, seed.
    #[must_use]
    pub fn record(&self) -> &ExperimentRecord {
        &self.record
    }

    /// Returns the number of the experiment in the log.
    #[must_use]
    pub fn number(&self) -> ExperimentNumber {
        self.number
    }

    /// Returns the config, without auxiliary keys.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.record.config
    }

    /// Returns the config with its auxiliary keys.
    #[must_use]
    pub fn full_config(&self) -> &Config {
        &self.full_config
    }

    /// Returns one item of the config.
    ///
    /// # Errors
    /// The config has no such key, or the item has another type.
    pub fn config_item<T: FromArgument>(&self, key: &str) -> Result<T, ExpressionError> {
        self.read(&ec(key))
    }

    /// Returns the current value of an expression: `cx.read(&ec_all(false))`, `cx.read(&r())`.
    ///
    /// ```
    /// use research_core::{Context, Experiment, ec};
    ///
    /// Experiment::builder()
    ///     .unit("half", |cx: &mut Context| {
    ///         let half: f64 = cx.read(&(ec("x") / 2))?;
    ///         Ok(half)
    ///     })
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// The expression has no value, or a value of another type.
    pub fn read<T: FromArgument>(&self, expression: &Expression) -> Result<T, ExpressionError> {
        T::from_argument(expression.evaluate(self)?, expression)
    }

    /// Returns the latest output of a unit. An `Option` is `None` if the unit has no output yet.
    ///
    /// ```
    /// use research_core::{Context, Experiment};
    ///
    /// Experiment::builder()
    ///     .callable("first", || 1, ())
    ///     .unit("second", |cx: &mut Context| {
    ///         let first: i64 = cx.output("first")?;
    ///         Ok(first + 1)
    ///     })
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// The unit is unknown, has not run yet, or its output has another type.
    pub fn output<T: FromArgument>(&self, unit: &str) -> Result<T, ExpressionError> {
        self.read(&o(unit))
    }

    /// Returns the iteration, from 0.
    #[must_use]
    pub fn iteration(&self) -> u64 {
        self.iteration
    }

    /// Returns the experiment's own random generator. It depends on the seed of the research and on
    /// the experiment's record, never on the worker or on what ran before.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        let seed = self.record.seed;
        self.random
            .get_or_insert_with(|| Box::new(ChaCha8Rng::seed_from_u64(seed)))
    }

    /// Returns the path of the experiment's folder, whether or not it exists; `None` if the
    /// research is kept in memory.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Returns the experiment's folder, which the first call creates. If the folder is empty at the
    /// experiment's end, it is removed.
    ///
    /// # Errors
    /// The research is kept in memory, or the folder cannot be created.
    pub fn path(&self) -> std::io::Result<&Path> {
        let folder = self.folder.as_deref().ok_or_else(|| {
            std::io::Error::other("this research is kept in memory: give it a folder to have paths")
        })?;
        create_experiment_folder(folder)?;
        self.folder_was_made.store(true, Ordering::Relaxed);
        Ok(folder)
    }

    /// Returns the deadline of the current call, if there is a timeout: that of its unit or of the
    /// experiment, whichever comes first.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Returns the names of the experiment's units, in order.
    pub fn unit_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.units.names()
    }

    /// Returns the latest output of the unit with this name, if it has run.
    #[must_use]
    pub fn latest_output(&self, unit: &str) -> Option<&Output> {
        self.outputs[self.units.position(unit)?].as_ref()
    }
}
