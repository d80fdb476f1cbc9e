//! `research.txt`: the record of a research as text.

use std::fmt::Write;

use research_core::domain::Value;
use research_core::{ExecutorTarget, Isolation, Redirect, ResearchRecord, RootView, Timestamp};

/// Describes a research, one property per line. A record with time 0 belongs to a research that was
/// not run yet.
pub fn describe(record: &ResearchRecord) -> String {
    let options = &record.options;
    let mut text = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<12}{value}");
    };
    line("name", &record.name);
    if record.created > 0 {
        line("created", &Timestamp(record.created));
        line("program", &record.program);
    }
    line("domain", &record.domain);
    // Without a seed, the run draws a random one.
    if record.created > 0 || options.seed > 0 {
        line("seed", &options.seed);
    }
    line("workers", &options.workers);
    for (number, config) in options.worker_configs.iter().enumerate() {
        line("", &format_args!("worker {number}: {config}"));
    }
    line("branches", &options.branches);
    for (number, config) in options.branch_configs.iter().enumerate() {
        line("", &format_args!("branch {number}: {config}"));
    }
    if let RootView::Shared { keys, .. } = &options.root_view {
        line("", &format_args!("that agree in {}", or_nothing(keys)));
    }
    line("repetitions", &options.n_reps);
    if let Some(every) = options.repeat_each {
        line("", &format_args!("after each {every} configs"));
    }
    line("configs", &or(options.n_configs, "all of the domain"));
    line(
        "iterations",
        &or(options.n_iters, "as many as the units have"),
    );
    if let Some(digits) = options.create_id_prefix {
        line("ids", &format_args!("with prefixes of {digits} digits"));
    }
    line("retries", &options.retries);
    if !options.retry_delay.is_zero() {
        let doubled = match options.double_retry_delay {
            true => ", doubled each time",
            false => "",
        };
        line(
            "",
            &format_args!("after {:?}{doubled}", options.retry_delay),
        );
    }
    if let Some(timeout) = options.timeout {
        line("timeout", &format_args!("{timeout:?}"));
    }
    if let Some(failures) = options.max_failures {
        line("failures", &format_args!("{failures} at most"));
    }
    line("finalize", &if options.finalize { "yes" } else { "no" });
    line("isolation", &isolation(options.isolation));
    line("executor", &executor_target(options.executor_target));
    if options.devices != Value::Null {
        line("devices", &options.devices);
    }
    if let Some(memory) = options.device_memory {
        line("", &format_args!("with {memory} for each experiment"));
    }
    if let Some(ratio) = options.memory_ratio {
        line("", &format_args!("with {ratio} of their memory free"));
    }
    line("profile", &profile(options.profile));
    line("loglevel", &options.loglevel);
    for (name, redirect) in [
        ("stdout", options.redirect_stdout),
        ("stderr", options.redirect_stderr),
    ] {
        line(name, &captured(redirect));
    }
    if options.monitor_log {
        line("monitor", &"events in monitor.csv");
    }
    if options.debug {
        line("debug", &"ends at the first failure");
    }
    for (position, unit) in record.units.iter().enumerate() {
        line(if position == 0 { "units" } else { "" }, unit);
        let command = record.commands.get(position);
        for command in command.iter().flat_map(|command| command.lines()) {
            line("", &format_args!("  {command}"));
        }
    }
    for (position, update) in record.updates.iter().enumerate() {
        line(if position == 0 { "updates" } else { "" }, update);
    }
    text
}

fn or_nothing(keys: &[String]) -> String {
    match keys {
        [] => "no parameters".to_owned(),
        keys => keys.join(", "),
    }
}

fn or(number: Option<u64>, otherwise: &str) -> String {
    number.map_or_else(|| otherwise.to_owned(), |number| number.to_string())
}

fn executor_target(target: ExecutorTarget) -> &'static str {
    match target {
        ExecutorTarget::Threads => "a thread for each branch",
        ExecutorTarget::For => "sequential",
    }
}

fn profile(level: u8) -> &'static str {
    match level {
        0 => "none",
        1 => "1: time",
        _ => "2: time, processor time, page faults, memory, spans",
    }
}

fn captured(redirect: Redirect) -> &'static str {
    match redirect {
        Redirect::None => "not captured",
        Redirect::Common => "in one file",
        Redirect::Experiment => "in a file for each experiment",
        _ => "in one file, and in a file for each experiment",
    }
}

fn isolation(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::Experiment => "a process for each experiment",
        Isolation::Worker => "a process for each worker",
        Isolation::None => "none",
    }
}
