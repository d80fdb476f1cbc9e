//! A folder with research files and scripts, and the program run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigHandler, Signal, signal};
use serde_json::Value;

/// Nothing that is waited for here takes longer, on any machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// A unit that saves the parameter `x` as `shown`.
pub(crate) const SHOW: &str = r#"
[[unit]]
name = "show"
run = "echo {x}"
output = "number"
save_to = "shown"
"#;

/// Waits until there is something, and fails where it never is.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A folder that goes away with the test.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    /// A folder with this research file, called `research.toml`.
    pub(crate) fn with(file: &str) -> Self {
        let place = Self::new();
        place.write("research.toml", file);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A shell script that can be executed.
    pub(crate) fn script(&self, name: &str, text: &str) {
        self.write(name, &format!("#!/bin/sh\n{text}"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Lets every user write in the folder.
    pub(crate) fn open_to_all(&self) {
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    }

    /// The names in the folder, hidden ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// A command that runs the program in the folder, with nobody at the keyboard.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_research"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn research(&self, arguments: &[&str]) -> Done {
        let output = self.command(arguments).output().unwrap();
        Done {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs `research.toml` to its end, without a failure.
    pub(crate) fn run(&self, flags: &[&str]) -> Done {
        let done = self.research(&[&["run", "research.toml"], flags].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
        done
    }

    pub(crate) fn results(&self, name: &str, flags: &[&str]) -> String {
        let done = self.research(&[&["results", name], flags].concat());
        assert_eq!((done.code, &*done.err), (Some(0), ""), "{done:?}");
        done.out
    }

    /// The results as CSV without the ids.
    pub(crate) fn table(&self, name: &str) -> String {
        let csv = self.results(name, &["--format", "csv"]);
        let lines = csv.lines().map(|line| line.split_once(',').unwrap().1);
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn status(&self, name: &str) -> Value {
        let done = self.research(&["status", name, "--format", "json"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        serde_json::from_str(&done.out).unwrap()
    }

    /// Starts the program, and leaves it running, in a process group of its own as a shell does.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running<'_> {
        self.start_command(self.command(arguments))
    }

    /// The same for another command, which is run in the folder too.
    pub(crate) fn start_command(&self, mut command: Command) -> Running<'_> {
        let command = command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // SAFETY: between fork and exec it calls nothing but `signal`, which may be called there.
        unsafe {
            command.pre_exec(|| {
                // Tests that are run by `nohup` ignore it, and so would the program.
                signal(Signal::SIGHUP, SigHandler::SigDfl)?;
                Ok(())
            });
        }
        Running {
            place: self,
            child: Some(command.process_group(0).spawn().unwrap()),
        }
    }

    /// The processes that run in the folder: the program, its workers, and what they started.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let folder = fs::canonicalize(self.folder.path()).unwrap();
        let entries = fs::read_dir("/proc").unwrap();
        entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let pid = entry.file_name().to_str()?.parse().ok()?;
                // A process that has ended, or is another's, shows no folder.
                let current = fs::read_link(entry.path().join("cwd")).ok()?;
                (current == folder).then_some(pid)
            })
            .collect()
    }

    /// Waits until nothing runs in the folder any more.
    pub(crate) fn wait_for_silence(&self) {
        wait_for("the end of all processes", || {
            self.processes().is_empty().then_some(())
        });
    }
}

/// The names in a folder, hidden ones too.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A program that runs; it is killed if the test ends before it does.
pub(crate) struct Running<'p> {
    place: &'p Place,
    child: Option<Child>,
}

impl Running<'_> {
    /// Waits until the status of a research is as wanted, and gives it.
    pub(crate) fn status_when(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_for("a status", || {
            if !self.place.path(name).join("research.json").exists() {
                return None;
            }
            Some(self.place.status(name)).filter(|status| wanted(status))
        })
    }

    /// Waits for a file.
    pub(crate) fn wait_for_file(&self, name: &str) {
        wait_for(name, || self.place.path(name).exists().then_some(()));
    }

    /// Waits until it has said something on standard error that it keeps in the log.
    pub(crate) fn wait_for_log(&self, name: &str, text: &str) {
        let log = self.place.path(name).join("research.log");
        wait_for(text, || {
            // The run may not have made it yet.
            let log = fs::read_to_string(&log).unwrap_or_default();
            log.contains(text).then_some(())
        });
    }

    /// Waits until it has no thread of this name.
    pub(crate) fn wait_for_end_of_thread(&self, name: &str) {
        let tasks = format!("/proc/{}/task", self.child.as_ref().unwrap().id());
        let is_it = |task: std::fs::DirEntry| {
            let found = std::fs::read_to_string(task.path().join("comm"));
            found.is_ok_and(|found| found.trim_end() == name)
        };
        wait_for("the end of a thread", || {
            let mut tasks = std::fs::read_dir(&tasks).unwrap().flatten();
            (!tasks.any(is_it)).then_some(())
        });
    }

    /// Whether it is over.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// Stops it, as Ctrl-Z does, and waits until it stands still.
    pub(crate) fn suspend(&self) {
        self.signal("STOP");
        let stat = format!("/proc/{}/stat", self.child.as_ref().unwrap().id());
        wait_for("the program to stop", || {
            let stat = fs::read_to_string(&stat).unwrap();
            stat.contains(") T ").then_some(())
        });
    }

    /// Sends a signal to its process group, as a terminal does.
    pub(crate) fn signal_group(&self, signal: &str) {
        let group = format!("-{}", self.child.as_ref().unwrap().id());
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), "--", &group])
            .status();
        assert!(sent.unwrap().success(), "{signal} to {group}");
    }

    /// The workers, and what else runs the same program in the folder.
    pub(crate) fn other_processes_of_the_program(&self) -> Vec<u32> {
        let program = Path::new(env!("CARGO_BIN_EXE_research")).canonicalize();
        let program = program.unwrap();
        let mut processes = self.place.processes();
        processes.retain(|pid| {
            let executed = fs::read_link(format!("/proc/{pid}/exe"));
            executed.is_ok_and(|executed| executed == program)
                && *pid != self.child.as_ref().unwrap().id()
        });
        assert!(!processes.is_empty(), "no worker is running");
        processes
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        send(signal, self.child.as_ref().unwrap().id());
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Done {
        let child = self.child.as_mut().unwrap();
        wait_for("the end of the program", || child.try_wait().unwrap());
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        Done {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal to a process.
pub(crate) fn send(signal: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .status();
    assert!(sent.unwrap().success(), "{signal} to {pid}");
}
