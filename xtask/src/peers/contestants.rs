//! The programs that are compared.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Failure, root};

/// The programs that contestants need.
pub(super) struct Tools {
    pub(super) python: Option<PathBuf>,
    pub(super) research: PathBuf,
    pub(super) many: PathBuf,
}

/// The work of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Call a function that doubles a number, and keep its result.
    Function,
    /// Start `/bin/true`.
    Program,
}

/// The command that starts a contestant.
enum Start {
    /// A script in `xtask/peers`, with these arguments after the number and the folder.
    Script(&'static str, &'static [&'static str]),
    /// The `research` program, by the script for programs.
    Research,
    /// The example `many`, with these arguments after the number and the folder.
    Many(&'static [&'static str]),
}

/// A program in the comparison.
pub(super) struct Contestant {
    pub(super) name: &'static str,
    pub(super) work: Work,
    /// The number of experiments in a round: fewer for slower programs.
    experiments: u32,
    start: Start,
    /// The isolation of experiments, as the page describes it.
    pub(super) isolation: &'static str,
    /// The results that survive a crash, as the page describes them.
    pub(super) keeps: &'static str,
}

pub(super) const CONTESTANTS: [Contestant; 10] = [
    Contestant {
        name: "research",
        work: Work::Function,
        experiments: 1000,
        start: Start::Many(&[]),
        isolation: "a process each",
        keeps: "every value, with checksum; fsync at experiment ends, grouped",
    },
    Contestant {
        name: "research, isolation = \"worker\"",
        work: Work::Function,
        experiments: 1000,
        start: Start::Many(&["worker"]),
        isolation: "none: two processes, used again",
        keeps: "every value, with checksum; fsync at experiment ends, grouped",
    },
    Contestant {
        name: "joblib",
        work: Work::Function,
        experiments: 1000,
        start: Start::Script("joblib_peer.py", &[]),
        isolation: "none: two processes, used again, with calls in batches; a crash ends the call",
        keeps: "what the function itself appends to a file, no fsync",
    },
    Contestant {
        name: "Optuna",
        work: Work::Function,
        experiments: 1000,
        start: Start::Script("optuna_peer.py", &[]),
        isolation: "none: two processes that share a study",
        keeps: "every trial, in a journal file",
    },
    Contestant {
        name: "batchflow.research",
        work: Work::Function,
        experiments: 200,
        start: Start::Script("batchflow_peer.py", &[]),
        isolation: "a process each",
        keeps: "a file per value, no fsync",
    },
    Contestant {
        name: "Hydra, multirun",
        work: Work::Function,
        experiments: 100,
        start: Start::Script("hydra_peer.py", &[]),
        isolation: "none: one process, one job after another",
        keeps: "what the function itself writes into the job's folder, and its config",
    },
    Contestant {
        name: "xargs -P2",
        work: Work::Program,
        experiments: 1000,
        start: Start::Script("programs_peer.py", &["xargs"]),
        isolation: "a process each",
        keeps: "nothing",
    },
    Contestant {
        name: "research run",
        work: Work::Program,
        experiments: 1000,
        start: Start::Research,
        isolation: "a process each",
        keeps: "output, status and config of every experiment; fsync, grouped",
    },
    Contestant {
        name: "HyperQueue",
        work: Work::Program,
        experiments: 1000,
        start: Start::Script("programs_peer.py", &["hyperqueue"]),
        isolation: "a process each",
        keeps: "two files of output per task; no journal here",
    },
    Contestant {
        name: "GNU parallel",
        work: Work::Program,
        experiments: 1000,
        start: Start::Script("programs_peer.py", &["parallel"]),
        isolation: "a process each",
        keeps: "a line in its job log",
    },
];

impl Contestant {
    /// Returns the command of one round, which works in `folder`.
    pub(super) fn command(&self, tools: &Tools, folder: &Path) -> Result<Command, Failure> {
        let (mut command, rest): (_, &[&str]) = match self.start {
            Start::Many(rest) => (Command::new(&tools.many), rest),
            Start::Script(script, rest) => (script_command(tools, script)?, rest),
            Start::Research => (script_command(tools, "programs_peer.py")?, &["research"]),
        };
        command
            .arg(self.experiments.to_string())
            .arg(folder)
            .args(rest);
        if matches!(self.start, Start::Research) {
            command.arg(&tools.research);
        }
        Ok(command)
    }
}

fn script_command(tools: &Tools, script: &str) -> Result<Command, Failure> {
    let python = tools
        .python
        .as_ref()
        .ok_or_else(|| Failure("the peers in Python are missing".into()))?;
    let mut command = Command::new(python);
    command.arg(root().join("xtask/peers").join(script));
    Ok(command)
}
