//! Whether a research's folder is whole, and what can be done where it is not.

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

/// What was found in a research's folder.
#[derive(Debug)]
pub struct FolderCheckup {
    /// The process that runs the research, if one does: then the end of the log may be a write
    /// that is under way.
    pub runner: Option<Runner>,
    /// What is wrong with `research.json`, if anything is.
    pub record: Option<StorageError>,
    /// What the event log holds.
    pub log: Checkup,
    /// Why the log lacks the end of its last run, if it does although no process runs the research.
    pub missing_end: Option<MissingEnd>,
    /// What the table of experiments has that the log lacks, if that is so.
    pub lost_rows: Option<LostRows>,
    /// How many values have files of their own.
    pub values: u64,
    /// What is wrong with these files, each of which may hold several of them.
    pub damaged_values: Vec<LargeValueError>,
    /// Files that a process was writing when it was killed; [`StoredResearch::collect`] removes
    /// them.
    pub leftovers: Leftovers,
    /// Files of values to which the log does not refer; [`StoredResearch::collect_values`] removes
    /// them. None are named where the log is not whole.
    pub unused_values: Leftovers,
}

/// Why a log lacks the end of its last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingEnd {
    /// The run was killed or could not write its end: it has left its lock.
    Killed,
    /// There is no lock: the run ended, and the log has lost its end; or the machine went down
    /// with the run.
    Lost,
}

/// A table that has more rows than the log gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostRows {
    /// How many experiments the table has.
    pub table: u64,
    /// How many the log has.
    pub log: u64,
}

impl FolderCheckup {
    /// Whether nothing that was saved is missing or damaged. What a process is writing just now may
    /// look torn.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.record.is_none() && self.is_log_whole() && self.damaged_values.is_empty()
    }

    /// Whether nothing is missing of the log. A killed run is not damage: what it had
    /// committed is there.
    #[must_use]
    pub fn is_log_whole(&self) -> bool {
        self.log.damaged.is_empty()
            && (self.log.torn.is_none() || self.runner.is_some())
            && self.missing_end != Some(MissingEnd::Lost)
            && self.lost_rows.is_none()
    }

    /// Where in the log the first damage is, or its end.
    pub(super) fn end_of_whole(&self) -> u64 {
        let damaged = self.log.damaged.first().map(|span| span.offset);
        let torn = self.log.torn.map(|torn| torn.offset);
        damaged.or(torn).unwrap_or(self.log.end)
    }
}

/// Checks a research's folder: its record, all of its log, past any damage, and the files of
/// values. Nothing is written.
///
/// # Errors
/// The folder is not a research, or something in it cannot be read at all.
pub fn check_folder(folder: &Path) -> Result<FolderCheckup, StorageError> {
    // Asked before the log is read: who begins later may write what the log does not refer to yet.
    let runner = runner(folder)?;
    check(folder, runner, lock::is_there(folder))
}

/// The same where it is known who runs the research, and whether a run of it was killed.
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
    // What was damaged may have referred to any of them.
    if !is_run && found.is_log_whole() {
        found.unused_values = unused_values(folder, &references)?;
    }
    Ok(found)
}

/// Visits the log of a folder. A folder never has a log without a header, so a log that is empty or
/// shorter than its header is damaged, as [`StoredResearch::events`] says, not torn.
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

/// Which runs a log has: a fold of its events.
#[derive(Default)]
pub(super) struct Runs {
    /// Whether the last one has begun, and not ended.
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
    /// The tables are written when a run ends, and no experiment ever leaves the log.
    #[cfg(feature = "parquet")]
    pub(super) fn lost_rows(&self, folder: &Path) -> Option<LostRows> {
        use std::os::unix::fs::MetadataExt;
        let log = self.experiments.len() as u64;
        let (table, written) = super::table_rows::table_of_experiments(folder)?;
        // What a log has lost that was salvaged since is known.
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

/// Repairs a research whose log is damaged, so that it can be read and resumed: all whole frames of
/// the log are copied to a new one, and the damaged one stays beside it under another name, which
/// is returned. Experiments that ran where the damage is count as not ended, because some of their
/// values may be lost: a resume runs them again. `None` if there is nothing to salvage: the log is
/// whole, or as whole as a run that was killed leaves it.
///
/// # Errors
/// The folder is not a research, a process runs it, or something cannot be read or written; then
/// the log is as it was.
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
    // What an earlier attempt has left that was killed.
    fs::remove_file(&new).ok();
    salvage(&log, &new)?;
    let kept = unused_name(folder);
    // A second name first, so that the log is there at every moment.
    fs::hard_link(&log, &kept).map_err(StorageError::io("keep the damaged log as", &kept))?;
    fs::rename(&new, &log).map_err(StorageError::io("replace", &log))?;
    sync_folder(folder)?;
    Ok(Some(kept))
}

/// Copies whole frames to a new log, and appends the end of an interrupted run.
fn salvage(log: &Path, new: &Path) -> Result<(), StorageError> {
    let mut writer = LogWriter::create(new, FsyncPolicy::Experiment)?;
    let mut suspects = Suspects::default();
    let checkup = walk(log, |after_damage, mut events| {
        if after_damage {
            suspects.see_damage();
        }
        events.retain(|event| suspects.keep(event));
        writer.append(&events)?;
        // In frames as they were: one that is damaged next costs no more than before.
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

/// The experiments that ran where there is damage, which may have lost values.
#[derive(Default)]
struct Suspects {
    running: HashSet<ExperimentNumber>,
    suspects: HashSet<ExperimentNumber>,
}

impl Suspects {
    fn see_damage(&mut self) {
        self.suspects.extend(self.running.drain());
    }

    /// Whether the event still holds: the end of a suspect does not.
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

/// Whether it begins as a log does, at least in part: a damaged beginning is damage, not another
/// kind of file.
fn is_log(path: &Path) -> bool {
    use std::io::Read;
    let mut begin = [0; MAGIC.len()];
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
        && open_regular(path)
            .and_then(|mut file| file.read_exact(&mut begin))
            .is_ok_and(|()| begin.iter().zip(MAGIC).filter(|(a, b)| **a == *b).count() >= 4)
}
