//! Researches in units of other researches.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use research::{Context, Isolation, Research, UnitError, ec, option};

use crate::Test;
use crate::programs::{
    Program, command, finish, folder, start, starts, stderr, stdout, thread_if_asked, values,
};

pub(crate) const TESTS: &[Test] = &[
    ("nested::a_run_in_a_unit_is_refused_or_served", || {
        for isolation in ["experiment", "worker", "none"] {
            for threads in ["", "threads"] {
                assert_that_workers_are_refused(isolation, threads);
                assert_that_it_runs_without_workers(isolation, threads);
            }
        }
    }),
    ("nested::programs_of_units_may_run_researches", || {
        for isolation in ["experiment", "worker", "none"] {
            let (folder, output) = start("starts-itself", &["1", isolation]);
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(stdout(&output).contains(r#"["0"]"#), "{}", stdout(&output));
            assert_eq!(starts(&folder), 2);
        }
    }),
    (
        "nested::researches_do_not_start_each_other_without_end",
        || {
            for isolation in ["experiment", "worker", "none"] {
                let (folder, output) = start("starts-itself", &["1000", isolation]);
                let printed = format!("{}{}", stdout(&output), stderr(&output));
                assert!(printed.contains("researches are nested"), "{printed}");
                assert_eq!(starts(&folder), 4, "{isolation}");
            }
        },
    ),
    (
        "nested::the_depth_is_limited_under_a_hard_limit_on_real_time",
        || {
            for isolation in ["experiment", "worker", "none"] {
                let folder = folder(&format!("limited-{isolation}"));
                let mut command = command("starts-itself", &folder, &["1000", isolation]);
                let limit = libc::rlimit {
                    rlim_cur: 200_000,
                    rlim_max: 200_000,
                };
                let lower = move || {
                    // SAFETY: the call reads a valid structure.
                    match unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const limit) } {
                        0 => Ok(()),
                        _ => Err(std::io::Error::last_os_error()),
                    }
                };
                // SAFETY: `lower` makes only a system call.
                unsafe { command.pre_exec(lower) };
                let output = command.output().unwrap();
                let printed = format!("{}{}", stdout(&output), stderr(&output));
                assert!(printed.contains("researches are nested"), "{printed}");
                assert_eq!(starts(&folder), 4, "{isolation}");
            }
        },
    ),
];

pub(crate) const PROGRAMS: &[Program] = &[
    ("nests", |folder, rest| {
        thread_if_asked(rest);
        let [isolation, inner, ..] = rest else {
            panic!("it has two arguments")
        };
        let inner = level(inner);
        let place = folder.to_owned();
        let finished = finish(
            Research::new("outer")
                .folder(folder)
                .domain(option("x", 0..2_i64))
                .isolation(level(isolation))
                // With threads, units run in the threads of branches, too.
                .branches(if rest.iter().any(|one| one == "threads") {
                    2
                } else {
                    1
                })
                .unit("run", move |cx: &mut Context| {
                    let x: i64 = cx.config_item("x")?;
                    let finished = inner_research(&place, x).isolation(inner).run()?;
                    Ok(values(&finished, "triple").join(" "))
                })
                .save_to("inner"),
        );
        println!("{:?}", values(&finished, "inner"));
        for entry in finished.logs(None).unwrap_or_default() {
            println!("{entry:?}");
        }
    }),
    ("starts-itself", |folder, rest| {
        let deeper = rest[0].parse::<i64>().unwrap() - 1;
        let isolation = rest[1].clone();
        let place = folder.to_owned();
        let name = format!("deep-{deeper}");
        let finished = finish(
            Research::new(&name)
                .folder(folder)
                .domain(option("x", 0..1_i64))
                .isolation(level(&isolation))
                .unit("start", move |_: &mut Context| {
                    start_deeper(&place, deeper, &isolation)
                })
                .save_to("code"),
        );
        println!("{:?}", values(&finished, "code"));
    }),
];

fn inner_research(folder: &Path, x: i64) -> Research {
    Research::new(format!("inner-{x}"))
        .folder(folder)
        .domain(option("y", 0..2_i64))
        .callable("triple", |y: i64| 3 * y, (ec("y"),))
        .save_to("triple")
}

/// Starts this program again, and returns its exit code.
fn start_deeper(folder: &Path, deeper: i64, isolation: &str) -> Result<i64, UnitError> {
    if deeper < 0 {
        return Ok(0);
    }
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["program", "starts-itself"])
        .arg(folder)
        .args([&deeper.to_string(), isolation]);
    // The environment does not show that a unit starts the program.
    let status = command.env_clear().status()?;
    Ok(status.code().unwrap_or(-1).into())
}

fn level(name: &str) -> Isolation {
    match name {
        "experiment" => Isolation::Experiment,
        "worker" => Isolation::Worker,
        _ => Isolation::None,
    }
}

fn assert_that_workers_are_refused(isolation: &str, threads: &str) {
    let (folder, output) = start("nests", &[isolation, "experiment", threads]);
    let printed = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        printed.contains("in a unit of another research")
            && printed.contains("isolation to `none`"),
        "{isolation} {threads}: {printed}"
    );
    assert!(starts(&folder) <= 6, "{} starts", starts(&folder));
}

fn assert_that_it_runs_without_workers(isolation: &str, threads: &str) {
    let (_, output) = start("nests", &[isolation, "none", threads]);
    let printed = stdout(&output);
    assert!(
        printed.contains(r#"["0 3", "0 3"]"#),
        "{isolation} {threads}: {printed}"
    );
}
