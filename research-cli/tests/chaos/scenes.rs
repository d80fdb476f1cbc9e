//! Rare situations: each scene is a study and its disturbance.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigHandler, SigSet, Signal, kill, raise, signal};
use nix::unistd::{Pid, getpid, getppid};
use research::base::Event;
use research::{CompletedRun, Context, Isolation, Research, UnitError, option};

use crate::processes::{self, MARK};

/// The deadline of all waits.
const BOUND: Duration = Duration::from_secs(20);

type Play = fn(&mut Scene) -> Result<(), String>;

const SCENES: [(&str, Play); 11] = [
    ("left-behind", left_behind),
    ("left-behind-worker", left_behind),
    ("stopped-worker", |scene| scene.end_at_second_signal()),
    ("deaf-worker", |scene| scene.end_at_second_signal()),
    ("no-hangup", no_hangup),
    ("after-run", after_run),
    ("third-signal", third_signal),
    ("dead-ready-executor", |scene| scene.complete()),
    ("no-child-signal", |scene| scene.complete()),
    ("open-files", |scene| scene.complete()),
    ("flat", |scene| scene.complete()),
];

/// Runs all scenes, and returns the names of those that failed.
pub(crate) fn play_all(folder: impl Fn(&str) -> std::path::PathBuf) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for (name, play) in SCENES {
        let mut scene = Scene::begin(name, folder(name));
        let result = play(&mut scene).and_then(|()| processes::wait_for_end(&scene.mark));
        if let Err(problem) = result {
            println!("scene {name}: {problem}");
            failed.push(name);
            scene.clear();
        }
    }
    failed
}

struct Scene {
    name: &'static str,
    leader: Child,
    folder: std::path::PathBuf,
    mark: String,
}

