//! The logs that people read: that of a research, that of an experiment, and the monitor's.

use crate::place::{Place, names};

#[test]
fn the_log_of_one_experiment_is_found_by_the_beginning_of_its_id() {
    let place = Place::with(
        r#"
        name = "d"
        domain = "a=[1, 2]"
        [[unit]]
        name = "u"
        run = "./u.sh {a}"
        "#,
    );
    place.script("u.sh", "[ $1 != 1 ] || { echo why >&2; exit 5; }");
    assert_eq!(place.research(&["run", "research.toml"]).code, Some(1));
    let folders = names(&place.path("d/experiments"));
    let [failed] = folders.as_slice() else {
        panic!("{folders:?}");
    };
    let log = place.research(&["logs", "d", "--id", &failed[..12]]);
    assert_eq!(
        log.out,
        place.read(&format!("d/experiments/{failed}/experiment.log"))
    );
    let none = place.research(&["logs", "d", "--id", "xyz"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(
        none.err
            .contains("no experiment whose id begins with `xyz`"),
        "{none:?}"
    );
    let several = place.research(&["logs", "d", "--id", ""]);
    assert!(several.err.contains("several experiments"), "{several:?}");
    assert!(several.err.contains(failed.as_str()), "{several:?}");
}

#[test]
fn what_matters_less_than_the_level_is_not_logged() {
    let place = Place::with(
        r#"
        name = "l"
        loglevel = "error"
        [[unit]]
        name = "u"
        run = "false"
        "#,
    );
    assert_eq!(place.research(&["run", "research.toml"]).code, Some(1));
    let log = place.read("l/research.log");
    assert!(!log.contains("run started"), "{log}");
    assert!(log.contains("ended with exit code 1"), "{log}");
}

/// The file that is kept is what can be had of the events at any time.
#[test]
fn the_monitors_log_is_kept_where_it_is_asked_for() {
    let place = Place::with("name = \"m\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\n");
    place.run(&["--name", "plain"]);
    assert!(!place.path("plain/monitor.csv").exists());
    for (name, flag) in [("flag", "--monitor-log"), ("key", "--set=monitor_log=true")] {
        place.run(&["--name", name, flag]);
        let kept = place.read(&format!("{name}/monitor.csv"));
        assert!(kept.lines().count() > 3, "{kept}");
        let printed = place.research(&["status", name, "--format", "csv"]).out;
        assert_eq!(printed, kept);
    }
}

#[test]
fn a_log_that_cannot_be_read_is_named() {
    let place = Place::with("name = \"l\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\n");
    place.run(&[]);
    let log = place.path("l/research.log");
    std::fs::remove_file(&log).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&log).status();
    assert!(made.unwrap().success());
    let refused = place.research(&["logs", "l"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(
        refused
            .err
            .contains("cannot read l/research.log: not a regular file"),
        "{refused:?}"
    );
}
