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
    let default = RunOptions::default();
    let at_least_one = |key: &str| {
        let node = find(entries, key);
        node.map(|node| node.integer::<u64>(key, 1)).transpose()
    };
    let small = |key: &str, least: u32, default: u32| {
        find(entries, key).map_or(Ok(default), |node| node.integer(key, least))
    };
    let flag =
        |key: &str, default: bool| find(entries, key).map_or(Ok(default), |node| node.bool(key));
    let debug = flag("debug", default.debug)?;
    let (workers, worker_configs) = parallelism::read(entries, "workers", default.workers)?;
    let (branches, branch_configs) = parallelism::read(entries, "branches", default.branches)?;
    let dump = dump_results(entries)?;
    Ok(RunOptions {
        workers,
        branches,
        worker_configs,
        branch_configs,
        branch_by: find(entries, "branch_by").map(branch_by).transpose()?,
        root_view: default.root_view,
        updates_see_all: default.updates_see_all,
        executor_target: match find(entries, "executor_target") {
            Some(node) => executor_target(node)?,
            // Debugging raises failures, which requires sequential execution.
            None if debug => ExecutorTarget::For,
            None => default.executor_target,
        },
        n_iters: at_least_one("n_iters")?,
        n_configs: at_least_one("n_configs")?,
        n_reps: at_least_one("n_reps")?.unwrap_or(default.n_reps),
        repeat_each: at_least_one("repeat_each")?,
        create_id_prefix: find(entries, "create_id_prefix").map_or(Ok(None), id_prefix)?,
        seed: default.seed,
        finalize: flag("finalize", default.finalize)?,
        isolation: isolation_of(entries, debug)?,
        retries: small("retries", 0, default.retries)?,
        retry_delay: find(entries, "retry_delay").map_or(Ok(default.retry_delay), |node| {
            node.time("retry_delay", true)
        })?,
        double_retry_delay: flag("double_retry_delay", default.double_retry_delay)?,
        timeout: timeout(entries)?,
        max_failures: at_least_one("max_failures")?,
        devices: find(entries, "devices").map_or(Ok(Value::Null), devices)?,
        memory_ratio: find(entries, "memory_ratio")
            .map(|node| node.share("memory_ratio"))
            .transpose()?,
        device_memory: find(entries, "device_memory")
            .map(|node| node.memory("device_memory"))
            .transpose()?,
        n_gpu_checks: small("n_gpu_checks", 1, default.n_gpu_checks)?,
        gpu_check_delay: find(entries, "gpu_check_delay")
            .map_or(Ok(default.gpu_check_delay), |node| {
                node.time("gpu_check_delay", true)
            })?,
        debug,
        profile: find(entries, "profile").map_or(Ok(default.profile), profile)?,
        monitor_log: find(entries, "monitor_log")
            .map_or(Ok(default.monitor_log), |node| node.bool("monitor_log"))?,
        fsync: find(entries, "fsync")
            .map_or(Ok(default.fsync), |node| choice(node, "fsync", &POLICIES))?,
        loglevel: find(entries, "loglevel").map_or(Ok(default.loglevel), |node| {
            choice(node, "loglevel", &LEVELS)
        })?,
        redirect_stdout: redirect(entries, "redirect_stdout", dump)?,
        redirect_stderr: redirect(entries, "redirect_stderr", dump)?,
        env_meta: env::read(entries)?,
    })
}

/// The parameters that root units use.
fn branch_by(node: &Node) -> Result<Vec<String>, Diagnostic> {
    const EXPECTED: &str = "a list of parameters, such as [\"lr\"]";
    match &node.content {
        Content::List(nodes) => {
            let names = nodes.iter().map(|node| match &node.content {
                Content::Text(name) => Ok(name.clone()),
                _ => Err(node.expected("branch_by", EXPECTED)),
            });
            names.collect()
        }
        _ => Err(node.expected("branch_by", EXPECTED)),
    }
}

/// Reads whether ids have a prefix, or the digits of its numbers.
fn id_prefix(node: &Node) -> Result<Option<u8>, Diagnostic> {
    const MAX_DIGITS: u8 = 20;
    match node.content {
        Content::Bool(wanted) => Ok(wanted.then_some(1)),
        Content::Integer(_) => {
            let digits = node.integer("create_id_prefix", 1)?;
            if digits <= MAX_DIGITS {
                return Ok(Some(digits));
            }
            let problem = FileErrorKind::Range {
                key: "create_id_prefix".to_owned(),
                reason: format!("must be at most {MAX_DIGITS}, found {digits}"),
            };
            Err(problem.at(node.span))
        }
        _ => Err(node.expected("create_id_prefix", "a boolean or a number of digits")),
    }
}

fn profile(node: &Node) -> Result<u8, Diagnostic> {
    match node.integer("profile", 0)? {
        level @ 0..=2 => Ok(level),
        level => {
            let problem = FileErrorKind::Range {
                key: "profile".to_owned(),
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
fn devices(node: &Node) -> Result<Value, Diagnostic> {
    let devices = node.value("devices")?;
    match get_devices(&devices, 1, 1) {
        Err(error @ DevicesError::NoDevice { .. }) => {
            let message = error.to_string();
            let problem = FileErrorKind::Values {
                name: "devices".to_owned(),
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

/// Reads where an output goes.
fn redirect(entries: &[Entry], key: &'static str, dump: bool) -> Result<Redirect, Diagnostic> {
    let Some(node) = find(entries, key) else {
        return Ok(Redirect::None);
    };
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

/// The values of a redirection.
const REDIRECTS: &str =
    "a boolean, 0 (nowhere), 1 (one file), 2 (a file for each experiment) or 3 (both)";

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
    let chosen = find(entries, "isolation").map(isolation).transpose()?;
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

fn isolation(node: &Node) -> Result<Isolation, Diagnostic> {
    choice(node, "isolation", &ISOLATIONS)
}

/// The values of `executor_target`.
const TARGETS: [(&str, ExecutorTarget); 2] = [
    ("threads", ExecutorTarget::Threads),
    ("for", ExecutorTarget::For),
];

fn executor_target(node: &Node) -> Result<ExecutorTarget, Diagnostic> {
    choice(node, "executor_target", &TARGETS)
}

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
