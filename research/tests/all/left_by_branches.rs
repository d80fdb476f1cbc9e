//! Processes that branches have started in threads also end with the leader.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use research::domain::Config;
use research::{Context, Isolation, Research, UnitError, option};

const NAME: &str = "left-by-branches";

fn place() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(NAME)
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "waited in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Returns the sixth field of a process's status: its session.
fn session(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields = stat.rsplit(") ").next()?;
    (!fields.starts_with('Z')).then_some(())?;
    fields.split(' ').nth(3)?.parse().ok()
}

/// The leader, which the test below kills.
#[test]
#[ignore = "another test starts it"]
fn leader() {
    let study = Research::new(NAME)
        .in_memory()
        .domain(option("x", 0..2_i64))
        .branches(["a", "b"].map(|branch| Config::from_pairs([("branch", branch)])))
        .isolation(Isolation::Worker)
        .unit("start", |cx: &mut Context| -> Result<(), UnitError> {
            let child = Command::new("setsid").args(["sleep", "300"]).spawn()?;
            wait_for("the child to leave", || {
                session(child.id()).filter(|session| *session == child.id())
            });
            let x: i64 = cx.config_item("x")?;
            std::fs::write(place().join(format!("new-{x}")), child.id().to_string())?;
            std::fs::rename(
                place().join(format!("new-{x}")),
                place().join(x.to_string()),
            )?;
            loop {
                std::thread::park();
            }
        });
    let _ = study.run().unwrap();
}

#[test]
fn a_worker_whose_leader_is_killed_ends_what_its_branches_have_started() {
    let place = crate::common::folder(NAME);
    let mut leader = Command::new(std::env::current_exe().unwrap())
        .args([
            "left_by_branches::leader",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let children = ["0", "1"].map(|name| {
        let path = place.join(name);
        let child = wait_for(name, || std::fs::read_to_string(&path).ok());
        child.parse::<u32>().unwrap()
    });
    leader.kill().unwrap();
    leader.wait().unwrap();
    for child in children {
        wait_for("its end", || session(child).is_none().then_some(()));
    }
}
