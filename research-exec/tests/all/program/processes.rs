//! The pipes, process groups and ends of programs.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;

use nix::sys::stat::Mode;
use research_core::domain::Value;
use research_exec::program::OutputSpec;
use research_process::running_groups;

use super::{call, folder, generate, plain, sh, value, words};

#[test]
fn a_hundred_megabytes_on_both_outputs_at_once() {
    let script = "head -c 100000000 /dev/zero | tr '\\0' '\\n' & \
                  head -c 100000000 /dev/zero | tr '\\0' '\\n' >&2; wait; echo; echo 5";
    assert_eq!(sh(script, OutputSpec::Json).unwrap(), Value::Int(5));
}

#[test]
fn all_that_was_written_is_read_though_others_hold_the_pipe() {
    // `tail` would hold both pipes open for ever, so it is killed with its group.
    let script = "tail -f /dev/null & head -c 50000 /dev/zero | tr '\\0' x; echo; echo 6";
    assert_eq!(sh(script, OutputSpec::Json).unwrap(), Value::Int(6));
    // A process that has left the group is not killed, and not waited for either.
    let folder = folder();
    let (up, pipe) = (fifo(folder.path(), "up"), fifo(folder.path(), "end"));
    let apart = format!("echo up > {up}; cat {pipe}");
    let script = format!("setsid sh -c '{apart}' & read up < {up}; echo 7");
    assert_eq!(sh(&script, OutputSpec::Json).unwrap(), Value::Int(7));
    std::fs::write(pipe, "").unwrap();
    // A process that writes without end.
    assert_eq!(
        sh("yes & echo 8; exit 0", OutputSpec::Text).unwrap().kind(),
        "string"
    );
}

#[test]
fn what_a_program_leaves_behind_is_killed() {
    let folder = folder();
    let pipe = fifo(folder.path(), "alive");
    let script = format!("sh -c 'echo up; exec tail -f /dev/null' > '{pipe}' & read up < '{pipe}'");
    let held = open_both_ends(&pipe);
    sh(&script, OutputSpec::Json).unwrap();
    assert_ends(&pipe, held);
}

#[test]
fn dropping_a_generator_kills_it_and_its_group() {
    let folder = folder();
    let pipe = fifo(folder.path(), "alive");
    let held = open_both_ends(&pipe);
    let script = format!("exec 3> '{pipe}'; tail -f /dev/null & echo $$; tail -f /dev/null");
    let mut items = generate(&script, OutputSpec::Number);
    let pid = value(items.next(&mut plain()).unwrap().unwrap())
        .as_i64()
        .unwrap();
    assert!(running_groups().any(|group| i64::from(group) == pid));
    drop(items);
    assert_ends(&pipe, held);
    assert!(running_groups().all(|group| i64::from(group) != pid));
    assert!(
        !Path::new(&format!("/proc/{pid}")).exists(),
        "it is waited for"
    );
}

#[test]
fn a_program_leads_its_group_and_dies_with_the_thread_that_started_it() {
    let folder = folder();
    let pipe = fifo(folder.path(), "alive");
    let held = open_both_ends(&pipe);
    let script = format!(
        "exec 3> '{pipe}'; echo [$(cut -d' ' -f5 /proc/$$/stat), $$]; exec tail -f /dev/null"
    );
    let thread = std::thread::spawn(move || {
        let mut items = generate(&script, OutputSpec::Json);
        let ids = value(items.next(&mut plain()).unwrap().unwrap());
        // Without its destructor, only the end of the thread can end it.
        std::mem::forget(items);
        ids
    });
    let [group, pid]: [i32; 2] = thread.join().unwrap().to().unwrap();
    assert_eq!(group, pid);
    assert_ends(&pipe, held);
}

#[test]
fn no_open_file_is_inherited() {
    let folder = folder();
    let file = File::create(folder.path().join("open")).unwrap();
    // This duplicate is not set to close on execution.
    let inherited = nix::unistd::dup(file.as_fd()).unwrap();
    let value = sh("ls /proc/self/fd | wc -l", OutputSpec::Number).unwrap();
    drop(inherited);
    // The three standard streams, and the folder that `ls` reads.
    assert_eq!(value, Value::Int(4));
}

#[test]
fn signals_are_as_programs_expect_them() {
    let all = nix::sys::signal::SigSet::all();
    all.thread_block().unwrap();
    let status = call(
        words(&["cat", "/proc/self/status"], OutputSpec::Text),
        &mut plain(),
    );
    all.thread_unblock().unwrap();
    let status = status.unwrap().to_string();
    let signals = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    assert_eq!(signals("SigBlk:"), 0);
    assert_eq!(signals("SigCgt:"), 0);
    assert_eq!(signals("SigIgn:") & 1 << (libc::SIGPIPE - 1), 0, "{status}");
}

fn fifo(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Holds a named pipe open, so that programs can open it without waiting for each other.
fn open_both_ends(pipe: &str) -> File {
    File::options().read(true).write(true).open(pipe).unwrap()
}

/// Waits until no other process holds the writing end of the pipe. Hangs if one survives.
fn assert_ends(pipe: &str, held: File) {
    let read_only = File::options().read(true).open(pipe).unwrap();
    drop(held);
    let mut rest = Vec::new();
    { read_only }.read_to_end(&mut rest).unwrap();
}
