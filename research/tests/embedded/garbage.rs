//! Units that write into descriptors which they did not open.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::parent_id;
use std::path::Path;

use research::{Context, Isolation, Research, Status, UnitError, option};

use crate::Test;
use crate::programs::{
    Program, command, finish, folder, start, start_thread, stderr, thread_if_asked, values,
};

pub(crate) const TESTS: &[Test] = &[
    (
        "garbage::it_harms_the_experiment_alone_that_wrote_it",
        || {
            for threads in ["", "threads"] {
                assert_that_others_finish("experiment", threads);
                assert_that_others_finish("worker", threads);
            }
        },
    ),
    (
        "garbage::no_other_user_can_enter_the_folder_of_a_socket",
        || {
            let folder = folder("sees-sockets");
            let temporary = folder.join("tmp");
            fs::create_dir(&temporary).unwrap();
            let mut command = command("sees-sockets", &folder, &[]);
            // Only the local transport uses this folder.
            let command = command.env_remove("RESEARCH_TRANSPORT");
            let output = command.env("TMPDIR", &temporary).output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            let modes = fs::read_to_string(folder.join("modes")).unwrap();
            assert_eq!(modes, "700\n");
        },
    ),
];

pub(crate) const PROGRAMS: &[Program] = &[
    ("writes-garbage", |folder, rest| {
        thread_if_asked(rest);
        write_garbage(folder, &rest[0], &rest[1]);
    }),
    ("sees-sockets", |folder, _| {
        start_thread();
        // SAFETY: it takes and returns a number.
        unsafe { libc::umask(0) };
        note_modes(folder);
        let _ = finish(
            Research::new("one")
                .folder(folder)
                .unit("one", |_: &mut Context| Ok(1)),
        );
    }),
];

/// Records the modes of the folders with sockets: in a worker, the folder of its leader.
fn note_modes(folder: &Path) {
    for entry in fs::read_dir(std::env::temp_dir()).unwrap() {
        let entry = entry.unwrap();
        if entry.path().join("socket").exists() {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            fs::write(folder.join("modes"), format!("{mode:o}\n")).unwrap();
        }
    }
}

fn write_garbage(folder: &Path, isolation: &str, garbage: &str) {
    let written = garbage.to_owned();
    let isolation = match isolation {
        "worker" => Isolation::Worker,
        _ => Isolation::Experiment,
    };
    let finished = finish(
        Research::new(garbage)
            .folder(folder)
            .domain(option("x", 0..6_i64))
            .isolation(isolation)
            .unit("write", move |cx: &mut Context| -> Result<i64, UnitError> {
                let x: i64 = cx.config_item("x")?;
                if x == 2 {
                    write_everywhere(&written);
                }
                Ok(i64::from(parent_id()))
            })
            .save_to("worker"),
    );
    let counts = &finished.report().unwrap().counts;
    assert_eq!(counts.of(Status::Finished), 5, "{garbage}: {counts:?}");
    assert_eq!(counts.of(Status::Killed), 1, "{garbage}: {counts:?}");
    let mut workers = values(&finished, "worker");
    workers.remove(2);
    if isolation == Isolation::Experiment {
        workers.dedup();
        assert_eq!(workers.len(), 1, "the worker continued");
    }
}

/// Writes to all pipes and sockets of this process except the standard ones.
fn write_everywhere(garbage: &str) {
    let bytes = match garbage {
        "text" => b"garbage! garbage! garbage! garbage! ".to_vec(),
        "zeros" => vec![0; 100],
        _ => vec![0xff; 30_000],
    };
    for entry in fs::read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap();
        let number: i32 = entry.file_name().to_str().unwrap().parse().unwrap();
        let target = fs::read_link(entry.path()).unwrap_or_default();
        let target = target.to_string_lossy();
        if number > 2 && (target.starts_with("pipe:") || target.starts_with("socket:")) {
            // SAFETY: the bytes are valid. That the descriptor belongs to other code is the purpose
            // of the test.
            unsafe { libc::write(number, bytes.as_ptr().cast(), bytes.len()) };
        }
    }
}

fn assert_that_others_finish(isolation: &str, threads: &str) {
    for garbage in ["text", "zeros", "long"] {
        let (_, output) = start("writes-garbage", &[isolation, garbage, threads]);
        assert!(
            output.status.success(),
            "{isolation} {garbage} {threads}: {}",
            stderr(&output)
        );
    }
}
