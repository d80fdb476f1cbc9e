//! `research.txt`: the record of a research as text.

use std::fmt::Write;

use research_core::{Isolation, ResearchRecord, RootView, Timestamp};

use crate::log_entries::time;

/// Describes the research, one property per line.
pub(super) fn describe(record: &ResearchRecord) -> String {
    let options = &record.options;
    let mut text = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<12}{value}");
    };
    line("name", &record.name);
    line("created", &time(Timestamp(record.created)));
    line("program", &record.program);
    line("domain", &record.domain);
    line("seed", &options.seed);
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
    for (position, unit) in record.units.iter().enumerate() {
        line(if position == 0 { "units" } else { "" }, unit);
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

fn isolation(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::Experiment => "a process for each experiment",
        Isolation::Worker => "a process for each worker",
        Isolation::None => "none",
    }
}