/// Starts the leader of a scene.
fn lead(name: &str, folder: &Path, mark: &str) -> Child {
    // The leader ignores hang-ups, as under `nohup`.
    let trap = if name == "no-hangup" {
        "trap '' HUP;"
    } else {
        ""
    };
    Command::new("sh")
        .args(["-c", &format!("{trap} exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["scene", name])
        .arg(folder)
        .env(MARK, mark)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

impl Scene {
    fn begin(name: &'static str, folder: std::path::PathBuf) -> Self {
        let mark = format!("{}-{name}", std::process::id());
        Self {
            leader: lead(name, &folder, &mark),
            name,
            folder,
            mark,
        }
    }

    /// Resumes the research of a leader that has ended.
    fn resume(&mut self) {
        fs::write(self.folder.join("go"), "").unwrap();
        self.leader = lead(self.name, &self.folder, &self.mark);
    }

    /// Waits until the study has written this file, and returns its content.
    fn told(&self, name: &str) -> Result<String, String> {
        let path = self.folder.join(name);
        until(name, || fs::read_to_string(&path).ok())
    }

    fn signal(&self, signal: Signal) {
        let leader = Pid::from_raw(i32::try_from(self.leader.id()).unwrap());
        kill(leader, signal).unwrap();
    }

    fn end(&mut self) -> Result<ExitStatus, String> {
        let leader = &mut self.leader;
        until("the leader's end", || leader.try_wait().unwrap())
    }

    fn complete(&mut self) -> Result<(), String> {
        let status = self.end()?;
        status.success().then_some(()).ok_or(format!("{status}"))
    }

    /// The worker that wrote its pid does not end by itself.
    fn end_at_second_signal(&mut self) -> Result<(), String> {
        let worker = self.told("pid")?;
        if self.name == "stopped-worker" {
            until_stopped(&worker)?;
        }
        self.signal(Signal::SIGINT);
        self.signal(Signal::SIGTERM);
        let status = self.end()?;
        (status.code() == Some(130))
            .then_some(())
            .ok_or(format!("{status}"))
    }

    fn clear(&mut self) {
        for process in processes::marked(&self.mark) {
            // The process may have ended.
            let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
        }
        let _ = self.leader.wait();
    }
}

/// A run that was started to ignore hang-ups survives one.
fn no_hangup(scene: &mut Scene) -> Result<(), String> {
    scene.told("pid")?;
    scene.signal(Signal::SIGHUP);
    fs::write(scene.folder.join("go"), "").unwrap();
    scene.complete()
}

/// Leader and worker are killed at once after a child of a unit has left its group: only the next
/// run can kill it. The leader is stopped first, so that it does not react to the end of the
/// worker.
fn left_behind(scene: &mut Scene) -> Result<(), String> {
    let child = scene.told("child")?;
    let worker: i32 = scene.told("worker")?.parse().unwrap();
    scene.signal(Signal::SIGSTOP);
    until_stopped(&scene.leader.id().to_string())?;
    kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
    scene.signal(Signal::SIGKILL);
    scene.end()?;
    let mark = &scene.mark;
    until("the end of all but the child", || {
        let left = processes::marked(mark);
        matches!(left.as_slice(), [one] if one.pid.to_string() == child).then_some(())
    })?;
    scene.resume();
    scene.complete()
}

/// After a run, Ctrl-C ends the program again.
fn after_run(scene: &mut Scene) -> Result<(), String> {
    use std::os::unix::process::ExitStatusExt;
    scene.told("done")?;
    scene.signal(Signal::SIGINT);
    let status = scene.end()?;
    (status.signal() == Some(libc::SIGINT))
        .then_some(())
        .ok_or(format!("{status}"))
}

/// A leader that hangs in its own unit ends at the third signal.
fn third_signal(scene: &mut Scene) -> Result<(), String> {
    use std::os::unix::process::ExitStatusExt;
    scene.told("pid")?;
    for signal in [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM] {
        scene.signal(signal);
    }
    let status = scene.end()?;
    status.signal().map(|_| ()).ok_or(format!("{status}"))
}

/// Waits until a process is stopped.
fn until_stopped(pid: &str) -> Result<(), String> {
    let stat = format!("/proc/{pid}/stat");
    let is_stopped = || fs::read_to_string(&stat).unwrap().contains(") T ");
    until("the stop", || is_stopped().then_some(()))
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T, String> {
    let start = Instant::now();
    while start.elapsed() < BOUND {
        if let Some(found) = look() {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Err(format!("waiting too long for {what}"))
}

/// The program of a scene: its leader and its workers.
pub(crate) fn main(name: &str, folder: &Path) -> i32 {
    if name == "no-child-signal" {
        // SAFETY: no function is called at the signal.
        unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }.unwrap();
    }
    let here = folder.to_owned();
    let study = Research::new(name).folder(folder);
    let study = match name {
        "stopped-worker" => {
            study
                .isolation(Isolation::Worker)
                .unit("stop", move |_: &mut Context| {
                    tell(&here, "pid", getpid().as_raw());
                    Ok(raise(Signal::SIGSTOP)?)
                })
        }
        "deaf-worker" => study.isolation(Isolation::Worker).unit(
            "hear nothing",
            move |_: &mut Context| -> Result<(), UnitError> {
                SigSet::all().thread_block()?;
                tell(&here, "pid", getpid().as_raw());
                for_ever()
            },
        ),
        "left-behind" => study.unit("start", move |_: &mut Context| {
            leave_a_child(&here, getppid().as_raw())
        }),
        "left-behind-worker" => study
            .isolation(Isolation::Worker)
            .unit("start", move |_: &mut Context| {
                leave_a_child(&here, getpid().as_raw())
            }),
        "third-signal" => study.isolation(Isolation::None).unit(
            "continue",
            move |_: &mut Context| -> Result<(), UnitError> {
                tell(&here, "pid", getpid().as_raw());
                for_ever()
            },
        ),
        "no-hangup" => study.unit("wait", move |_: &mut Context| {
            tell(&here, "pid", getpid().as_raw());
            Ok(until("go", || here.join("go").exists().then_some(()))?)
        }),
        "dead-ready-executor" => {
            std::thread::spawn(|| for_ever());
            study
                .domain(option("x", 0..4_i64))
                .unit("kill the next", kill_the_next)
        }
        // One experiment runs a program in its own process, and another a forked executor.
        "no-child-signal" => {
            study
                .domain(option("x", 0..3_i64))
                .unit("start", |_: &mut Context| {
                    let status = Command::new("true").status()?;
                    Ok(status.success())
                })
        }
        "open-files" => study
            .domain(option("x", 0..3_i64))
            .unit("look", |_: &mut Context| open_files_of_a_program()),
        "flat" => study
            .domain(option("x", 0..2000_i64))
            .workers(2)
            .unit("measure", move |cx: &mut Context| measure(cx, &here)),
        _ => study.unit("nothing", |_: &mut Context| Ok(0)),
    };
    let begun = match folder.join(name).exists() && !is_worker() {
        true => study.resume(),
        false => study.run(),
    };
    let finished = match begun {
        Ok(finished) => finished,
        Err(error) => {
            eprintln!("{error}");
            return 3;
        }
    };
    if name == "after-run" {
        tell(folder, "done", 1);
        for_ever()
    }
    match finished.report().unwrap().outcome {
        research::Outcome::Complete => i32::from(!went_well(&finished)),
        _ => 130,
    }
}

/// All experiments succeeded, and no worker was lost.
fn went_well(finished: &CompletedRun) -> bool {
    let mut lost = false;
    let see = |event: &Event| lost |= matches!(event, Event::WorkerLost { .. });
    finished.for_each_event(see).unwrap();
    !lost && finished.report().unwrap().counts.unsuccessful() == 0
}

fn is_worker() -> bool {
    research::exec::WorkerBootstrap::received().is_some()
}

/// Starts a child that leaves its group; continues on request.
fn leave_a_child(folder: &Path, worker: i32) -> Result<(), UnitError> {
    if folder.join("go").exists() {
        return Ok(());
    }
    let child = Command::new("setsid").args(["sleep", "300"]).spawn()?;
    let child = i32::try_from(child.id())?;
    let stat = format!("/proc/{child}/stat");
    // The session is the sixth field. A child that leads a session has its own pid there.
    until("the child to leave", || {
        let stat = fs::read_to_string(&stat).ok()?;
        let session = stat.rsplit(") ").next()?.split(' ').nth(3)?;
        (session == child.to_string()).then_some(())
    })?;
    tell(folder, "child", child);
    tell(folder, "worker", worker);
    for_ever()
}

fn for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

/// Writes a file atomically.
fn tell(folder: &Path, name: &str, number: i32) {
    let new = folder.join("new");
    fs::write(&new, number.to_string()).unwrap();
    fs::rename(new, folder.join(name)).unwrap();
}

/// Kills the executor that is kept ready for the next experiment, once it exists.
fn kill_the_next(cx: &mut Context) -> Result<i32, UnitError> {
    if cx.config_item::<i64>("x")? > 0 {
        return Ok(0);
    }
    let is_next = |pid: &i32| *pid != getpid().as_raw();
    let next = until("the next", || {
        children(getppid().as_raw()).into_iter().find(is_next)
    })?;
    kill(Pid::from_raw(next), Signal::SIGKILL)?;
    // The worker reaps it at once if it was just being started.
    let is_ended = || {
        let stat = fs::read_to_string(format!("/proc/{next}/stat"));
        let threads = fs::read_dir(format!("/proc/{next}/task"));
        // The other threads may hold its channel open for longer.
        let is_last = threads.map_or(true, |threads| threads.count() <= 1);
        stat.map_or(true, |stat| stat.contains(") Z ") && is_last)
    };
    until("its end", || is_ended().then_some(()))?;
    Ok(next)
}

/// Checks that a program that a unit starts has only its standard streams open, and the descriptor
/// of the listing; channels of the run are closed.
fn open_files_of_a_program() -> Result<String, UnitError> {
    let output = Command::new("ls").arg("-l").arg("/proc/self/fd").output()?;
    let listed = String::from_utf8(output.stdout)?;
    match listed
        .lines()
        .filter(|line| line.contains("socket:"))
        .count()
    {
        0 => Ok(listed),
        _ => Err(listed.into()),
    }
}

/// The children of all threads of a process.
fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let lists = threads.map(|thread| fs::read_to_string(thread.path().join("children")));
    let lists: Vec<String> = lists.flatten().collect();
    lists
        .join(" ")
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

/// Compares the files, threads and children of leader and worker after a hundred experiments with
/// those that they have later.
fn measure(cx: &mut Context, folder: &Path) -> Result<(), UnitError> {
    let x: i64 = cx.config_item("x")?;
    if x < 100 || x % 100 != 0 {
        return Ok(());
    }
    let worker = getppid().as_raw();
    let stat = fs::read_to_string(format!("/proc/{worker}/stat"))?;
    let leader: i32 = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.split(' ').nth(1))
        .unwrap_or("")
        .parse()?;
    for pid in [worker, leader] {
        let count = |part: &str| -> std::io::Result<usize> {
            Ok(fs::read_dir(format!("/proc/{pid}/{part}"))?.count())
        };
        let all = count("fd")? + count("task")? + children(pid).len();
        let before = folder.join(format!("open-{pid}"));
        match fs::read_to_string(&before) {
            // The writer sometimes opens a file for a moment.
            Ok(before) if all > before.parse::<usize>()? + 2 => {
                return Err(format!("{before} and now {all} files, threads and children").into());
            }
            Ok(_) => {}
            Err(_) => fs::write(&before, all.to_string())?,
        }
    }
    Ok(())
}
