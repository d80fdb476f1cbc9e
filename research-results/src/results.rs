//! Results: the values that experiments have saved, and how they ended.

mod experiment;
mod names;
mod outline;
mod series;
mod typed;
mod values;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use research_core::events::LargeValueError;
use research_core::{Event, ExperimentNumber, Fold};
use research_domain::ConfigPool;

use crate::options::TableOptions;
use crate::runs::Runs;

pub use experiment::ExperimentResult;
pub(crate) use experiment::parameters;
pub(crate) use names::Names;
pub use outline::MixedColumns;
use outline::Outline;
pub(crate) use outline::insert_names;
pub use series::Series;
pub(crate) use values::span;

/// The values that a research's experiments have saved so far: a fold of its events.
///
/// Events may come from a log that is still written; each one takes effect when it is applied.
/// Values stay in columns, so a number takes eight bytes.
///
/// ```
/// use research_core::domain::{Config, Identity};
/// use research_core::{
///     Column, Event, ExperimentNumber, ExperimentRecord, Iterations, Timestamp, WorkerNumber,
/// };
/// use research_results::Results;
///
/// # let config = Config::from_pairs([("lr", 0.1)]);
/// # let id = research_core::domain::ExperimentId::parse("5bd1e99500000000").unwrap();
/// # let record = ExperimentRecord { id, place: 0, config, repetition: 0, updates: 0, seed: 0 };
/// let mut results = Results::new();
/// results.apply(&Event::ExperimentStarted {
///     at: Timestamp::now(),
///     experiment: ExperimentNumber(0),
///     attempt: 1,
///     worker: WorkerNumber(0),
///     pid: 1,
///     record: Box::new(record),
///     epoch: 0,
///     added: Config::new(),
/// });
/// results.apply(&Event::Values {
///     experiment: ExperimentNumber(0),
///     variable: "loss".into(),
///     iterations: Iterations::Run { first: 0, count: 2 },
///     column: Column::Float(vec![0.5, 0.25]),
/// });
/// let table = results.table().unwrap();
/// assert_eq!(
///     table,
///     "\
/// id                 lr  iteration  loss
/// ────────────────  ───  ─────────  ────
/// 5bd1e99500000000  0.1          0   0.5
/// 5bd1e99500000000  0.1          1  0.25
/// "
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Results {
    experiments: Vec<ExperimentResult>,
    /// The position of each experiment in the list.
    positions: HashMap<ExperimentNumber, usize>,
    /// The positions in the order of tables.
    order: BTreeMap<(u64, ExperimentNumber), usize>,
    /// The names of variables, shared by all experiments, because each decoded event has its own
    /// copy.
    names: Names,
    /// Parameters and their values, shared for the same reason.
    configs: ConfigPool,
    /// The selection of what is kept; `None` for everything.
    wanted: Option<Box<TableOptions>>,
    /// The experiments that are accepted; `None` for all.
    part: Option<HashMap<ExperimentNumber, PlaceInLog>>,
    runs: Runs,
    /// The iterations whose values are kept; `None` for all.
    range: Option<Range<u64>>,
    /// Whether the iterations of other values are kept, with meaningless values.
    keeps_iterations: bool,
    /// The outline of values that are not kept, if none are.
    outline: Option<Box<Outline>>,
}

/// The facts about an experiment that a part of a log lacks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaceInLog {
    /// The index of the experiment in the domain.
    pub(crate) place: u64,
    /// The index of the origin of its latest attempt among the runs.
    pub(crate) origin: u32,
}

impl Fold for Results {
    fn apply(&mut self, event: &Event) {
        Self::apply(self, event);
    }
}

impl Results {
    /// Creates results without experiments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates results that keep only the values that a table or a summary with these options
    /// shows: those of the experiments, variables and iterations that pass the filters. They
    /// discard other values at once, so these take no memory, but keep all experiments.
    ///
    /// ```
    /// use research_results::{Results, TableOptions};
    ///
    /// let options = TableOptions::new().variables(["loss"]).iterations([99]);
    /// let results = Results::for_table(&options);
    /// # let events: Vec<research_core::Event> = Vec::new();
    /// # let mut results = results;
    /// results.extend(&events);
    /// println!("{}", results.to_table(&options).unwrap());
    /// ```
    #[must_use]
    pub fn for_table(options: &TableOptions) -> Self {
        Self {
            wanted: Some(Box::new(options.clone())),
            ..Self::default()
        }
    }

