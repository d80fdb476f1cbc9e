//! Whether a research's folder is whole, and what can be done where it is not.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use research_core::{
    Event, ExperimentNumber, FsyncPolicy, LargeValue, LargeValueError, LogLevel, Outcome,
    StorageError, Timestamp,
};

use super::leftovers::{Leftovers, References, unfinished, unused_values};
use super::lock::{Lock, Runner, runner};
use super::{DAMAGED, EVENTS, SALVAGED, StoredResearch, sync_folder};
use crate::log::{Checkup, LogWriter, MAGIC, walk};

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
    /// How many values have files of their own.
    pub values: u64,
    /// What is wrong with these files, each of which may hold several of them.
    pub damaged_values: Vec<LargeValueError>,
    /// What is of no use; [`StoredResearch::collect`] removes it.
    pub leftovers: Leftovers,
}

impl FolderCheckup {
    /// Whether nothing that was saved is missing or damaged. A torn end of the log was never
    /// acknowledged: it is no damage.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.record.is_none() && self.log.damaged.is_empty() && self.damaged_values.is_empty()
    }
}

/// Checks a research's folder: its record, all of its log, past any damage, and the files of
/// values. Nothing is written.
///
/// # Errors
/// The folder is no research, or something in it cannot be read at all.
pub fn check_folder(folder: &Path) -> Result<FolderCheckup, StorageError> {
    let log = folder.join(EVENTS);
    let record = match StoredResearch::load(folder) {
        Ok(_) => None,
        Err(error) if is_log(&log) => Some(error),
        Err(error) => return Err(error),
    };
    // Asked before the log is read: who begins later may write what the log does not refer to yet.
    let runner = runner(folder)?;
    let mut references = References::default();
    let checkup = walk(&log, |_, events| {
        events.iter().for_each(|event| references.see(event));
        Ok(())
    })?;
    let files: BTreeMap<PathBuf, &LargeValue> = references
        .values()
        .map(|value| (value.file(), value))
        .collect();
    let mut leftovers = unfinished(folder);
    // What was damaged may have referred to any of them.
    if runner.is_none() && checkup.damaged.is_empty() {
        unused_values(folder, &references, &mut leftovers)?;
    }
    Ok(FolderCheckup {
        runner,
        record,
        log: checkup,
        values: references.values().count() as u64,
        damaged_values: files
            .values()
            .filter_map(|value| value.check(folder).err())
            .collect(),
        leftovers,
    })
}

/// Makes a research whose log is damaged one that can be read and gone on with: all that is whole
/// in the log goes to a new one, and the damaged one stays beside it under another name, which is
/// returned. Experiments that ran where the damage is count as not ended, because values of theirs
/// may be lost: when the research is resumed, they are run again. `None` if there is nothing to salvage: the log is whole, but for its torn end.
///
/// # Errors
/// The folder is no research, a process runs it, or something cannot be read or written; then the
/// log is as it was.
pub fn salvage_folder(folder: &Path) -> Result<Option<PathBuf>, StorageError> {
    let log = folder.join(EVENTS);
    if !is_log(&log) && fs::symlink_metadata(&log).is_err() {
        StoredResearch::load(folder)?;
    }
    let _lock = Lock::take(folder)?;
    if walk(&log, |_, _| Ok(()))?.damaged.is_empty() {
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

/// Writes what is whole to a new log, at whose end the research is one that can be gone on with.
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
    let lost: u64 = checkup.damaged.iter().map(|span| span.bytes).sum();
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
        && fs::File::open(path)
            .and_then(|mut file| file.read_exact(&mut begin))
            .is_ok_and(|()| begin.iter().zip(MAGIC).filter(|(a, b)| **a == *b).count() >= 4)
}
