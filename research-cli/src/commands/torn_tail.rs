//! What is said where the end of a log is not whole.

use std::io::Write;
use std::path::Path;

use research::core::shell_word;
use research::storage::StoredResearch;

use crate::terminal;

/// Warns on standard error where the end of a research's log is not whole although nobody runs it:
/// what was there is missing in all that was printed.
pub(crate) fn warn(folder: &Path) {
    // Why it cannot be read, the command has said that read it.
    let torn = StoredResearch::load(folder).and_then(|stored| stored.torn_tail());
    if let Ok(Some(torn)) = torn {
        let name = folder.to_string_lossy();
        let _ = writeln!(
            terminal::stderr(),
            "warning: the last {} bytes of {}, from byte {}, are not a whole frame, so what they held is missing here: a run was killed while it wrote them, or the file is damaged; see `research doctor {}`",
            torn.bytes,
            folder.join("events.log").display(),
            torn.offset,
            shell_word(&name)
        );
    }
}
