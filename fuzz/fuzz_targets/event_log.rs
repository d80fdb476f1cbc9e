//! Any bytes are a log, a torn log or an error with an offset, and can be checked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use research_storage::{LogReader, check_log};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for the log");
    let path = folder.path().join("events.log");
    std::fs::write(&path, bytes).expect("the log can be written");
    if let Ok(reader) = LogReader::open(&path) {
        for events in reader {
            if events.is_err() {
                break;
            }
        }
    }
    if let Ok(checkup) = check_log(&path) {
        assert!(!checkup.is_whole() || checkup.damaged.is_empty());
    }
});
