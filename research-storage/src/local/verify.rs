//! Checks the folder of a research, and repairs its log.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use research_core::events::LargeValueError;
use research_core::files::open_regular;
use research_core::{
    Event, ExperimentNumber, Fold, FsyncPolicy, LargeValue, LogLevel, Outcome, StorageError,
    Timestamp,
};

use super::StoredResearch;
use super::files::{DAMAGED, EVENTS, SALVAGED, sync_folder};
use super::gc::{Leftovers, References, unfinished, unfinished_without_run, unused_values};
use super::lock::{self, Lock, Runner, runner};
use crate::log::{Checkup, DamagedSpan, LogWriter, MAGIC, walk};

/// The result of checking the folder of a research.
#[derive(Debug)]
pub struct FolderCheckup {
    /// The process that runs the research, if there is one: the end of the log may then be a write
    /// in progress.
    pub runner: Option<Runner>,
    /// The error of reading `research.json`, if it is damaged.
    pub record: Option<StorageError>,
    /// The result of reading the event log.
    pub log: Checkup,
    /// The reason that the log lacks the end of its last run, if it does and no process runs the
    /// research.
    pub missing_end: Option<MissingEnd>,
    /// The numbers of experiments in table and log, if the table has more.
    pub lost_rows: Option<LostRows>,
    /// The number of values that are stored in files of their own.
    pub values: u64,
    /// The errors of these files. Equal values share a file.
    pub damaged_values: Vec<LargeValueError>,
    /// Files that killed processes were writing; [`StoredResearch::collect`] removes them.
    pub leftovers: Leftovers,
    /// Files of values to which the log does not refer; [`StoredResearch::collect_values`] removes
    /// them. Empty if the log is damaged.
    pub unused_values: Leftovers,
}

/// The reason that a log lacks the end of its last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingEnd {
    /// The run was killed or could not write its end: its lock file is still there.
    Killed,
    /// There is no lock file: the run ended and the log has lost its end, or the machine crashed
    /// during the run.
    Lost,
}

/// A table that has more experiments than the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostRows {
    /// The number of experiments in the table.
    pub table: u64,
    /// The number of experiments in the log.
    pub log: u64,
}

impl FolderCheckup {
    /// Whether no saved data is missing or damaged. A write in progress may look like a torn tail.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.record.is_none() && self.is_log_whole() && self.damaged_values.is_empty()
    }

    /// Whether no event of the log is missing. A killed run is not damage: all events that it had
    /// committed are in the log.
    #[must_use]
    pub fn is_log_whole(&self) -> bool {
        self.log.damaged.is_empty()
            && (self.log.torn.is_none() || self.runner.is_some())
            && self.missing_end != Some(MissingEnd::Lost)
            && self.lost_rows.is_none()
    }

    /// Returns the offset of the first damage in the log, or the end of the log.
    pub(super) fn end_of_whole(&self) -> u64 {
        let damaged = self.log.damaged.first().map(|span| span.offset);
        let torn = self.log.torn.map(|torn| torn.offset);
        damaged.or(torn).unwrap_or(self.log.end)
    }
}

/// Checks the folder of a research: its record, its log (to the end, past any damage) and the files
/// of values. Writes nothing.
///
/// # Errors
/// The folder is not a research, or a file in it cannot be read at all.
pub fn check_folder(folder: &Path) -> Result<FolderCheckup, StorageError> {
    // Before the log is read: a run that begins later may write values to which the log does not
    // refer yet.
    let runner = runner(folder)?;
    check(folder, runner, lock::is_there(folder))
}

/// Checks a folder for a caller that knows the running process, and whether a run was killed.
pub(super) fn check(
    folder: &Path,
    runner: Option<Runner>,
    was_killed: bool,
) -> Result<FolderCheckup, StorageError> {
    let log = folder.join(EVENTS);
    let record = match StoredResearch::load(folder) {
        Ok(_) => None,
        Err(error) if is_log(&log) => Some(error),
        Err(error) => return Err(error),
    };
    let mut references = References::default();
    let mut runs = Runs::default();
    let checkup = walk_begun(&log, |_, events| {
        for event in &events {
            references.apply(event);
            runs.apply(event);
        }
        Ok(())
    })?;
    let files: BTreeMap<PathBuf, &LargeValue> = references
        .values()
        .map(|value| (value.file(), value))
        .collect();
    let is_run = runner.is_some();
    let mut found = FolderCheckup {
        runner,
        record,
        log: checkup,
        missing_end: (runs.is_open && !is_run).then_some(match was_killed {
            true => MissingEnd::Killed,
            false => MissingEnd::Lost,
        }),
        lost_rows: runs.lost_rows(folder),
        values: references.values().count() as u64,
        damaged_values: files
            .values()
            .filter_map(|value| value.check(folder).err())
            .collect(),
        leftovers: match is_run {
            true => unfinished(folder),
            false => unfinished_without_run(folder),
        },
        unused_values: Leftovers::default(),
    };
    // A damaged event may have referred to any of these files.
    if !is_run && found.is_log_whole() {
        found.unused_values = unused_values(folder, &references)?;
    }
    Ok(found)
}

/// Visits the log of a folder. The folder of a research never has a log without a header, so a log
/// that is shorter than its header counts as damaged, not as torn, as in
/// [`StoredResearch::events`].
fn walk_begun(
    log: &Path,
    visit: impl FnMut(bool, Vec<Event>) -> Result<(), StorageError>,
) -> Result<Checkup, StorageError> {
    let mut checkup = walk(log, visit)?;
    if checkup.end == 0 && checkup.damaged.is_empty() {
        checkup.damaged.push(DamagedSpan {
            offset: 0,
            bytes: checkup.torn.take().map_or(0, |torn| torn.bytes),
            displaced: 0,
        });
    }
    Ok(checkup)
}

