//! A folder with research files and scripts, in which the program runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigHandler, Signal, signal};
use serde_json::Value;

/// The deadline of all waits, which no wait reaches unless the program is broken.
const DEADLINE: Duration = Duration::from_secs(60);

/// A unit that saves the parameter `x` as `shown`.
pub(crate) const SHOW: &str = r#"
[[unit]]
name = "show"
run = "echo {x}"
output = "number"
save_to = "shown"
"#;

/// Waits until `look` returns a value; panics at the deadline.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "timeout: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A research whose experiments wait for the file `gate`, except for the first ones.
pub(crate) struct Gated {
    pub(crate) name: &'static str,
    /// The number of experiments: the parameter `a` counts from 1.
    pub(crate) experiments: u32,
    /// The number of experiments that do not wait.
    pub(crate) immediate: u32,
    /// More shell code at the beginning of the unit.
    pub(crate) script: &'static str,
    /// More units of the research file.
    pub(crate) units: &'static str,
}

impl Gated {
    /// A research without additions.
    pub(crate) const fn new(name: &'static str, experiments: u32, immediate: u32) -> Self {
        Self {
            name,
            experiments,
            immediate,
            script: "",
            units: "",
        }
    }

    /// The research file.
    pub(crate) fn file(&self) -> String {
        let Self {
            name,
            experiments,
            units,
            ..
        } = self;
        let last = experiments + 1;
        format!(
            "name = \"{name}\"\nseed = 5\nworkers = 2\ndomain = \"a=range(1, {last})\"\n\
             [[unit]]\nname = \"u\"\nrun = \"./u.sh {{a}}\"\nsave_to = \"v\"\n{units}"
        )
    }

    /// Writes the research file and the script of its unit, which creates `begun.A` when it begins.
    /// Two workers run it.
    pub(crate) fn project(&self) -> Project {
        let (immediate, script) = (self.immediate, self.script);
        let project = Project::with(&self.file());
        project.script(
            "u.sh",
            &format!(
                "{script}\ntouch begun.$1\n\
                 [ $1 -le {immediate} ] || while ! [ -e gate ]; do sleep 0.01; done\n\
                 echo $1"
            ),
        );
        project
    }

    /// Runs the research until two experiments wait for the gate.
    pub(crate) fn run_to_gate<'p>(&self, project: &'p Project) -> Running<'p> {
        let running = project.start(&["run", "research.toml"]);
        for waiting in [self.immediate + 1, self.immediate + 2] {
            running.wait_for_file(&format!("begun.{waiting}"));
        }
        running
    }
}

/// A temporary folder with research files and scripts.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

/// The exit code and the output of a program.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    /// A folder with this research file as `research.toml`.
    pub(crate) fn with(file: &str) -> Self {
        let project = Self::new();
        project.write("research.toml", file);
        project
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

    /// Writes an executable shell script.
    pub(crate) fn script(&self, name: &str, text: &str) {
        self.write(name, &format!("#!/bin/sh\n{text}"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Allows all users to write to the folder.
    pub(crate) fn open_to_all(&self) {
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    }

    /// The names in the folder, hidden ones too.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// A command that runs the program in the folder, without input.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_research"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn research(&self, arguments: &[&str]) -> CommandOutput {
        let output = self.command(arguments).output().unwrap();
        CommandOutput {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs `research.toml`, which must succeed.
    pub(crate) fn run(&self, flags: &[&str]) -> CommandOutput {
        let done = self.research(&[&["run", "research.toml"], flags].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
        done
    }

    pub(crate) fn results(&self, name: &str, flags: &[&str]) -> String {
        let done = self.research(&[&["results", name], flags].concat());
        assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{done:?}");
        done.stdout
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
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// Starts the program in its own process group, as a shell does.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running<'_> {
        self.start_command(self.command(arguments))
    }

    /// Starts another command in the folder.
    pub(crate) fn start_command(&self, mut command: Command) -> Running<'_> {
        let command = command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // SAFETY: the closure only calls `signal`, which is allowed between fork and exec.
        unsafe {
            command.pre_exec(|| {
                // Under `nohup` the signal is ignored, and the program would inherit that.
                signal(Signal::SIGHUP, SigHandler::SigDfl)?;
                Ok(())
            });
        }
        Running {
            project: self,
            child: Some(command.process_group(0).spawn().unwrap()),
        }
    }

    /// The processes that run in the folder: the program, its workers, and their child processes.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let folder = fs::canonicalize(self.folder.path()).unwrap();
        let entries = fs::read_dir("/proc").unwrap();
        entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let pid = entry.file_name().to_str()?.parse().ok()?;
                // A process that has ended, or that belongs to another user, has no readable link.
                let current = fs::read_link(entry.path().join("cwd")).ok()?;
                (current == folder).then_some(pid)
            })
            .collect()
    }

    /// Waits until no process runs in the folder.
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

/// A running program, which is killed when the test ends.
pub(crate) struct Running<'p> {
    project: &'p Project,
    child: Option<Child>,
}

impl Running<'_> {
    /// Waits for a status, and returns it.
    pub(crate) fn status_when(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_for("a status", || {
            if !self.project.path(name).join("research.json").exists() {
                return None;
            }
            Some(self.project.status(name)).filter(|status| wanted(status))
        })
    }

    /// Waits for a file.
    pub(crate) fn wait_for_file(&self, name: &str) {
        wait_for(name, || self.project.path(name).exists().then_some(()));
    }

    /// Waits until the log of the research contains `text`.
    pub(crate) fn wait_for_log(&self, name: &str, text: &str) {
        let log = self.project.path(name).join("research.log");
        wait_for(text, || {
            // The run may not have created it yet.
            let log = fs::read_to_string(&log).unwrap_or_default();
            log.contains(text).then_some(())
        });
    }

    /// Waits for the end of the program's thread with this name.
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

    /// Whether the program has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// Suspends the program, as Ctrl-Z does, and waits until it is suspended.
    pub(crate) fn suspend(&self) {
        self.signal("STOP");
        let stat = format!("/proc/{}/stat", self.child.as_ref().unwrap().id());
        wait_for("the program to stop", || {
            let stat = fs::read_to_string(&stat).unwrap();
            stat.contains(") T ").then_some(())
        });
    }

    /// Sends a signal to the process group of the program, as a terminal does.
    pub(crate) fn signal_group(&self, signal: &str) {
        let group = format!("-{}", self.child.as_ref().unwrap().id());
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), "--", &group])
            .status();
        assert!(sent.unwrap().success(), "{signal} to {group}");
    }

    /// The workers, and other processes of the same program in the folder.
    pub(crate) fn other_processes_of_the_program(&self) -> Vec<u32> {
        let program = Path::new(env!("CARGO_BIN_EXE_research")).canonicalize();
        let program = program.unwrap();
        let mut processes = self.project.processes();
        processes.retain(|pid| {
            let executed = fs::read_link(format!("/proc/{pid}/exe"));
            executed.is_ok_and(|executed| executed == program)
                && *pid != self.child.as_ref().unwrap().id()
        });
        assert!(!processes.is_empty(), "no worker is running");
        processes
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: &str) {
        send(signal, self.child.as_ref().unwrap().id());
    }

    /// Waits for the end of the program, and returns its output.
    pub(crate) fn end(mut self) -> CommandOutput {
        let child = self.child.as_mut().unwrap();
        wait_for("the end of the program", || child.try_wait().unwrap());
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        CommandOutput {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
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
