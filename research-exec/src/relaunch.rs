//! Starts this program again, so that it reaches the same `run`.

mod harness;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns a command that starts the running program again with its arguments. It executes
/// `/proc/self/exe`, which is the same file even if the program was rebuilt in the meantime.
pub(crate) fn this_program() -> io::Result<Command> {
    let image = Path::new("/proc/self/exe");
    let program = if image.exists() {
        image.to_owned()
    } else {
        std::env::current_exe()?
    };
    let mut command = Command::new(program);
    let mut arguments = std::env::args_os();
    if let Some(name) = arguments.next() {
        std::os::unix::process::CommandExt::arg0(&mut command, name);
    }
    command.args(match relaunched_test() {
        Some(test) => test_arguments(&test),
        None => arguments.collect(),
    });
    Ok(command)
}

/// Returns the calling test, if the program is a test harness: workers run only this test. It is
/// the test that the arguments name, or else the one with the name of the thread.
#[must_use]
pub fn relaunched_test() -> Option<String> {
    Caller::find().test()
}

/// Returns whether the program is a test harness, and the calling test is unknown.
#[must_use]
pub fn is_in_unknown_test() -> bool {
    match Caller::find() {
        Caller::Program => false,
        Caller::Test(test) => !harness::is_test(&test),
        Caller::UnknownThread => true,
    }
}

/// The kind of program or thread that calls.
enum Caller {
    /// A program that is not a test harness, or the main thread of one.
    Program,
    /// A test, or a thread with this name.
    Test(String),
    /// A thread of a test harness that has no name.
    UnknownThread,
}

impl Caller {
    fn find() -> Self {
        if !std::env::current_exe().is_ok_and(|path| is_test_binary(&path)) {
            return Self::Program;
        }
        let thread = std::thread::current();
        match (thread.name(), harness::only_test()) {
            (Some("main"), _) => Self::Program,
            (Some(name), Some(test)) if name == test => Self::Test(test),
            _ if !harness::is_linked() => Self::Program,
            (_, Some(test)) => Self::Test(test),
            (Some(name), None) => Self::Test(name.to_owned()),
            (None, None) => Self::UnknownThread,
        }
    }

    fn test(self) -> Option<String> {
        match self {
            Self::Test(test) => Some(test),
            Self::Program | Self::UnknownThread => None,
        }
    }
}

/// Returns whether a path looks like that of a test harness: cargo builds harnesses as
/// `deps/NAME-0123456789abcdef`, and those of examples in `examples`.
fn is_test_binary(path: &Path) -> bool {
    let in_deps = path
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == "deps" || folder == "examples");
    let name = PathBuf::from(path.file_name().unwrap_or_default());
    let hash = name
        .to_str()
        .and_then(|name| name.rsplit_once('-'))
        .map(|(_, hash)| hash);
    in_deps
        && hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Returns the arguments with which a test harness runs one test without capturing its output.
fn test_arguments(test: &str) -> Vec<OsString> {
    [
        test,
        "--exact",
        "--nocapture",
        "--include-ignored",
        "--test-threads=1",
    ]
    .map(OsString::from)
    .to_vec()
}
