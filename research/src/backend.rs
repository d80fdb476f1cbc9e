//! Creates the storage of a run: in memory, in a new folder, or in the folder of an earlier run.

use research_core::text::plural;
use research_core::{ResearchRecord, RunOptions, Storage, Timestamp};
use research_process::new_mark;
use research_storage::{LocalStorage, LockedResearch, LogWatch, MemoryStorage, StoredResearch};

use crate::changes;
use crate::cleanup;
use crate::error::ResearchError;
use crate::place::{Place, StorageBackend};
use crate::prepared::Prepared;

/// The storage of a run.
pub(crate) struct RunStorage {
    pub(crate) storage: Box<dyn Storage>,
    /// Watches the log, if it is in a folder.
    pub(crate) watch: Option<LogWatch>,
    pub(crate) kept: StorageBackend,
    pub(crate) record: ResearchRecord,
    /// The mark of the processes of the run.
    pub(crate) mark: String,
    /// Warnings about earlier runs: their processes, and incomplete writes.
    pub(crate) warnings: Vec<String>,
}

impl Prepared {
    /// Creates the folder of a new research, or opens the folder of a resumed one.
    pub(crate) fn storage(
        &self,
        locked: Option<LockedResearch>,
        options: &RunOptions,
    ) -> Result<RunStorage, ResearchError> {
        let mut warnings = Vec::new();
        let mut storage = match (&self.research.place, locked) {
            (Place::Memory, _) => {
                let record = self.record(options.clone());
                let (storage, events) = MemoryStorage::new();
                return Ok(RunStorage {
                    storage: Box::new(storage),
                    watch: None,
                    kept: StorageBackend::Memory(events),
                    record,
                    mark: new_mark(Timestamp::now().0),
                    warnings: Vec::new(),
                });
            }
            (Place::Folder(_), Some(locked)) => {
                let (mut storage, torn) = locked.open()?;
                warnings.extend(torn.map(|torn| torn.cut_off()));
                let unknown = storage.unknown_events();
                if unknown > 0 {
                    warnings.push(format!(
                        "skipped {} of the event log, which a newer version of research has \
                         written",
                        plural(unknown, "event")
                    ));
                }
                let now = self.record(options.clone());
                if let Some(record) = changes::updated(storage.record(), now) {
                    storage.set_record(record)?;
                }
                storage
            }
            (Place::Folder(base), None) => {
                LocalStorage::create(base, &self.record(options.clone()))?
            }
        };
        warnings.extend(cleanup::kill_recorded_strays(&mut storage)?);
        let storage = storage
            .with_fsync(options.fsync)
            .with_loglevel(options.loglevel);
        Ok(RunStorage {
            kept: StorageBackend::Folder(storage.folder().to_owned()),
            record: storage.record().clone(),
            mark: storage.mark(),
            watch: Some(storage.watch()),
            storage: Box::new(storage),
            warnings,
        })
    }

    /// Whether a research of this name is stored, or anything else is at the path of its record.
    pub(crate) fn exists(&self) -> bool {
        match &self.research.place {
            Place::Folder(base) => {
                let record = base.join(&self.research.name).join("research.json");
                record.symlink_metadata().is_ok()
            }
            Place::Memory => false,
        }
    }

    /// Loads the stored research.
    pub(crate) fn stored(&self) -> Result<StoredResearch, ResearchError> {
        match &self.research.place {
            Place::Folder(base) => Ok(StoredResearch::load(&base.join(&self.research.name))?),
            Place::Memory => Err(ResearchError::InMemory {
                name: self.research.name.clone(),
            }),
        }
    }
}
