//! Warns that the end of a log is lost.

use std::path::Path;

use research::base::text::plural;
use research::storage::{LostEnd, StoredResearch};

use crate::hints;
use crate::terminal;

/// Warns on standard error that a command has skipped events of a log.
pub(crate) fn warn_of_unknown(events: u64, stored: &StoredResearch) {
    if events > 0 {
        terminal::message(format_args!(
            "warning: skipped {} of {}, which a newer version of research has written",
            plural(events, "event"),
            stored.folder().join("events.log").display()
        ));
    }
}

/// Warns on standard error if the end of the log is lost although no process runs the research: the
/// printed data then lacks the last events.
pub(crate) fn warn(folder: &Path) {
    // If the log cannot be read, the command that read it has failed.
    let Ok(Some(lost)) = StoredResearch::load(folder).and_then(|stored| stored.lost_end()) else {
        return;
    };
    let log = folder.join("events.log");
    let log = log.display();
    let what = match lost {
        LostEnd::Torn(torn) => format!(
            "the last {} bytes of {log}, from byte {}, are not a complete frame, so their content \
             is \
             missing here: a run was killed during a write, or the file is damaged",
            torn.bytes, torn.offset
        ),
        LostEnd::NoRunEnd { .. } => format!(
            "the last run in {log} has no end, so results may be missing here: the end of the log \
             is \
             lost, or the machine failed during the run"
        ),
        LostEnd::LostRows(rows) => format!(
            "{log} has {} experiments and experiments.parquet has {}, so results are missing here: \
             the end of the log is lost",
            rows.log, rows.table
        ),
    };
    let hint = hints::doctor(folder);
    terminal::message(format_args!("warning: {what}; {hint}"));
}
