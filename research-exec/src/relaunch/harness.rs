//! Queries to Rust's test harness, if this program is one.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Flags of the harness that are followed by a value.
const HAS_VALUE: [&str; 7] = [
    "--color",
    "--format",
    "--logfile",
    "--shuffle-seed",
    "--skip",
    "--test-threads",
    "-Z",
];

/// The name of an environment variable that the harness reads, backwards: so the executable file
/// contains the name itself only if it contains the harness.
const VARIABLE_BACKWARDS: &[u8] = b"SDAERHT_TSET_TSUR";

/// The number of bytes of a file that are searched at once.
const PIECE: usize = 1 << 20;

/// Returns the only test that the arguments select, by its full name. nextest and the leader of a
/// run start tests this way.
pub(super) fn only_test() -> Option<String> {
    let arguments = std::env::args_os().skip(1);
    let arguments: Vec<_> = arguments.filter_map(|one| one.into_string().ok()).collect();
    named_alone(&arguments)
}

fn named_alone(arguments: &[String]) -> Option<String> {
    let before = [""].into_iter().chain(arguments.iter().map(String::as_str));
    let mut names = arguments
        .iter()
        .zip(before)
        .filter(|(one, before)| !one.starts_with('-') && !HAS_VALUE.contains(before))
        .map(|(one, _)| one);
    let is_exact = arguments.iter().any(|one| one == "--exact");
    let name = names.next().filter(|_| is_exact)?;
    names.next().is_none().then(|| name.clone())
}

/// Returns whether the harness is a part of this program. A test target may also have a `main` of
/// its own, and no harness.
pub(super) fn is_linked() -> bool {
    static IS_LINKED: OnceLock<bool> = OnceLock::new();
    *IS_LINKED.get_or_init(|| {
        let needle: Vec<u8> = VARIABLE_BACKWARDS.iter().rev().copied().collect();
        File::open("/proc/self/exe").is_ok_and(|file| contains(file, &needle).unwrap_or(false))
    })
}

fn contains(mut file: impl Read, needle: &[u8]) -> io::Result<bool> {
    let mut piece = Vec::with_capacity(PIECE + needle.len());
    loop {
        let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        if find(&piece, needle) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        // An occurrence may begin in one piece and end in the next.
        let rest = piece.len().saturating_sub(needle.len());
        piece.drain(..rest);
    }
}

/// Searches with the C library, which is fast in debug builds, too.
fn find(bytes: &[u8], needle: &[u8]) -> bool {
    // SAFETY: the call only reads both slices, within their lengths.
    let found = unsafe {
        libc::memmem(
            bytes.as_ptr().cast(),
            bytes.len(),
            needle.as_ptr().cast(),
            needle.len(),
        )
    };
    !found.is_null()
}

/// Returns whether the harness has a test of this name. Assumes that it has if the arguments select
/// this test, or if the harness cannot list its tests.
pub(super) fn is_test(name: &str) -> bool {
    static TESTS: OnceLock<Option<HashSet<String>>> = OnceLock::new();
    if only_test().is_some_and(|only| only == name) {
        return true;
    }
    let tests = TESTS.get_or_init(|| list().ok());
    tests.as_ref().is_none_or(|tests| tests.contains(name))
}

/// Returns the names of all tests, and runs none.
fn list() -> io::Result<HashSet<String>> {
    let listed = Command::new("/proc/self/exe")
        .args(["--list", "--format=terse"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    if !listed.status.success() {
        return Err(io::Error::other("the tests cannot be listed"));
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let tests = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(tests.map(str::to_owned).collect())
}

#[cfg(test)]
#[path = "../../tests/unit/harness.rs"]
mod tests;
