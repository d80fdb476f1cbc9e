//! The output of a command as text.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use research_process::{CommandOutput, run_command};

/// A command that takes longer is killed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The rest of a longer output is discarded.
const MAX_BYTES: usize = 16 << 20;

/// The output of a command on both streams, or why it was not run.
pub(super) fn output(words: &[String], cwd: &Path) -> String {
    let [program, arguments @ ..] = words else {
        return "an empty command was not run\n".to_owned();
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(cwd);
    match run_command(command, TIMEOUT, MAX_BYTES) {
        Ok(output) => text(&output),
        Err(error) => format!("`{program}` was not run: {error}\n"),
    }
}

/// The output, with a remark if the command did not succeed.
fn text(output: &CommandOutput) -> String {
    let mut text = String::from_utf8_lossy(&output.bytes).into_owned();
    let remark = match output.status.map(|status| (status.code(), status.signal())) {
        Some((Some(0), _)) => return text,
        Some((Some(code), _)) => format!("(it ended with exit code {code})"),
        Some((None, signal)) => format!("(it was ended by signal {})", signal.unwrap_or(0)),
        None => format!(
            "(it took longer than {} s and was ended)",
            TIMEOUT.as_secs()
        ),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text + &remark + "\n"
}
