//! Logs that another process removes or changes during a run.

use std::fs;
use std::path::Path;

use research_core::{Storage, StorageError};
use research_storage::{LocalStorage, LogReader};

use crate::common::{record, small_run};

/// The expected word in the error, the damage that another process does to the folder of a running
/// research, and the path of the saved log.
type Harm = (&'static str, fn(&Path), &'static str);

const HARMS: [Harm; 8] = [
    (
        "deleted",
        |folder| fs::remove_file(folder.join("events.log")).unwrap(),
        "power",
    ),
    (
        "deleted",
        |folder| {
            for file in ["events.log", "research.json", "research.txt"] {
                fs::remove_file(folder.join(file)).unwrap();
            }
        },
        "power",
    ),
    (
        "removed with its folder",
        |folder| fs::remove_dir_all(folder).unwrap(),
        "power-recovered",
    ),
    (
        "moved",
        |folder| fs::rename(folder, folder.with_file_name("moved")).unwrap(),
        "moved",
    ),
    (
        "replaced",
        |folder| {
            let log = folder.join("events.log");
            fs::copy(&log, folder.join("other")).unwrap();
            fs::rename(folder.join("other"), &log).unwrap();
        },
        "events.recovered.log",
    ),
    (
        "changed from",
        |folder| {
            fs::File::create(folder.join("events.log")).unwrap();
        },
        "",
    ),
    (
        "changed from",
        |folder| fs::write(folder.join("events.log"), [0; 5000]).unwrap(),
        "",
    ),
    (
        "overwritten",
        |folder| {
            let log = folder.join("events.log");
            let len = fs::metadata(&log).unwrap().len();
            fs::write(&log, vec![7; usize::try_from(len).unwrap()]).unwrap();
        },
        "",
    ),
];

#[test]
fn a_log_that_is_lost_while_it_is_written_is_an_error_and_what_can_be_is_saved() {
    let batches = small_run();
    for (what, harm, saved) in HARMS {
        let base = tempfile::tempdir().unwrap();
        let mut storage = LocalStorage::create(base.path(), &record("power")).unwrap();
        let folder = storage.folder().to_owned();
        storage.append(&batches[1]).unwrap();
        storage.commit(true).unwrap();
        let written = fs::read(folder.join("research.json")).unwrap();
        harm(&folder);
        storage.append(&batches[2]).unwrap();
        let error = storage.commit(true).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StorageError::LogLost { .. }), "{text}");
        assert!(
            text.contains(what) && text.contains(saved),
            "{what}: {text}"
        );
        drop(storage);
        let log = match saved {
            "" => continue,
            "events.recovered.log" => folder.join(saved),
            name => {
                let saved = base.path().join(name);
                drop(LocalStorage::open(&saved).unwrap());
                assert_eq!(fs::read(saved.join("research.json")).unwrap(), written);
                saved.join("events.log")
            }
        };
        let events: Vec<_> = LogReader::open(&log)
            .unwrap()
            .flat_map(Result::unwrap)
            .collect();
        // Events after the loss of the folder are not saved, because experiments may have failed
        // for this reason.
        let saved = if ["deleted", "replaced"].contains(&what) {
            2
        } else {
            1
        };
        assert_eq!(events, batches[1..=saved].concat(), "{what}");
        // The name is unused only if the folder is gone.
        assert_eq!(
            folder.exists(),
            !["removed with its folder", "moved"].contains(&what)
        );
    }
}

/// The log is checked until the results are reported, which is after the last event was written.
#[test]
fn a_log_that_is_lost_after_it_was_written_is_an_error_and_what_can_be_is_saved() {
    let batches = small_run();
    let write = |base: &Path| {
        let mut storage = LocalStorage::create(base, &record("power")).unwrap();
        storage.append(&batches[1]).unwrap();
        storage.commit(true).unwrap();
        let folder = storage.folder().to_owned();
        (folder, storage.watch())
    };
    for (what, harm, saved) in HARMS {
        let base = tempfile::tempdir().unwrap();
        let (folder, watch) = write(base.path());
        let again = LocalStorage::open(&folder);
        assert!(
            matches!(again, Err(StorageError::Locked { .. })),
            "{again:?}"
        );
        harm(&folder);
        let error = watch.finish().unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StorageError::LogLost { .. }), "{text}");
        assert!(
            text.contains(what) && text.contains(saved),
            "{what}: {text}"
        );
    }
    let base = tempfile::tempdir().unwrap();
    let (folder, watch) = write(base.path());
    // A deleted record is restored and is not an error.
    fs::remove_file(folder.join("research.json")).unwrap();
    watch.finish().unwrap();
    drop(LocalStorage::open(&folder).unwrap());
}
