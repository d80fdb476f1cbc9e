//! Reading any bytes as a log yields events, a torn log or an error with an offset, and a check
//! agrees with reading.
#![no_main]

use libfuzzer_sys::fuzz_target;
use research_core::EventLog;
use research_storage::{LogReader, check_log};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for the log");
    let path = folder.path().join("events.log");
    std::fs::write(&path, bytes).expect("the log can be written");
    let Ok(mut reader) = LogReader::open(&path) else { return };
    let checkup = check_log(&path).expect("what can be opened can be checked");
    let mut events = 0;
    loop {
        match reader.next_batch() {
            Ok(Some(batch)) => events += batch.len() as u64,
            Ok(None) => {
                assert_eq!((events, reader.torn()), (checkup.events, checkup.torn));
                assert!(checkup.damaged.is_empty());
                return;
            }
            Err(_) => {
                assert!(events <= checkup.events && !checkup.damaged.is_empty());
                return;
            }
        }
    }
});
