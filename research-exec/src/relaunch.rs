//! Starting this program again, so that it comes to the same `run`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command that starts the running program again with its arguments. What runs is what was
/// started: `/proc/self/exe` is the same file even if the program was rebuilt meanwhile.
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

/// The test that calls, if the program is a test harness: workers run it alone. Each test has a
/// thread of its own, of the test's name.
#[must_use]
pub fn relaunched_test() -> Option<String> {
    let is_harness = std::env::current_exe().is_ok_and(|path| is_test_binary(&path));
    let thread = std::thread::current();
    match thread.name() {
        Some(name) if is_harness && name != "main" => Some(name.to_owned()),
        _ => None,
    }
}

/// cargo builds test harnesses as `deps/NAME-0123456789abcdef`, and those of examples beside these.
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

/// Arguments with which a test harness runs one test, in the open.
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