    /// Applies one event.
    ///
    /// An experiment that starts again loses the values, the exceptions and the end of its earlier
    /// attempts. Events of an experiment that never started, and the end of an attempt that is not
    /// the current one, are ignored.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { .. } | Event::WorkerStarted { .. } if self.part.is_none() => {
                self.runs.apply(event);
            }
            Event::ExperimentStarted { .. } => self.start(event),
            Event::Values {
                experiment,
                variable,
                iterations,
                column,
            } => {
                self.save(*experiment, variable, iterations, column);
            }
            Event::Progress {
                experiment,
                iterations,
                ..
            } => {
                if let Some(experiment) = self.find(*experiment) {
                    experiment.iterations = experiment.iterations.max(*iterations);
                }
            }
            Event::Exception {
                experiment,
                exception,
                ..
            } => {
                let is_kept = self.outline.is_none() && self.range.is_none();
                if let Some(experiment) = self.find(*experiment).filter(|_| is_kept) {
                    experiment.exceptions.push((**exception).clone());
                }
            }
            Event::ExperimentEnded { experiment, .. } => {
                if let Some(experiment) = self.find(*experiment) {
                    experiment.end(event);
                }
            }
            Event::Moved { experiment, place } => self.move_to(*experiment, *place),
            Event::LargeValue {
                experiment,
                variable,
                iteration,
                value,
            } => self.save_large(*experiment, variable, *iteration, value),
            Event::Device { experiment, device } => {
                if let Some(experiment) = self.find(*experiment) {
                    experiment.device = Some(Box::new(device.clone()));
                }
            }
            _ => {}
        }
    }

    /// Returns the experiments in the order of the domain, whatever started or ended first; those
    /// of one index by their numbers.
    pub fn experiments(&self) -> impl Iterator<Item = &ExperimentResult> {
        self.order
            .values()
            .map(|&position| &self.experiments[position])
    }

    /// Returns the experiment with a number.
    #[must_use]
    pub fn experiment(&self, number: ExperimentNumber) -> Option<&ExperimentResult> {
        let position = self.positions.get(&number)?;
        Some(&self.experiments[*position])
    }

    /// Returns the position of an experiment, for [`at`](Self::at).
    #[cfg(feature = "query")]
    pub(crate) fn position(&self, number: ExperimentNumber) -> Option<usize> {
        self.positions.get(&number).copied()
    }

    /// Returns the experiment at a position.
    #[cfg(feature = "query")]
    pub(crate) fn at(&self, position: usize) -> Option<&ExperimentResult> {
        self.experiments.get(position)
    }

    /// Returns the number of experiments that have started.
    #[must_use]
    pub fn len(&self) -> usize {
        self.experiments.len()
    }

    /// Whether no experiment has started.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.experiments.is_empty()
    }

    /// Reads large values from their files in `research`, the research's folder. They replace the
    /// maps that refer to them, so all of them are in memory afterwards.
    ///
    /// # Errors
    /// A file is missing or damaged; the error names it.
    pub fn read_large(&mut self, research: &Path) -> Result<(), LargeValueError> {
        let mut experiments = self.experiments.iter_mut();
        experiments.try_for_each(|experiment| experiment.read_large(research))
    }

    /// Creates results that accept only these experiments, at these indexes in the domain.
    pub(crate) fn of_part(part: HashMap<ExperimentNumber, PlaceInLog>, runs: &Runs) -> Self {
        Self {
            part: Some(part),
            runs: runs.clone(),
            ..Self::default()
        }
    }

    /// Keeps only the values of these iterations, and no exceptions.
    pub(crate) fn in_range(mut self, iterations: Range<u64>) -> Self {
        self.range = Some(iterations);
        self
    }

    /// Keeps only the values that a table with these options shows.
    pub(crate) fn with_values_for(mut self, options: &TableOptions) -> Self {
        self.wanted = Some(Box::new(options.clone()));
        self.keeps_iterations = options.keeps_iterations();
        self
    }

    /// Returns the index of an accepted experiment in the domain; `None` for others.
    fn place_of(&self, number: ExperimentNumber, told: u64) -> Option<u64> {
        match &self.part {
            Some(part) => part.get(&number).map(|one| one.place),
            None => Some(told),
        }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    fn start(&mut self, event: &Event) {
        let Event::ExperimentStarted {
            experiment, record, ..
        } = event
        else {
            return;
        };
        let Some(place) = self.place_of(*experiment, record.place) else {
            return;
        };
        let Some(mut started) = ExperimentResult::of_start(event, &mut self.configs) else {
            return;
        };
        started.record.place = place;
        let part = self.part.as_ref().and_then(|part| part.get(experiment));
        let origin = part.map_or_else(|| self.runs.index(started.worker), |one| one.origin);
        if let Some(origin) = self.runs.origin(origin) {
            started.run = Some(origin.run);
            started.host.clone_from(&origin.host);
        }
        let wanted = self.wanted.as_deref();
        started.keeps_values = wanted.is_none_or(|options| options.admits(&started.record));
        if let Some(outline) = &mut self.outline {
            outline.start(started.number);
        }
        let number = started.number;
        let place = (started.record.place, number);
        let position = match self.positions.get(&number) {
            Some(&position) => {
                let earlier = &mut self.experiments[position];
                self.order.remove(&(earlier.record.place, number));
                *earlier = started;
                position
            }
            None => {
                self.experiments.push(started);
                self.experiments.len() - 1
            }
        };
        self.positions.insert(number, position);
        self.order.insert(place, position);
    }

    fn move_to(&mut self, number: ExperimentNumber, place: u64) {
        let Some(place) = self.place_of(number, place) else {
            return;
        };
        if let Some(&position) = self.positions.get(&number) {
            let record = &mut self.experiments[position].record;
            self.order.remove(&(record.place, number));
            record.place = place;
            self.order.insert((place, number), position);
        }
    }

    fn find(&mut self, number: ExperimentNumber) -> Option<&mut ExperimentResult> {
        let position = self.positions.get(&number)?;
        Some(&mut self.experiments[*position])
    }
}

impl<'a> Extend<&'a Event> for Results {
    fn extend<I: IntoIterator<Item = &'a Event>>(&mut self, events: I) {
        events.into_iter().for_each(|event| self.apply(event));
    }
}

impl<'a> FromIterator<&'a Event> for Results {
    fn from_iter<I: IntoIterator<Item = &'a Event>>(events: I) -> Self {
        let mut results = Self::new();
        results.extend(events);
        results
    }
}
