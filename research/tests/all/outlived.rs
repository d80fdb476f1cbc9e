//! Branches of different duration: those that have ended are not run again, whichever process is
//! killed.

use std::fs::{OpenOptions, read_to_string, write};
use std::io::Write;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::common::is_worker;
use research::{
    CompletedRun, Context, ExecutorTarget, Research, Results, Shared, Status, UnitError, option, r,
};

/// The environment variable with the task of the leader's process.
const RESUMES: &str = "OUTLIVED_RESUMES";

fn kill(pid: &str) -> Result<(), UnitError> {
    let command = format!("kill -9 {pid}");
    Command::new("sh").args(["-c", &command]).status()?;
    Ok(())
}

/// Waits until the log has the ends of two experiments.
fn wait_for_two(cx: &mut Context) -> Result<(), UnitError> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) {
        let results: Shared<Results> = cx.read(&r())?;
        let ended = results.experiments().filter(|one| one.status.is_some());
        if ended.count() == 2 {
            return Ok(());
        }
        std::thread::yield_now();
    }
    Err(UnitError::new("the ends of two experiments did not come"))
}

/// A task of three experiments, two of which end by themselves. Then the last one has a process
/// killed, once.
fn study(
    folder: &Path,
    target: ExecutorTarget,
    kill: fn(&Path) -> Result<(), UnitError>,
) -> Research {
    let begun = folder.to_owned();
    let place = folder.to_owned();
    Research::new("study")
        .folder(folder)
        .domain(option("x", 0..3_i64))
        .branches(3)
        .executor_target(target)
        .seed(1)
        .generator("steps", move |cx: &mut Context| {
            let x = cx.config_item::<i64>("x")?;
            let path = begun.join(format!("begun-{x}"));
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            file.write_all(b"*")?;
            Ok(0..if x < 2 { x + 2 } else { 9 })
        })
        .save_to("step")
        .unit("kill", move |cx: &mut Context| {
            let killed = place.join("killed");
            if cx.config_item::<i64>("x")? < 2 || cx.iteration() < 5 || killed.exists() {
                return Ok(());
            }
            wait_for_two(cx)?;
            write(killed, "")?;
            kill(&place)?;
            loop {
                std::thread::park();
            }
        })
}

fn assert_that_the_last_alone_ran_again(folder: &Path, finished: &CompletedRun) {
    let results = finished.results().load().unwrap();
    assert!(
        results
            .experiments()
            .all(|one| one.status == Some(Status::Stopped))
    );
    let steps = results.experiments().map(|one| {
        let steps = one.variable("step").unwrap();
        (steps.column().len(), one.attempt)
    });
    assert_eq!(steps.collect::<Vec<_>>(), [(2, 1), (3, 1), (9, 2)]);
    let begun = [0, 1, 2].map(|x| read_to_string(folder.join(format!("begun-{x}"))).unwrap());
    assert_eq!(begun, ["*", "*", "**"]);
}

#[test]
fn a_worker_that_is_killed_takes_only_what_still_ran() {
    let targets = [ExecutorTarget::For, ExecutorTarget::Threads];
    let all = targets.map(|target| {
        let folder = crate::common::folder(&format!("outlived-{target:?}"));
        let kill_worker = |_: &Path| kill(&parent_id().to_string());
        let finished = study(&folder, target, kill_worker).run().unwrap();
        (folder, finished)
    });
    for (folder, finished) in all {
        assert_that_the_last_alone_ran_again(&folder, &finished);
    }
}

fn place() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("outlived-by-leader")
}

/// The leader, which the test below kills twice.
#[test]
#[ignore = "another test starts it"]
fn leader() {
    let place = place();
    if !is_worker() {
        write(place.join("leader"), std::process::id().to_string()).unwrap();
    }
    let kill_leader = |place: &Path| kill(&read_to_string(place.join("leader"))?);
    let study = study(&place, ExecutorTarget::Threads, kill_leader);
    if std::env::var_os(RESUMES).is_some() {
        let finished = study.resume().unwrap();
        assert_that_the_last_alone_ran_again(&place, &finished);
    } else {
        let _ = study.run().unwrap();
    }
}

fn lead(resumes: bool) -> ExitStatus {
    let mut leader = Command::new(std::env::current_exe().unwrap());
    leader
        .args(["outlived::leader", "--exact", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if resumes {
        leader.env(RESUMES, "1");
    }
    leader.status().unwrap()
}

#[test]
fn a_leader_that_is_killed_takes_only_what_still_ran() {
    crate::common::folder("outlived-by-leader");
    assert!(!lead(false).success());
    assert!(place().join("killed").exists());
    assert!(lead(true).success());
}
