//! The run options of a research file.

use std::time::Duration;

use research_core::{
    ExecutorTarget, FsyncPolicy, Isolation, LogLevel, Redirect, RunOptions, StorageError,
};
use research_domain::{Value, suggest};
use research_exec::devices::{DevicesError, get_devices};
use research_storage::check_name;

use super::env;
use super::error::{Diagnostic, FileErrorKind};
use super::keys::find;
use super::node::{Content, Entry, Node};
use super::parallelism;

/// The name of a research without one.
const DEFAULT_NAME: &str = "research";

pub(crate) fn name(entries: &[Entry]) -> Result<String, Diagnostic> {
    let Some(node) = find(entries, "name") else {
        return Ok(DEFAULT_NAME.to_owned());
    };
    let name = node.text("name")?;
    match check_name(name) {
        Ok(()) => Ok(name.to_owned()),
        Err(error) => {
            let reason = match error {
                StorageError::BadName { reason, .. } => reason.to_owned(),
                other => other.to_string(),
            };
            let problem = FileErrorKind::Name {
                name: name.escape_debug().to_string(),
                what: "research",
                reason,
            };
            Err(problem.at(node.span))
        }
    }
}

pub(crate) fn read(entries: &[Entry]) -> Result<RunOptions, Diagnostic> {
    let mut options = RunOptions::default();
    let RunOptions {
        workers,
        worker_configs,
        branches,
        branch_configs,
        ..
    } = &mut options;
    parallelism::read(entries, "workers", workers, worker_configs)?;
    parallelism::read(entries, "branches", branches, branch_configs)?;
    let file = File(entries);
    file.set("debug", &mut options.debug, Node::bool)?;
    if options.debug {
        // Debugging raises failures, which requires sequential execution.
        options.executor_target = ExecutorTarget::For;
    }
    let at_least_one = |node: &Node, key: &str| node.integer(key, 1).map(Some);
    let some_time = |node: &Node, key: &str| node.time(key, true);
    file.set("branch_by", &mut options.branch_by, branch_by)?;
    file.set(
        "executor_target",
        &mut options.executor_target,
        |node, key| choice(node, key, &TARGETS),
    )?;
    file.set("n_iters", &mut options.n_iters, at_least_one)?;
    file.set("n_configs", &mut options.n_configs, at_least_one)?;
    file.set("n_reps", &mut options.n_reps, |node, key| {
        node.integer(key, 1)
    })?;
    file.set("repeat_each", &mut options.repeat_each, at_least_one)?;
    file.set("create_id_prefix", &mut options.create_id_prefix, id_prefix)?;
    file.set("finalize", &mut options.finalize, Node::bool)?;
    options.isolation = isolation_of(entries, options.debug)?;
    file.set("retries", &mut options.retries, |node, key| {
        node.integer(key, 0)
    })?;
    file.set("retry_delay", &mut options.retry_delay, some_time)?;
    for key in ["double_retry_delay", "retry_backoff"] {
        file.set(key, &mut options.double_retry_delay, Node::bool)?;
    }
    options.timeout = timeout(entries)?;
    file.set("max_failures", &mut options.max_failures, at_least_one)?;
    file.set("devices", &mut options.devices, devices)?;
    file.set("memory_ratio", &mut options.memory_ratio, |node, key| {
        node.share(key).map(Some)
    })?;
    file.set("device_memory", &mut options.device_memory, |node, key| {
        node.memory(key).map(Some)
    })?;
    file.set("n_gpu_checks", &mut options.n_gpu_checks, |node, key| {
        node.integer(key, 1)
    })?;
    file.set("gpu_check_delay", &mut options.gpu_check_delay, some_time)?;
    file.set("profile", &mut options.profile, profile)?;
    file.set("monitor_log", &mut options.monitor_log, Node::bool)?;
    file.set("fsync", &mut options.fsync, |node, key| {
        choice(node, key, &POLICIES)
    })?;
    file.set("loglevel", &mut options.loglevel, |node, key| {
        choice(node, key, &LEVELS)
    })?;
    let dump = dump_results(entries)?;
    let redirect = |node: &Node, key: &'static str| redirect(node, key, dump);
    file.set("redirect_stdout", &mut options.redirect_stdout, redirect)?;
    file.set("redirect_stderr", &mut options.redirect_stderr, redirect)?;
    options.env_meta = env::read(entries)?;
    Ok(options)
}

