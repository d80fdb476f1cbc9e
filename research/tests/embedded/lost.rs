//! Workers that have lost the information that they are workers.

use std::path::Path;

use research::{Research, ec, option};

use crate::Test;
use crate::programs::{Program, finish, start, start_thread, starts, stderr, values};

pub(crate) const TESTS: &[Test] = &[
    ("lost::a_program_may_clear_its_environment", || {
        assert_that_it_works("clears-environment");
    }),
    ("lost::a_program_may_set_any_variable", || {
        assert_that_it_works("overwrites-variables");
    }),
    (
        "lost::a_worker_without_its_descriptors_ends_with_an_error",
        || {
            assert_that_it_is_refused("closes-descriptors");
        },
    ),
    (
        "lost::a_worker_without_descriptors_and_environment_ends_with_an_error",
        || {
            assert_that_it_is_refused("loses-everything");
        },
    ),
    ("lost::a_program_may_read_all_of_its_input", || {
        assert_that_it_works("reads-input");
    }),
];

pub(crate) const PROGRAMS: &[Program] = &[
    ("clears-environment", |folder, _| {
        start_thread();
        clear_environment();
        double(folder);
    }),
    ("overwrites-variables", |folder, _| {
        start_thread();
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RESEARCH") {
                // SAFETY: the other thread does nothing.
                unsafe { std::env::set_var(name, "{}") };
            }
        }
        // SAFETY: the other thread does nothing.
        unsafe { std::env::set_var("RESEARCH_WORKER", "{}") };
        double(folder);
    }),
    ("closes-descriptors", |folder, _| {
        start_thread();
        close_descriptors();
        double(folder);
    }),
    ("loses-everything", |folder, _| {
        start_thread();
        clear_environment();
        close_descriptors();
        double(folder);
    }),
    ("reads-input", |folder, _| {
        start_thread();
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
        double(folder);
    }),
];

fn clear_environment() {
    for (name, _) in std::env::vars_os() {
        // SAFETY: the program's other thread does nothing.
        unsafe { std::env::remove_var(name) };
    }
}

/// Closes all descriptors, as a program does that makes itself a daemon.
fn close_descriptors() {
    // SAFETY: the program does not use the closed descriptors afterwards.
    unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
}

fn double(folder: &Path) {
    let finished = finish(
        Research::new("double")
            .folder(folder)
            .domain(option("x", 0..4_i64))
            .callable("double", |x: i64| 2 * x, (ec("x"),))
            .save_to("double")
            .workers(2),
    );
    println!("{:?}", values(&finished, "double"));
}

fn assert_that_it_works(program: &str) {
    let (folder, output) = start(program, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let printed = crate::programs::stdout(&output);
    assert!(printed.contains(r#"["0", "2", "4", "6"]"#), "{printed}");
    // The leader, two workers, and executors for four experiments; each worker keeps one of these
    // ready.
    assert!(starts(&folder) <= 9, "{} starts", starts(&folder));
}

/// The leader gives up after the usual number of failed workers.
fn assert_that_it_is_refused(program: &str) {
    let (folder, output) = start(program, &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("started as a worker"), "{said}");
    assert!(said.contains("workers keep ending"), "{said}");
    assert!(starts(&folder) <= 10, "{} starts", starts(&folder));
}
