//! Changes that another process makes to the folder of a research while it runs.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::processes::MARK;
use crate::random::Random;

/// The name of the research.
const NAME: &str = "chaos";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intrusion {
    /// The folder is copied, and commands that would end a run are given the copy.
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

/// Does it to the research in a folder; false where there is none yet.
pub(crate) fn intrude(intrusion: Intrusion, folder: &Path, mark: &str) -> bool {
    let research = folder.join(NAME);
    let log = research.join("events.log");
    let done = match intrusion {
        Intrusion::Copy => {
            copy(folder, mark);
            Ok(())
        }
        Intrusion::RemoveLog => fs::remove_file(&log),
        Intrusion::EmptyLog => File::options()
            .write(true)
            .open(&log)
            .and_then(|file| file.set_len(0)),
        Intrusion::ReplaceLog => {
            let new = folder.join("new.log");
            fs::copy(&log, &new).and_then(|_| fs::rename(&new, &log))
        }
        // What is written into it meanwhile may keep it there, but not all that was in it.
        Intrusion::RemoveFolder if research.exists() => fs::remove_dir_all(&research).or(Ok(())),
        Intrusion::RemoveFolder => fs::metadata(&research).map(|_| ()),
    };
    done.is_ok()
}

/// The copy of a run is no run: what is asked for the copy may not end it.
fn copy(folder: &Path, mark: &str) {
    let copy = folder.join("copy");
    // It is there if this has happened before.
    let _ = fs::remove_dir_all(&copy);
    let copied = Command::new("cp")
        .arg("-a")
        .args([folder.join(NAME), copy])
        .stderr(Stdio::null())
        .status();
    // Files come and go meanwhile, which `cp` takes for errors.
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

/// After a log was taken away: the run has saved what it could where it says, and that is put back as a
/// user would; where it was killed before it saw the loss, the research begins anew. Says which.
pub(crate) fn recover(folder: &Path) -> &'static str {
    let research = folder.join(NAME);
    let recovered = folder.join(format!("{NAME}-recovered"));
    if recovered.exists() {
        // There may be what was written after it was removed.
        let _ = fs::remove_dir_all(&research);
        fs::rename(&recovered, &research).unwrap();
        return "the recovered folder was put back";
    }
    let log = research.join("events.recovered.log");
    if log.exists() {
        fs::rename(&log, research.join("events.log")).unwrap();
        return "the recovered log was put back";
    }
    // A log that was emptied may have whole frames behind the hole.
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
