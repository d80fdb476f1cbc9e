//! The system's time is set while a research runs.

use std::process::Command;

use crate::place::{Place, wait_for};

/// Steps the time of day by ten years as soon as there is a file, in all programs that it is loaded
/// into.
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

fn number(place: &Place, sql: &str) -> f64 {
    let done = place.research(&["query", "c", sql, "--format", "csv"]);
    let text = done
        .out
        .lines()
        .nth(1)
        .unwrap_or_else(|| panic!("{done:?}"));
    text.parse().unwrap()
}

#[test]
fn durations_do_not_follow_the_time_of_day() {
    for step in ["forth", "back"] {
        let place = Place::with(
            r#"
            name = "c"
            workers = 2
            domain = "a=[1, 2, 3, 4]"
            [[unit]]
            name = "u"
            run = "./u.sh {a}"
            save_to = "v"
            "#,
        );
        place.script(
            "u.sh",
            "[ $1 -le 2 ] || touch begun.$1
            [ $1 -le 2 ] || while ! [ -e gate ]; do sleep 0.01; done
            sleep 0.05
            echo $1",
        );
        place.write("step.c", STEP);
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-o", "step.so", "step.c", "-ldl"])
            .current_dir(place.path("."))
            .status();
        assert!(compiled.unwrap().success());
        let stepped = |arguments: &[&str]| {
            let mut command = place.command(arguments);
            command
                .env("LD_PRELOAD", place.path("step.so"))
                .env("STEP_FORTH", place.path("forth"))
                .env("STEP_BACK", place.path("back"));
            command
        };
        let running = place.start_command(stepped(&["run", "research.toml"]));
        running.wait_for_file("begun.3");
        running.wait_for_file("begun.4");
        place.write(step, "");
        let status = wait_for("two that run", || {
            let done = stepped(&["status", "c", "--format", "json"])
                .output()
                .unwrap();
            let status: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
            (status["finished"] == 2).then_some(status)
        });
        let seconds = status["seconds"].as_f64().unwrap();
        assert!((0.05..1000.0).contains(&seconds), "{step}: {status}");
        place.write("gate", "");
        let done = running.end();
        assert_eq!(done.code, Some(0), "{done:?}");
        let [least, most] = ["min", "max"]
            .map(|of| number(&place, &format!("select {of}(seconds) from experiments")));
        assert!(least >= 0.05 && most < 1000.0, "{step}: {least} to {most}");
    }
}