/// The entries of a file.
struct File<'e>(&'e [Entry]);

impl File<'_> {
    /// Sets an option to the value of `key`, if the file has it.
    fn set<T>(
        &self,
        key: &'static str,
        option: &mut T,
        read: impl FnOnce(&Node, &'static str) -> Result<T, Diagnostic>,
    ) -> Result<(), Diagnostic> {
        if let Some(node) = find(self.0, key) {
            *option = read(node, key)?;
        }
        Ok(())
    }
}

/// Reads the parameters that root units use.
fn branch_by(node: &Node, key: &str) -> Result<Option<Vec<String>>, Diagnostic> {
    const EXPECTED: &str = "a list of parameters, such as [\"lr\"]";
    match &node.content {
        Content::List(nodes) => {
            let names = nodes.iter().map(|node| match &node.content {
                Content::Text(name) => Ok(name.clone()),
                _ => Err(node.expected(key, EXPECTED)),
            });
            names.collect::<Result<_, _>>().map(Some)
        }
        _ => Err(node.expected(key, EXPECTED)),
    }
}

/// Reads whether ids have a prefix, or the digits of its numbers.
fn id_prefix(node: &Node, key: &str) -> Result<Option<u8>, Diagnostic> {
    const MAX_DIGITS: u8 = 20;
    match node.content {
        Content::Bool(wanted) => Ok(wanted.then_some(1)),
        Content::Integer(_) => {
            let digits = node.integer(key, 1)?;
            if digits <= MAX_DIGITS {
                return Ok(Some(digits));
            }
            let problem = FileErrorKind::Range {
                key: key.to_owned(),
                reason: format!("must be at most {MAX_DIGITS}, found {digits}"),
            };
            Err(problem.at(node.span))
        }
        _ => Err(node.expected(key, "a boolean or a number of digits")),
    }
}

fn profile(node: &Node, key: &str) -> Result<u8, Diagnostic> {
    match node.integer(key, 0)? {
        level @ 0..=2 => Ok(level),
        level => {
            let problem = FileErrorKind::Range {
                key: key.to_owned(),
                reason: format!("must be 0 (off), 1 (time of units) or 2 (details), found {level}"),
            };
            Err(problem.at(node.span))
        }
    }
}

/// Reads the timeout of a file or of a unit.
pub(crate) fn timeout(entries: &[Entry]) -> Result<Option<Duration>, Diagnostic> {
    let node = find(entries, "timeout");
    node.map(|node| node.time("timeout", false)).transpose()
}

/// Reads `devices`. The number of entries is checked when the run begins, because flags can change
/// the number of workers.
fn devices(node: &Node, key: &str) -> Result<Value, Diagnostic> {
    let devices = node.value(key)?;
    match get_devices(&devices, 1, 1) {
        Err(error @ DevicesError::NoDevice { .. }) => {
            let message = error.to_string();
            let problem = FileErrorKind::Values {
                name: key.to_owned(),
                message: message.trim_start_matches("`devices`: ").to_owned(),
            };
            Err(problem.at(node.span))
        }
        _ => Ok(devices),
    }
}

pub(crate) fn seed(entries: &[Entry]) -> Result<Option<u64>, Diagnostic> {
    let node = find(entries, "seed");
    node.map(|node| node.integer("seed", 0)).transpose()
}

/// Reads whether results are stored in a folder, or kept in memory.
pub(crate) fn dump_results(entries: &[Entry]) -> Result<bool, Diagnostic> {
    find(entries, "dump_results").map_or(Ok(true), |node| node.bool("dump_results"))
}

