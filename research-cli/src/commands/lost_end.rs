//! The warning that the end of a log is lost.

use std::io::Write;
use std::path::Path;

use research::core::shell_word;
use research::storage::{LostEnd, StoredResearch};

use crate::terminal;

/// Warns on standard error where the end of a research's log is lost although no process runs the
/// research: what it held is missing in all that was printed.
pub(crate) fn warn(folder: &Path) {
    // Where the log cannot be read, the command that read it has failed.
    let Ok(Some(lost)) = StoredResearch::load(folder).and_then(|stored| stored.lost_end()) else {
        return;
    };
    let log = folder.join("events.log");
    let log = log.display();
    let what = match lost {
        LostEnd::Torn(torn) => format!(
            "the last {} bytes of {log}, from byte {}, are not a whole frame, so what they held is missing here: a run was killed while it wrote them, or the file is damaged",
            torn.bytes, torn.offset
        ),
        LostEnd::NoRunEnd { .. } => format!(
            "the last run in {log} has no end, so results may be missing here: the end of the log is lost, or the machine went down with the run"
        ),
        LostEnd::LostRows(rows) => format!(
            "{log} has {} experiments and experiments.parquet has {}, so results are missing here: the end of the log is lost",
            rows.log, rows.table
        ),
    };
    let name = folder.to_string_lossy();
    let _ = writeln!(
        terminal::stderr(),
        "warning: {what}; see `research doctor {}`",
        shell_word(&name)
    );
}
