//! Facts about the machine and the running program.

use std::fs;
use std::path::{Path, PathBuf};

use research_core::Timestamp;
use research_core::files::sha256;
use research_process::MachineFacts;

/// Returns facts about the program and the machine, in the order of display: names and values.
/// `program` is the running program with its version. Unknown facts are omitted.
#[must_use]
pub fn system_facts(program: &str) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut add = |name: &str, text: Option<String>| {
        let text = text.map(|text| text.trim().to_owned());
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            facts.push((name.to_owned(), text));
        }
    };
    add("program", Some(program.to_owned()));
    let executable = std::env::current_exe().ok();
    add("executable", executable.as_deref().map(display));
    add("built", executable.as_deref().and_then(built));
    add("profile", Some(profile().to_owned()));
    add("arguments", Some(arguments()));
    add(
        "directory",
        std::env::current_dir().ok().as_deref().map(display),
    );
    if let Some(lock) = lock_file(executable.as_deref()) {
        add("Cargo.lock", Some(display(&lock)));
        let hash = fs::read(&lock).ok().map(|bytes| sha256(&bytes));
        add("Cargo.lock sha256", hash);
    }
    let machine = MachineFacts::collect();
    add("host", machine.host);
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let kernel = machine.kernel;
    add(
        "system",
        kernel.map(|kernel| format!("{system} {kernel} {processor}")),
    );
    add("distribution", machine.distribution);
    add("processor", machine.processor);
    add(
        "processors",
        machine.processors.map(|count| count.to_string()),
    );
    let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
    add("memory", machine.memory.map(mebibytes));
    add("memory available", machine.available_memory.map(mebibytes));
    add("user", std::env::var("USER").ok());
    facts
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

/// Returns the time at which the program's file was written, and its size.
fn built(executable: &Path) -> Option<String> {
    let metadata = fs::metadata(executable).ok()?;
    let at = Timestamp::from(metadata.modified().ok()?);
    Some(format!("{at}, {} bytes", metadata.len()))
}

fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}

fn arguments() -> String {
    let arguments: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    shlex::try_join(arguments.iter().map(String::as_str)).unwrap_or_else(|_| arguments.join(" "))
}

/// Returns the nearest `Cargo.lock`, searched upwards from the working directory and then from the
/// program's file.
fn lock_file(executable: Option<&Path>) -> Option<PathBuf> {
    let here = std::env::current_dir().ok();
    let starts = [here.as_deref(), executable.and_then(Path::parent)];
    let folders = starts.into_iter().flatten().flat_map(Path::ancestors);
    folders
        .map(|folder| folder.join("Cargo.lock"))
        .find(|path| path.is_file())
}