/// The runs and experiments of a log: a fold of its events.
#[derive(Default)]
pub(super) struct Runs {
    /// Whether the last run has begun and not ended.
    pub(super) is_open: bool,
    experiments: HashSet<ExperimentNumber>,
}

impl Fold for Runs {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { .. } => self.is_open = true,
            Event::RunEnded { .. } => self.is_open = false,
            Event::ExperimentStarted { experiment, .. } => {
                self.experiments.insert(*experiment);
            }
            _ => {}
        }
    }
}

impl Runs {
    /// Compares the table of experiments with the log. The table is written when a run ends, and no
    /// experiment is ever removed from the log, so a table with more experiments shows that events
    /// were lost.
    #[cfg(feature = "parquet")]
    pub(super) fn lost_rows(&self, folder: &Path) -> Option<LostRows> {
        use std::os::unix::fs::MetadataExt;
        let log = self.experiments.len() as u64;
        let (table, written) = super::table_rows::table_of_experiments(folder)?;
        // If the log was repaired after the table was written, the user knows of the loss.
        let is_known = super::gc::kept_damaged_logs(folder).iter().any(|kept| {
            let kept = kept.symlink_metadata();
            kept.is_ok_and(|kept| (kept.ctime(), kept.ctime_nsec()) >= written)
        });
        if is_known {
            return None;
        }
        (table > log).then_some(LostRows { table, log })
    }

    #[cfg(not(feature = "parquet"))]
    pub(super) fn lost_rows(&self, _: &Path) -> Option<LostRows> {
        None
    }
}

/// Repairs a research with a damaged log, so that it can be read and resumed. Copies all intact
/// frames of the log to a new log, keeps the damaged one under another name, and returns that path.
/// Experiments that were running where the log is damaged count as not ended, because some of their
/// values may be lost: resuming runs them again. Returns `None` if the log is undamaged; a killed
/// run is not damage.
///
/// # Errors
/// The folder is not a research, a process runs it, or a file cannot be read or written; the log is
/// then unchanged.
pub fn salvage_folder(folder: &Path) -> Result<Option<PathBuf>, StorageError> {
    let log = folder.join(EVENTS);
    if !is_log(&log) && fs::symlink_metadata(&log).is_err() {
        StoredResearch::load(folder)?;
    }
    let _lock = Lock::take(folder)?;
    if walk_begun(&log, |_, _| Ok(()))?.is_whole() {
        return Ok(None);
    }
    let new = folder.join(SALVAGED);
    // An earlier repair that was killed may have left this file.
    fs::remove_file(&new).ok();
    salvage(&log, &new)?;
    let kept = unused_name(folder);
    // Link first instead of renaming, so that a log exists at every moment.
    fs::hard_link(&log, &kept).map_err(StorageError::io("keep the damaged log as", &kept))?;
    fs::rename(&new, &log).map_err(StorageError::io("replace", &log))?;
    sync_folder(folder)?;
    Ok(Some(kept))
}

/// Copies intact frames to a new log, and appends the end of an interrupted run.
fn salvage(log: &Path, new: &Path) -> Result<(), StorageError> {
    let mut writer = LogWriter::create(new, FsyncPolicy::Experiment)?;
    let mut suspects = Suspects::default();
    let checkup = walk(log, |after_damage, mut events| {
        if after_damage {
            suspects.see_damage();
        }
        events.retain(|event| suspects.keep(event));
        writer.append(&events)?;
        // Commit each frame on its own: later damage to a larger frame would lose more events.
        writer.commit(false)
    })?;
    let damaged = checkup.damaged.iter().map(|span| span.bytes);
    let lost: u64 = damaged.chain(checkup.torn.map(|torn| torn.bytes)).sum();
    let at = Timestamp::now();
    writer.append(&[
        Event::Message {
            at,
            experiment: None,
            level: LogLevel::Warning,
            text: format!("the log was salvaged: {lost} bytes of it were damaged"),
        },
        Event::RunEnded {
            at,
            outcome: Outcome::Interrupted,
        },
    ])?;
    writer.commit(true)
}

/// The experiments that were running where the log is damaged, and may have lost values.
#[derive(Default)]
struct Suspects {
    running: HashSet<ExperimentNumber>,
    suspects: HashSet<ExperimentNumber>,
}

impl Suspects {
    fn see_damage(&mut self) {
        self.suspects.extend(self.running.drain());
    }

    /// Whether to copy the event: the end of a suspect is dropped.
    fn keep(&mut self, event: &Event) -> bool {
        match event {
            Event::ExperimentStarted { experiment, .. } => {
                self.suspects.remove(experiment);
                self.running.insert(*experiment);
                true
            }
            Event::ExperimentEnded { experiment, .. } => {
                self.running.remove(experiment);
                !self.suspects.remove(experiment)
            }
            _ => true,
        }
    }
}

fn unused_name(folder: &Path) -> PathBuf {
    let names = (1_u64..).map(|number| match number {
        1 => folder.join(format!("{DAMAGED}.log")),
        _ => folder.join(format!("{DAMAGED}-{number}.log")),
    });
    names
        .into_iter()
        .find(|path| path.symlink_metadata().is_err())
        .unwrap_or_else(|| folder.join(format!("{DAMAGED}.log")))
}

/// Whether a file begins like a log, at least in part: a log with damaged first bytes is a damaged
/// log, not another kind of file.
fn is_log(path: &Path) -> bool {
    use std::io::Read;
    let mut begin = [0; MAGIC.len()];
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
        && open_regular(path)
            .and_then(|mut file| file.read_exact(&mut begin))
            .is_ok_and(|()| begin.iter().zip(MAGIC).filter(|(a, b)| **a == *b).count() >= 4)
}
