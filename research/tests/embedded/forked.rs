//! Workers of a program with one thread.

use std::fs::DirEntry;
use std::io::Write;
use std::os::unix::process::parent_id;
use std::path::Path;
use std::process::{Stdio, id};

use research::exec::devices::ScriptedProbe;
use research::{Context, Experiment, ExperimentBuilder, Isolation, Research, UnitError, option};

use crate::Test;
use crate::programs::{Program, command, finish, folder, start, starts, stderr, stdout, values};

pub(crate) const TESTS: &[Test] = &[
    (
        "forked::main_runs_once_and_workers_have_its_captures",
        || {
            let (folder, output) = start("captures", &[]);
            assert!(output.status.success(), "{}", stderr(&output));
            assert_eq!(starts(&folder), 1);
            // Text that was printed before, even without a line end, appears once.
            assert_eq!(stdout(&output), "begun, by C too; ended\n");
        },
    ),
    (
        "forked::what_was_removed_before_the_run_is_not_removed_by_workers",
        || {
            let (_, output) = start("removes-folder", &[]);
            assert!(
                output.status.success(),
                "{}{}",
                stdout(&output),
                stderr(&output)
            );
        },
    ),
    ("forked::workers_that_die_are_replaced", || {
        let (folder, output) = start("dies", &[]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(starts(&folder), 1);
    }),
    ("forked::input_is_left_to_the_program", || {
        let folder = folder("reads-in-unit");
        let mut command = command("reads-in-unit", &folder, &[]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"for the program")
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(stdout(&output), "for the program\n");
    }),
    (
        "forked::signals_do_what_they_do_by_default_in_workers",
        || {
            let (_, output) = start("has-handlers", &[]);
            assert!(
                output.status.success(),
                "{}{}",
                stdout(&output),
                stderr(&output)
            );
        },
    ),
    (
        "forked::what_was_run_before_is_not_written_down_for_workers_that_cannot_come_to_it",
        || {
            for program in ["runs-twice", "builds-from-record", "builds-late"] {
                // A folder in which no other process creates files.
                let temporary = tempfile::tempdir().unwrap();
                let mut command = command(program, &folder(program), &[]);
                let output = command.env("TMPDIR", temporary.path()).output();
                let output = output.unwrap();
                assert!(output.status.success(), "{program}: {}", stderr(&output));
            }
        },
    ),
    ("forked::workers_see_their_own_devices", || {
        let (_, output) = start("has-devices", &[]);
        assert!(
            output.status.success(),
            "{}{}",
            stdout(&output),
            stderr(&output)
        );
    }),
];

pub(crate) const PROGRAMS: &[Program] = &[
    ("captures", |folder, _| {
        print!("begun");
        // SAFETY: the text ends with a zero byte.
        unsafe { libc::printf(c", by C too".as_ptr()) };
        for (name, isolation) in [("one", Isolation::Experiment), ("two", Isolation::Worker)] {
            assert_captured(folder, name, isolation);
        }
        // SAFETY: a null pointer means all streams.
        unsafe { libc::fflush(std::ptr::null_mut()) };
        println!("; ended");
    }),
    ("removes-folder", |folder, _| {
        let place = folder.join("results");
        for _ in 0..2 {
            let _ = std::fs::remove_dir_all(&place);
            std::fs::create_dir_all(&place).unwrap();
            let finished = finish(numbers("removed", &place).workers(2));
            assert_eq!(values(&finished, "value"), ["0", "1", "2", "3"]);
            assert!(place.join("removed").join("events.log").is_file());
        }
    }),
    ("runs-twice", |folder, _| {
        for name in ["first", "second"] {
            assert_eq!(notes_seen(counting(name, folder)), "0");
            std::fs::remove_dir_all(folder.join(name)).unwrap();
        }
    }),
    ("builds-from-record", |folder, _| {
        research::worker_entry_with(|_| counter().build().map_err(|error| error.to_string()));
        for name in ["first", "second"] {
            let research = counting(name, folder).source("".into());
            assert_eq!(notes_seen(research), "0");
            std::fs::remove_dir_all(folder.join(name)).unwrap();
        }
    }),
    // Its workers reach the first run before they serve.
    ("builds-late", |folder, _| {
        assert_eq!(notes_seen(counting("first", folder)), "0");
        let _ = std::fs::remove_dir_all(folder.join("first"));
        research::worker_entry_with(|_| counter().build().map_err(|error| error.to_string()));
        let second = counting("second", folder).source("".into());
        assert_eq!(notes_seen(second), "1");
    }),
    ("dies", |folder, _| {
        let mark = folder.join("died");
        let finished = finish(
            Research::new("dies")
                .folder(folder)
                .domain(option("x", 0..4_i64))
                .isolation(Isolation::Worker)
                .retries(1)
                .unit("die", move |cx: &mut Context| {
                    let x: i64 = cx.config_item("x")?;
                    if x == 1 && std::fs::File::create_new(&mark).is_ok() {
                        std::process::abort();
                    }
                    Ok(x)
                })
                .save_to("value"),
        );
        assert_eq!(values(&finished, "value"), ["0", "1", "2", "3"]);
    }),
    ("reads-in-unit", |folder, _| {
        let research = Research::new("reads")
            .folder(folder)
            .domain(option("x", 0..2_i64))
            .unit("read", |_: &mut Context| {
                Ok(std::io::read_to_string(std::io::stdin())?)
            })
            .save_to("read");
        assert_eq!(values(&finish(research), "read"), ["", ""]);
        println!("{}", std::io::read_to_string(std::io::stdin()).unwrap());
    }),
    ("has-handlers", |folder, _| has_handlers(folder)),
    ("has-devices", |folder, _| {
        let finished = finish(
            Research::new("devices")
                .folder(folder)
                .domain(option("x", 0..6_i64))
                .device_probe(ScriptedProbe::new(["A", "B"], 1 << 30))
                .workers(2)
                .devices([0, 1])
                .unit("seen", |_: &mut Context| {
                    let seen = std::env::var("CUDA_VISIBLE_DEVICES")?;
                    Ok(format!("{seen} {}", parent_id()))
                })
                .save_to("seen"),
        );
        let mut seen = values(&finished, "seen");
        seen.sort();
        seen.dedup();
        // One worker may have run all of them.
        let devices = ["GPU-00000000 ", "GPU-00000001 "];
        let has_its_own = |seen: &String| devices.iter().any(|device| seen.starts_with(device));
        assert!(seen.len() <= 2 && seen.iter().all(has_its_own), "{seen:?}");
    }),
];

fn numbers(name: &str, folder: &Path) -> Research {
    Research::new(name)
        .folder(folder)
        .domain(option("x", 0..4_i64))
        .unit("value", |cx: &mut Context| -> Result<i64, UnitError> {
            Ok(cx.config_item("x")?)
        })
        .save_to("value")
}

/// An experiment that counts the records of earlier runs among the temporary files.
fn counter() -> ExperimentBuilder {
    Experiment::builder()
        .unit("count", |_: &mut Context| {
            let files = std::fs::read_dir(std::env::temp_dir())?.flatten();
            let is_notes = |file: &DirEntry| {
                let name = file.file_name();
                name.to_string_lossy().starts_with("research-runs-")
            };
            Ok(files.filter(is_notes).count() as i64)
        })
        .save_to("count")
}

fn counting(name: &str, folder: &Path) -> Research {
    let research = Research::new(name).folder(folder).domain(option("x", [1]));
    research.experiment(counter())
}

fn notes_seen(research: Research) -> String {
    values(&finish(research), "count").concat()
}

/// Runs a program that does something different each time it is started.
fn assert_captured(folder: &Path, name: &str, isolation: Isolation) {
    let leader = id();
    let finished = finish(
        Research::new(name)
            .folder(folder)
            .domain(option("x", [i64::from(leader), 2, 3, 4]))
            .isolation(isolation)
            .workers(3)
            .unit("pids", move |cx: &mut Context| {
                let _: i64 = cx.config_item("x")?;
                Ok(format!("{leader} {}", id()))
            })
            .save_to("pids"),
    );
    for pids in values(&finished, "pids") {
        let (captured, own) = pids.split_once(' ').unwrap();
        assert_eq!(captured, leader.to_string());
        assert_ne!(own, leader.to_string());
    }
}

extern "C" fn do_nothing(_: libc::c_int) {}

/// The program handles a signal and blocks another one; workers and executors do neither.
fn has_handlers(folder: &Path) {
    let handler: extern "C" fn(libc::c_int) = do_nothing;
    // SAFETY: the handler does nothing, and the set is valid once it was emptied.
    unsafe {
        libc::signal(libc::SIGPROF, handler as libc::sighandler_t);
        let mut blocked: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut blocked);
        libc::sigaddset(&raw mut blocked, libc::SIGVTALRM);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const blocked, std::ptr::null_mut());
    }
    for (name, isolation) in [
        ("executors", Isolation::Experiment),
        ("workers", Isolation::Worker),
    ] {
        let finished = finish(
            Research::new(name)
                .folder(folder)
                .domain(option("signal", [libc::SIGPROF, libc::SIGVTALRM]))
                .isolation(isolation)
                .unit("raise", |cx: &mut Context| {
                    let signal: i64 = cx.config_item("signal")?;
                    // SAFETY: it takes a number only.
                    unsafe { libc::raise(i32::try_from(signal)?) };
                    Ok(())
                }),
        );
        let report = finished.report().unwrap();
        assert_eq!(
            report.counts.of(research::Status::Killed),
            2,
            "{name}: {report:?}"
        );
    }
}
