//! The usage that experiments with code report when they end.

use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use research::base::events::ResourceUsage;
use research::{Context, Isolation, Research, UnitError, option};

use crate::Test;
use crate::programs::{Program, finish, start, stderr, thread_if_asked};

const MB: u64 = 1 << 20;

/// The processor time that experiments use, in seconds.
const BURNT: f64 = 0.2;

pub(crate) const TESTS: &[Test] = &[
    ("usage::of_forked_executors", || {
        let (_, output) = start("usage-of-executors", &[]);
        assert!(output.status.success(), "{}", stderr(&output));
    }),
    ("usage::of_executed_executors", || {
        let (_, output) = start("usage-of-executors", &["threads"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }),
    ("usage::of_experiments_that_share_a_worker", || {
        let (_, output) = start("usage-of-workers", &[]);
        assert!(output.status.success(), "{}", stderr(&output));
    }),
];

pub(crate) const PROGRAMS: &[Program] = &[
    ("usage-of-executors", |folder, rest| {
        thread_if_asked(rest);
        let tasks = [
            "grow",
            "burn",
            "burn-in-child",
            "exit",
            "kill",
            "kill-parent",
        ];
        let used = usage(folder, "executors", &tasks, Isolation::Experiment, None);
        let [grow, burn, in_child, exit, kill, parent] = *used else {
            panic!("one end for each experiment")
        };
        let peak = grow.peak_memory.unwrap();
        assert!((200 * MB..400 * MB).contains(&peak), "{grow:?}");
        assert!(burn.peak_memory < Some(200 * MB), "{burn:?}");
        // The worker adopted the child of the last one.
        for used in [burn, in_child, exit, kill, parent] {
            assert!(used.peak_memory.is_none_or(|peak| peak > MB), "{used:?}");
            assert!(used.cpu_seconds >= Some(BURNT), "{used:?}");
            assert!(used.cpu_seconds < Some(60.0), "{used:?}");
        }
        assert_eq!(exit.exit_code, Some(3));
        for used in [grow, burn, in_child, kill, parent] {
            assert_eq!(used.exit_code, None);
        }
        let timeout = Some(Duration::from_millis(100));
        let late = usage(folder, "late", &["wait"], Isolation::Experiment, timeout);
        assert!(late[0].peak_memory > Some(MB), "{late:?}");
        assert!(late[0].cpu_seconds < Some(60.0) && late[0].cpu_seconds.is_some());
    }),
    ("usage-of-workers", |folder, _| {
        let tasks = ["grow", "nothing", "burn"];
        let used = usage(folder, "workers", &tasks, Isolation::Worker, None);
        let [grow, nothing, burn] = *used else {
            panic!("one end for each experiment")
        };
        assert!(grow.peak_memory >= Some(200 * MB), "{grow:?}");
        // The peak belongs to an earlier experiment of the process.
        assert_eq!(nothing.peak_memory, None);
        assert!(nothing.cpu_seconds < Some(BURNT), "{nothing:?}");
        assert!(burn.cpu_seconds >= Some(BURNT), "{burn:?}");
        assert!(burn.cpu_seconds < Some(60.0), "{burn:?}");
        // The leader does other work in the same process.
        let used = usage(folder, "none", &["grow"], Isolation::None, None);
        assert_eq!(*used, [ResourceUsage::default()]);
    }),
    ("burns", |_, _| {
        burn();
        println!("burnt");
        let _ = std::io::stdin().read_line(&mut String::new());
    }),
];

/// Returns the usage of an experiment for each of these tasks.
fn usage(
    folder: &Path,
    name: &str,
    tasks: &[&str],
    isolation: Isolation,
    timeout: Option<Duration>,
) -> Box<[ResourceUsage]> {
    let place = folder.to_owned();
    let mut research = Research::new(name)
        .folder(folder)
        .domain(option("task", tasks))
        .isolation(isolation)
        .unit("work", move |cx: &mut Context| {
            let task: String = cx.config_item("task")?;
            work(&task, &place)
        });
    if let Some(timeout) = timeout {
        research = research.unit_timeout(timeout);
    }
    let finished = finish(research);
    let results = finished.results().load().unwrap();
    let mut used: Vec<_> = results.experiments().collect();
    used.sort_by_key(|one| one.record.place);
    used.into_iter().map(|one| one.usage).collect()
}

fn work(task: &str, folder: &Path) -> Result<(), UnitError> {
    let child = |stdin| {
        Command::new(std::env::current_exe().unwrap())
            .args(["program", "burns"])
            .arg(folder)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .spawn()
    };
    match task {
        "grow" => drop(black_box(vec![1_u8; 200 << 20])),
        "burn" => burn(),
        "burn-in-child" => drop(child(Stdio::null())?.wait_with_output()?),
        "exit" => {
            burn();
            std::process::exit(3);
        }
        "kill" => {
            burn();
            kill();
        }
        "kill-parent" => {
            let mut child = child(Stdio::piped())?;
            let output = child.stdout.as_mut().unwrap();
            BufReader::new(output).read_line(&mut String::new())?;
            kill();
        }
        "wait" => loop {
            std::thread::park();
        },
        _ => {}
    }
    Ok(())
}

fn kill() {
    // SAFETY: it takes numbers only.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

fn burn() {
    let used = || {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the call writes a valid structure.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let before = used();
    // The clocks differ slightly: the process may show a little less time than its thread.
    while used() < before + BURNT * 1.1 {
        black_box((0..10_000_u64).sum::<u64>());
    }
}
