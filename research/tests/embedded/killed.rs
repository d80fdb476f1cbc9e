//! Killed processes, and their strays.

use std::fs;
use std::os::unix::process::parent_id;
use std::path::Path;
use std::process::{Child, Command, Stdio, id};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use research::base::units::UnitBody;
use research::exec::program::{OutputSpec, ProgramCallable, ProgramCommand, ProgramSpec, Run};
use research::{Context, Experiment, ExperimentBuilder, Isolation, Research, UnitError, option};

use crate::Test;
use crate::programs::{Program, command, finish, folder, start, stderr};

pub(crate) const TESTS: &[Test] = &[
    ("killed::nothing_outlives_a_leader_that_is_killed", || {
        let folder = folder("waits");
        let mut leader = command("waits", &folder, &[]).spawn().unwrap();
        let others = wait_for("its executors", || {
            let others = family(&folder);
            // The leader, the process that forks workers and its spare, two workers and their
            // executors.
            (others.len() == 7).then_some(others)
        });
        leader.kill().unwrap();
        leader.wait().unwrap();
        wait_for("their end", || family(&folder).is_empty().then_some(()));
        assert!(others.contains(&leader.id()));
    }),
    (
        "killed::workers_continue_without_the_process_that_forked_them",
        || {
            let (_, output) = start("kills-server", &["server"]);
            assert!(output.status.success(), "{}", stderr(&output));
        },
    ),
    ("killed::a_server_that_is_killed_is_replaced", || {
        let (folder, output) = start("kills-server", &["both"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let log = fs::read_to_string(folder.join("kills/research.log")).unwrap();
        let replaced = "that forks workers has ended by signal 9 (SIGKILL), and was replaced";
        assert!(log.contains(replaced), "{log}");
    }),
    ("killed::servers_are_replaced_a_few_times", || {
        let (folder, output) = start("kills-servers", &[]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("that forks workers has ended by signal 9"),
            "{said}"
        );
        // The first process and three others were killed.
        assert_eq!(fs::read_dir(folder.join("killed")).unwrap().count(), 4);
        wait_for("their end", || family(&folder).is_empty().then_some(()));
    }),
    (
        "killed::it_survives_what_batch_systems_send_as_a_warning",
        || {
            let (_, output) = start("kills-server", &["warning"]);
            assert!(output.status.success(), "{}", stderr(&output));
        },
    ),
    (
        "killed::what_the_program_itself_has_started_is_left_alone",
        || {
            let (_, output) = start("has-children", &[]);
            assert!(output.status.success(), "{}", stderr(&output));
        },
    ),
];

pub(crate) const PROGRAMS: &[Program] = &[
    ("waits", |folder, _| {
        let research = Research::new("waits")
            .folder(folder)
            .domain(option("x", 0..2_i64));
        let wait = |_: &mut Context| -> Result<(), research::UnitError> {
            loop {
                thread::park();
            }
        };
        let _ = finish(research.workers(2).unit("wait", wait));
    }),
    ("kills-server", |folder, rest| {
        let how = rest[0].clone();
        let leader = id();
        let first = folder.join("first");
        let _ = finish(
            Research::new("kills")
                .folder(folder)
                .domain(option("x", 0..4_i64))
                .unit("kill", move |cx: &mut Context| {
                    if cx.config_item::<i64>("x")? != 1 || fs::File::create_new(&first).is_err() {
                        return Ok(());
                    }
                    let server = server_of(leader);
                    match how.as_str() {
                        "warning" => {
                            signal(server, libc::SIGUSR1);
                            signal(server, libc::SIGUSR2);
                        }
                        _ => signal(server, libc::SIGKILL),
                    }
                    if how != "server" {
                        signal(parent_id(), libc::SIGKILL);
                        thread::park();
                    }
                    Ok(())
                }),
        );
    }),
    ("kills-servers", |folder, _| {
        let (place, leader) = (folder.to_owned(), id());
        let killed = folder.join("killed");
        fs::create_dir(&killed).unwrap();
        let _ = finish(
            Research::new("kills")
                .folder(folder)
                .domain(option("x", 0..9_i64))
                .unit("kill", move |cx: &mut Context| {
                    let x: i64 = cx.config_item("x")?;
                    if fs::File::create_new(killed.join(x.to_string())).is_err() {
                        return Ok(());
                    }
                    // The leader, two servers, a worker and this executor, while nothing is forked.
                    let processes = family(&place).len();
                    if processes > 5 {
                        signal(leader, libc::SIGKILL);
                        return Err(UnitError::new(format!("there are {processes}")));
                    }
                    signal(server_of(leader), libc::SIGKILL);
                    signal(parent_id(), libc::SIGKILL);
                    loop {
                        thread::park();
                    }
                }),
        );
    }),
    ("has-children", |folder, _| {
        let own = Own::start();
        let daemon = folder.join("daemon");
        for (name, isolation) in [
            ("workers", Isolation::Experiment),
            ("none", Isolation::None),
        ] {
            let research = Research::new(name).folder(folder).isolation(isolation);
            let _ = finish(research.experiment(leaves_daemon(&daemon)));
            let pid = fs::read_to_string(&daemon).unwrap().trim().parse().unwrap();
            assert!(!is_alive(pid), "{name}");
        }
        own.assert_alive();
    }),
];

/// A program that leaves a process outside its group, its session and its environment.
fn leaves_daemon(number: &Path) -> ExperimentBuilder {
    let number = number.to_str().unwrap();
    let daemon = format!("setsid sleep 1000 > /dev/null 2>&1 & echo $! > {number}");
    let words = ["env", "-i", "/bin/sh", "-c", &daemon].map(str::to_owned);
    let spec = ProgramSpec {
        output: OutputSpec::Text,
        ..ProgramSpec::new(Run::List(words.into()))
    };
    let command = ProgramCommand::new(&spec).unwrap();
    let body = UnitBody::Callable(Arc::new(ProgramCallable::new(command)));
    Experiment::builder().body("daemon", body, true, &[])
}

fn signal(pid: u32, signal: libc::c_int) {
    // SAFETY: it takes numbers only, and the process is one of this run.
    unsafe { libc::kill(pid.cast_signed(), signal) };
}

fn status(pid: u32, key: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().to_owned())
}

fn is_alive(pid: u32) -> bool {
    status(pid, "State:").is_some_and(|state| !state.starts_with('Z'))
}

/// Returns the process that forks workers: the first child of the leader that is not one of its
/// workers.
fn server_of(leader: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{leader}/task/{leader}/children")).unwrap();
    let first = children.split_whitespace().next().unwrap();
    let server = first.parse().unwrap();
    assert_ne!(server, parent_id());
    server
}

/// Returns the living processes of a program, found by the folder in their arguments.
fn family(folder: &Path) -> Vec<u32> {
    let mut family = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let words = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        if words.split('\0').any(|word| Path::new(word) == folder) && is_alive(pid) {
            family.push(pid);
        }
    }
    family
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{what} did not come"
        );
        thread::yield_now();
    }
}

/// Processes that the program has started itself: a child, and one that has left its session and
/// its environment.
struct Own {
    child: Child,
    daemon: Child,
}

impl Own {
    fn start() -> Self {
        let mut sleep = Command::new("sleep");
        let mut daemon = Command::new("env");
        daemon.args(["-i", "setsid", "sleep", "1000"]);
        Self {
            child: sleep.arg("1000").stdout(Stdio::null()).spawn().unwrap(),
            daemon: daemon.stdout(Stdio::null()).spawn().unwrap(),
        }
    }

    fn assert_alive(&self) {
        assert!(is_alive(self.child.id()) && is_alive(self.daemon.id()));
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        for child in [&mut self.child, &mut self.daemon] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
