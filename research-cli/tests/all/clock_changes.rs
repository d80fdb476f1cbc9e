//! Changes of the system time during a run.

use std::process::Command;

use crate::support::{Gated, Project, wait_for};

/// Source code that moves the system time by ten years, in all programs that load it, as soon as a
/// file exists.
const STEP: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    const char *forth = getenv("STEP_FORTH"), *back = getenv("STEP_BACK");
    if (clock == CLOCK_REALTIME && forth && access(forth, F_OK) == 0) time->tv_sec += 315360000;
    if (clock == CLOCK_REALTIME && back && access(back, F_OK) == 0) time->tv_sec -= 315360000;
    return result;
}
"#;

fn number(project: &Project, sql: &str) -> f64 {
    let done = project.research(&["query", "c", sql, "--format", "csv"]);
    let text = done
        .stdout
        .lines()
        .nth(1)
        .unwrap_or_else(|| panic!("{done:?}"));
    text.parse().unwrap()
}

#[test]
fn durations_do_not_depend_on_the_system_time() {
    for step in ["forth", "back"] {
        let study = Gated {
            script: "sleep 0.05",
            ..Gated::new("c", 4, 2)
        };
        let project = study.project();
        project.write("step.c", STEP);
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-o", "step.so", "step.c", "-ldl"])
            .current_dir(project.path("."))
            .status();
        assert!(compiled.unwrap().success());
        let stepped = |arguments: &[&str]| {
            let mut command = project.command(arguments);
            command
                .env("LD_PRELOAD", project.path("step.so"))
                .env("STEP_FORTH", project.path("forth"))
                .env("STEP_BACK", project.path("back"));
            command
        };
        let running = project.start_command(stepped(&["run", "research.toml"]));
        running.wait_for_file("begun.3");
        running.wait_for_file("begun.4");
        project.write(step, "");
        let status = wait_for("two that run", || {
            let done = stepped(&["status", "c", "--format", "json"])
                .output()
                .unwrap();
            let status: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
            (status["finished"] == 2).then_some(status)
        });
        let seconds = status["seconds"].as_f64().unwrap();
        assert!((0.05..1000.0).contains(&seconds), "{step}: {status}");
        project.write("gate", "");
        let done = running.end();
        assert_eq!(done.code, Some(0), "{done:?}");
        let [least, most] = ["min", "max"]
            .map(|of| number(&project, &format!("select {of}(seconds) from experiments")));
        assert!(least >= 0.05 && most < 1000.0, "{step}: {least} to {most}");
    }
}
