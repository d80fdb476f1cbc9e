//! The text logs: of a research, of an experiment, and of the monitor.

use crate::support::{Project, names};

#[test]
fn the_log_of_an_experiment_is_found_by_a_prefix_of_its_id() {
    let project = Project::with(
        r#"
        name = "d"
        domain = "a=[1, 2]"
        [[unit]]
        name = "u"
        run = "./u.sh {a}"
        "#,
    );
    project.script("u.sh", "[ $1 != 1 ] || { echo why >&2; exit 5; }");
    assert_eq!(project.research(&["run", "research.toml"]).code, Some(1));
    let folders = names(&project.path("d/experiments"));
    let [failed] = folders.as_slice() else {
        panic!("{folders:?}");
    };
    let log = project.research(&["logs", "d", "--id", &failed[..12]]);
    assert_eq!(
        log.stdout,
        project.read(&format!("d/experiments/{failed}/experiment.log"))
    );
    let lines: Vec<&str> = log.stdout.lines().collect();
    assert!(lines[0].contains(" started in worker 0"), "{log:?}");
    assert!(lines.last().unwrap().contains(": failed: "), "{log:?}");
    let none = project.research(&["logs", "d", "--id", "xyz"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(
        none.stderr
            .contains("no experiment whose id begins with `xyz`"),
        "{none:?}"
    );
    let several = project.research(&["logs", "d", "--id", ""]);
    assert!(
        several.stderr.contains("several experiments"),
        "{several:?}"
    );
    assert!(several.stderr.contains(failed.as_str()), "{several:?}");
}

#[test]
fn messages_below_the_level_are_not_logged() {
    let project = Project::with(
        r#"
        name = "l"
        loglevel = "error"
        [[unit]]
        name = "u"
        run = "false"
        "#,
    );
    assert_eq!(project.research(&["run", "research.toml"]).code, Some(1));
    let log = project.read("l/research.log");
    assert!(!log.contains("run started"), "{log}");
    assert!(log.contains("exit code 1 of `false`"), "{log}");
}

/// The file equals the output of `status --format csv`.
#[test]
fn the_monitor_log_is_written_on_request() {
    let project = Project::with("name = \"m\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\n");
    project.run(&["--name", "plain"]);
    assert!(!project.path("plain/monitor.csv").exists());
    for (name, flag) in [("flag", "--monitor-log"), ("key", "--set=monitor_log=true")] {
        project.run(&["--name", name, flag]);
        let kept = project.read(&format!("{name}/monitor.csv"));
        assert!(kept.lines().count() > 3, "{kept}");
        let printed = project
            .research(&["status", name, "--format", "csv"])
            .stdout;
        assert_eq!(printed, kept);
    }
}

#[test]
fn an_unreadable_log_is_named() {
    let project = Project::with("name = \"l\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\n");
    project.run(&[]);
    let log = project.path("l/events.log");
    std::fs::remove_file(&log).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&log).status();
    assert!(made.unwrap().success());
    let refused = project.research(&["logs", "l"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(
        refused.stderr.contains("l/events.log: not a regular file"),
        "{refused:?}"
    );
}
