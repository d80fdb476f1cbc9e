//! Changes that another process makes to the folder of a research while it runs.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use crate::processes::MARK;
use crate::random::Random;

/// The name of the research.
const NAME: &str = "chaos";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intrusion {
    /// The folder is copied, and commands that would end a run are called on the copy.
    Copy,
    RemoveLog,
    EmptyLog,
    ReplaceLog,
    RemoveFolder,
}

impl Intrusion {
    pub(crate) fn draw(random: &mut Random) -> Self {
        random.pick(&[
            Self::Copy,
            Self::Copy,
            Self::RemoveLog,
            Self::EmptyLog,
            Self::ReplaceLog,
            Self::RemoveFolder,
        ])
    }
}

/// Changes the folder of a research while its leader has the log open, so that the leader must
/// detect it. Returns false if the leader has not opened the log yet, or has closed it.
pub(crate) fn intrude(intrusion: Intrusion, folder: &Path, mark: &str, leader: i32) -> bool {
    if intrusion == Intrusion::Copy {
        let is_there = folder.join(NAME).exists();
        if is_there {
            copy(folder, mark);
        }
        return is_there;
    }
    let leader = Pid::from_raw(leader);
    if !writes_log(leader, folder) {
        return false;
    }
    // A leader that cannot be signalled has ended.
    let _ = kill(leader, Signal::SIGSTOP);
    // All its threads are stopped then. `WNOWAIT` leaves its end to later waits.
    let flags = WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    waitid(Id::Pid(leader), flags).unwrap();
    let done = writes_log(leader, folder) && take_log(intrusion, folder).is_ok();
    let _ = kill(leader, Signal::SIGCONT);
    done
}

/// Whether a process has the log open for writing. A leader has it open until its last check.
fn writes_log(leader: Pid, folder: &Path) -> bool {
    let log = folder.join(NAME).join("events.log");
    let Ok(descriptors) = fs::read_dir(format!("/proc/{leader}/fd")) else {
        return false;
    };
    descriptors.flatten().any(|descriptor| {
        let leads_to_log = fs::read_link(descriptor.path()).is_ok_and(|path| path == log);
        let number = descriptor.file_name();
        let info = format!("/proc/{leader}/fdinfo/{}", number.to_string_lossy());
        leads_to_log && fs::read_to_string(info).is_ok_and(|info| is_writable(&info))
    })
}

/// Whether a descriptor is writable, according to its entry in `/proc`.
fn is_writable(info: &str) -> bool {
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & libc::O_ACCMODE != libc::O_RDONLY)
}

/// Removes the log of a stopped leader.
fn take_log(intrusion: Intrusion, folder: &Path) -> io::Result<()> {
    let research = folder.join(NAME);
    let log = research.join("events.log");
    match intrusion {
        Intrusion::Copy => {}
        Intrusion::RemoveLog => fs::remove_file(&log)?,
        Intrusion::EmptyLog => File::options().write(true).open(&log)?.set_len(0)?,
        Intrusion::ReplaceLog => {
            let new = folder.join("new.log");
            fs::copy(&log, &new)?;
            fs::rename(&new, &log)?;
        }
        Intrusion::RemoveFolder => {
            // Files that workers write meanwhile may keep the folder, but not the log.
            while fs::remove_dir_all(&research).is_err() && log.exists() {}
        }
    }
    Ok(())
}

/// Calls commands on a copy of the run, which must not end the run.
fn copy(folder: &Path, mark: &str) {
    let copy = folder.join("copy");
    // The copy exists if this has happened before.
    let _ = fs::remove_dir_all(&copy);
    let copied = Command::new("cp")
        .arg("-a")
        .args([folder.join(NAME), copy])
        .stderr(Stdio::null())
        .status();
    // Files change meanwhile, which `cp` reports as errors.
    assert!(copied.unwrap().code().is_some());
    for arguments in [
        ["stop", "copy", "--kill", "-y"],
        ["remove", "copy", "--force", "-y"],
    ] {
        let asked = Command::new(env!("CARGO_BIN_EXE_research"))
            .args(arguments)
            .current_dir(folder)
            .env(MARK, mark)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(asked.unwrap().code().is_some(), "{arguments:?}");
    }
}

/// Recovers from the removal of a log. If the run has saved the log, it is restored as a user would
/// restore it; if the run was killed before it detected the loss, the research starts again.
/// Returns which of these happened.
pub(crate) fn recover(folder: &Path) -> &'static str {
    let research = folder.join(NAME);
    let recovered = folder.join(format!("{NAME}-recovered"));
    if recovered.exists() {
        // There may be files that were written after the removal.
        let _ = fs::remove_dir_all(&research);
        fs::rename(&recovered, &research).unwrap();
        return "the recovered folder was put back";
    }
    let log = research.join("events.recovered.log");
    if log.exists() {
        fs::rename(&log, research.join("events.log")).unwrap();
        return "the recovered log was put back";
    }
    // A log that was emptied may have complete frames behind the hole.
    if research.join("research.json").exists() && is_salvaged(folder) {
        return "what was whole is kept";
    }
    let _ = fs::remove_dir_all(&research);
    "the research begins anew"
}

fn is_salvaged(folder: &Path) -> bool {
    let salvaged = Command::new(env!("CARGO_BIN_EXE_research"))
        .args(["doctor", NAME, "--salvage"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    matches!(salvaged.unwrap().code(), Some(0 | 1))
}
