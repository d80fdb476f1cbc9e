//! Failing system calls: whichever call fails, commands end with an error, no value is wrong, and
//! missing experiments can be run again.
//!
//! `shim.c` is loaded before the C library and makes its calls fail.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use libc::{
    EACCES, EAGAIN, ECONNRESET, EDQUOT, EINTR, EIO, EMFILE, ENFILE, ENOBUFS, ENOLCK, ENOMEM,
    ENOSPC, EPIPE,
};

use super::random::Random;
use super::study::{Study, assert_complete, assert_recovers, results};
use super::{end, for_each_seed, research};
use crate::support::{CommandOutput, Project};

/// Stands for a short read or write.
const HALF: i32 = 0;

/// Functions, each with the last call of a process that may fail, and the errors. `mmap` is not
/// among them, because Rust's threads abort if it fails.
const FUNCTIONS: [(&str, u64, &[i32]); 39] = [
    ("write", 40, &[ENOSPC, EIO, EDQUOT, EINTR, HALF]),
    ("read", 60, &[EIO, EINTR, HALF]),
    ("pwrite64", 4, &[ENOSPC, EIO, EINTR, HALF]),
    ("pread64", 12, &[EIO, EINTR, HALF]),
    ("writev", 3, &[ENOSPC, EIO, EINTR, HALF]),
    ("fsync", 6, &[EIO, ENOSPC, EDQUOT, EINTR]),
    ("fdatasync", 4, &[EIO, ENOSPC, EINTR]),
    ("ftruncate64", 3, &[EIO, EINTR]),
    ("fallocate", 2, &[ENOSPC, EIO, EINTR]),
    ("fchmod", 2, &[EIO]),
    ("lseek64", 5, &[EIO]),
    ("flock", 4, &[ENOLCK, EINTR, EIO]),
    ("rename", 6, &[EIO, ENOSPC, EACCES]),
    ("mkdir", 8, &[ENOSPC, EIO, EACCES]),
    ("rmdir", 6, &[EIO, EACCES]),
    ("unlink", 6, &[EIO, EACCES]),
    ("unlinkat", 6, &[EIO, EACCES]),
    ("linkat", 2, &[EIO, ENOSPC]),
    ("readlink", 20, &[EIO, ENOMEM]),
    ("statx", 30, &[EIO, ENOMEM, EACCES]),
    ("open64", 60, &[EMFILE, ENFILE, ENOMEM, EACCES, EIO, EINTR]),
    ("fcntl", 40, &[EMFILE]),
    ("dup", 3, &[EMFILE]),
    ("pipe2", 12, &[EMFILE, ENFILE]),
    ("socket", 3, &[EMFILE, ENFILE, ENOBUFS]),
    ("socketpair", 6, &[EMFILE, ENFILE, ENOBUFS]),
    ("bind", 2, &[ENOMEM, EACCES]),
    ("accept", 2, &[EMFILE, ENOMEM]),
    ("connect", 1, &[EAGAIN, EACCES]),
    ("setsockopt", 4, &[ENOMEM]),
    ("sendmsg", 20, &[ENOBUFS, EPIPE, EINTR]),
    ("recvmsg", 20, &[ENOMEM, ECONNRESET, EINTR]),
    ("recv", 8, &[EINTR]),
    ("poll", 20, &[EINTR, ENOMEM]),
    ("fork", 3, &[EAGAIN, ENOMEM]),
    ("clone", 12, &[EAGAIN, ENOMEM]),
    ("waitpid", 4, &[EINTR]),
    ("pthread_create", 8, &[EAGAIN]),
    ("readdir64", 20, &[EIO]),
];

/// One failing call.
struct Fault {
    variable: String,
    flag: PathBuf,
}

impl Fault {
    fn draw(random: &mut Random, folder: &Path) -> Self {
        let (function, most, numbers) = random.pick(&FUNCTIONS);
        let number = random.pick(numbers);
        // A program may retry endless EINTR endlessly.
        let always = number != EINTR && random.chance(30);
        let nth = 1 + random.below(most);
        let flag = folder.join("fault");
        let always = i32::from(always);
        let variable = format!("{function} {nth} {number} {always} {}", flag.display());
        Self { variable, flag }
    }

    /// Runs the program with the fault; `None` if no call has failed.
    fn run(&self, project: &Project, arguments: &[&str]) -> Option<CommandOutput> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_research"));
        command.args(arguments);
        command.env("FAULT", &self.variable);
        command.env("LD_PRELOAD", shim());
        let done = end(command, &project.path("."));
        project.wait_for_silence();
        self.flag.exists().then_some(done)
    }
}

/// The path of the shim, which is built once.
fn shim() -> &'static Path {
    static SHIM: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = SHIM.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("shim.c");
        std::fs::write(&source, include_str!("shim.c")).unwrap();
        let library = folder.path().join("shim.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status();
        assert!(built.unwrap().success(), "cc cannot build {source:?}");
        (folder, library)
    });
    library
}

#[test]
fn failing_calls_of_a_run() {
    for_each_seed("calls", 40, |random| {
        let is_new = random.chance(70);
        let project = match is_new {
            true => Study::files(),
            false => Study::all()[1 + usize::try_from(random.below(2)).unwrap()].copy(),
        };
        project.write("gate", "");
        let folder = tempfile::tempdir().unwrap();
        let fault = Fault::draw(random, folder.path());
        let arguments: &[&str] = match is_new {
            true => &["run", "research.toml"],
            false => &["resume", "s"],
        };
        if let Some(done) = fault.run(&project, arguments) {
            let what = format!("{} {}: {done:?}", arguments[0], fault.variable);
            assert_recovers(&project, &done, &what);
        }
    });
}

#[test]
fn failing_calls_of_other_commands() {
    const COMMANDS: [&[&str]; 10] = [
        &["status", "s"],
        &["results", "s", "--format", "csv"],
        &["doctor", "s"],
        &["compact", "s"],
        &["logs", "s"],
        &["list"],
        &["query", "s", "select * from results"],
        &[
            "results",
            "s",
            "--format",
            "parquet",
            "--output",
            "t.parquet",
        ],
        &["stop", "s", "-y"],
        &["remove", "s", "-y"],
    ];
    for_each_seed("commands", 24, |random| {
        let study = &Study::all()[usize::try_from(random.below(3)).unwrap()];
        let project = study.copy();
        let folder = tempfile::tempdir().unwrap();
        let fault = Fault::draw(random, folder.path());
        let before = results(&project.path("."));
        let command = random.pick(&COMMANDS);
        let Some(done) = fault.run(&project, command) else {
            return;
        };
        let what = format!("{command:?} {}: {done:?}", fault.variable);
        match done.code.unwrap() {
            0 if command[0] == "results" && command[3] == "csv" => {
                assert_eq!(done.stdout, before.stdout, "{what}");
            }
            0 if command[0] == "remove" => assert!(!project.path("s").exists(), "{what}"),
            0 => {}
            1..=3 => assert!(!(done.stderr + &done.stdout).is_empty(), "{what}"),
            _ => panic!("{what}"),
        }
        if project.path("s/events.log").exists() {
            let after = results(&project.path("."));
            assert_eq!(after.stdout, before.stdout, "{what}");
            let resumed = research(&project.path("."), &["resume", "s"]);
            assert_eq!(resumed.code, Some(0), "{what}, then {resumed:?}");
            assert_complete(&project.path("."), &what);
        }
    });
}