/// Reads the destination of an output stream.
fn redirect(node: &Node, key: &'static str, dump: bool) -> Result<Redirect, Diagnostic> {
    let redirect = match &node.content {
        Content::Bool(false) => Redirect::None,
        Content::Bool(true) if dump => Redirect::Common,
        Content::Bool(true) => Redirect::Experiment,
        Content::Integer(_) => {
            let number: usize = node.integer(key, 0)?;
            *Redirect::ALL
                .get(number)
                .ok_or_else(|| node.expected(key, REDIRECTS))?
        }
        Content::Text(_) => choice(node, key, &REDIRECT_WORDS)?,
        _ => return Err(node.expected(key, REDIRECTS)),
    };
    if redirect.is_common() && !dump {
        let problem = FileErrorKind::Range {
            key: key.to_owned(),
            reason: "without `dump_results` there is no folder for a shared file: use 2".to_owned(),
        };
        return Err(problem.at(node.span));
    }
    Ok(redirect)
}

const REDIRECTS: &str = "\"none\", \"shared\" (one file), \"each\" (a file for each experiment), \
     \"both\", 0 to 3, or a boolean";

/// The values of a redirection.
const REDIRECT_WORDS: [(&str, Redirect); 4] = [
    ("none", Redirect::None),
    ("shared", Redirect::Common),
    ("each", Redirect::Experiment),
    ("both", Redirect::Both),
];

/// The values of `fsync`.
const POLICIES: [(&str, FsyncPolicy); 3] = [
    ("always", FsyncPolicy::Always),
    ("experiment", FsyncPolicy::Experiment),
    ("never", FsyncPolicy::Never),
];

/// The values of `loglevel`.
const LEVELS: [(&str, LogLevel); 4] = [
    ("debug", LogLevel::Debug),
    ("info", LogLevel::Info),
    ("warning", LogLevel::Warning),
    ("error", LogLevel::Error),
];

/// The values of `isolation`.
const ISOLATIONS: [(&str, Isolation); 3] = [
    ("experiment", Isolation::Experiment),
    ("worker", Isolation::Worker),
    ("none", Isolation::None),
];

/// `parallel = false` is `isolation = "none"`, which `debug` needs.
fn isolation_of(entries: &[Entry], debug: bool) -> Result<Isolation, Diagnostic> {
    let parallel = find(entries, "parallel");
    let parallel = parallel.map(|node| Ok((node.bool("parallel")?, node)));
    let parallel = parallel.transpose()?;
    let chosen = find(entries, "isolation");
    let chosen = chosen
        .map(|node| choice(node, "isolation", &ISOLATIONS))
        .transpose()?;
    match (chosen, parallel) {
        (Some(chosen), Some((parallel, node))) if parallel == (chosen == Isolation::None) => {
            let reason = "contradicts `isolation`; remove one of them".to_owned();
            let key = "parallel".to_owned();
            Err(FileErrorKind::Range { key, reason }.at(node.span))
        }
        (Some(chosen), _) => Ok(chosen),
        (None, Some((false, _))) => Ok(Isolation::None),
        (None, None) if debug => Ok(Isolation::None),
        (None, _) => Ok(Isolation::default()),
    }
}

/// The values of `executor_target`.
const TARGETS: [(&str, ExecutorTarget); 3] = [
    ("threads", ExecutorTarget::Threads),
    ("sequential", ExecutorTarget::For),
    ("for", ExecutorTarget::For),
];

/// Returns the meaning of a word.
pub(crate) fn choice<T: Copy>(
    node: &Node,
    key: &'static str,
    choices: &[(&'static str, T)],
) -> Result<T, Diagnostic> {
    let value = node.text(key)?;
    match choices.iter().find(|(word, _)| *word == value) {
        Some((_, meaning)) => Ok(*meaning),
        None => {
            let problem = FileErrorKind::Choice {
                key,
                value: value.to_owned(),
                hint: suggest::hint(value, choices.iter().map(|(word, _)| *word)),
            };
            Err(problem.at(node.span))
        }
    }
}
