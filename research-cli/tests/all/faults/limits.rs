//! Limits and full disks: the exhausted resource is reported, and missing experiments can be run
//! again.

use std::process::Command;

use super::random::Random;
use super::study::{Study, assert_nothing_is_wrong, assert_recovers, cells, expected};
use super::{end, for_each_seed};
use crate::full_disk::{step, with_mounts};
use crate::support::Project;

#[test]
fn limits_of_a_process() {
    for_each_seed("limits", 12, |random| {
        let (project, arguments) = begun_or_new(random);
        let limit = match random.chance(50) {
            // The limit allows at least the size of standard error, which is a file.
            true => format!("--fsize={}", 2000 + random.below(20_000)),
            false => format!("--nofile={}", 5 + random.below(40)),
        };
        let mut command = Command::new("prlimit");
        command.arg(&limit).arg(env!("CARGO_BIN_EXE_research"));
        command.args(arguments);
        let done = end(command, &project.path("."));
        project.wait_for_silence();
        let what = format!("{} with {limit}: {done:?}", arguments[0]);
        assert_recovers(&project, &done, &what);
    });
}

fn begun_or_new(random: &mut Random) -> (Project, &'static [&'static str]) {
    if random.chance(50) {
        let project = Study::files();
        project.write("gate", "");
        return (project, &["run", "research.toml"]);
    }
    let studies = [&Study::all()[1], &Study::all()[2]];
    (random.pick(&studies).copy(), &["resume", "s"])
}

#[test]
fn full_disks() {
    for_each_seed("disks", 8, |random| {
        let project = Study::files();
        let kibibytes = 28 + random.below(140) + random.below(2) * random.below(2600);
        // The programs have four pages, and the marker files have none.
        let script = format!(
            "touch gate
            mount -t tmpfs -o size={kibibytes}k tmpfs disk
            cp research.toml steps.sh u.sh gate disk
            cd disk
            step run run research.toml
            [ ! -e s ] || step before results s --format csv
            mount -o remount,size=20m .
            if [ -e s ]; then step again resume s; else step again run research.toml; fi
            step after results s --format csv
            step doctor doctor s"
        );
        if with_mounts(&project, &script).is_none() {
            return;
        }
        let run = step(&project, "run");
        let what = format!("a disk of {kibibytes} KiB: {run:?}");
        match run.code {
            Some(0) => {}
            Some(3) => assert!(run.stderr.contains("No space left on device"), "{what}"),
            _ => panic!("{what}"),
        }
        assert!(!run.stderr.contains("panicked"), "{what}");
        if project.path("before.code").exists() {
            let before = step(&project, "before");
            assert_eq!(before.code, Some(0), "{what}, then {before:?}");
            assert_nothing_is_wrong(&cells(&before.stdout), &what);
        }
        for name in ["again", "after", "doctor"] {
            let done = step(&project, name);
            assert_eq!(done.code, Some(0), "{what}, then {done:?}");
        }
        assert_eq!(
            &cells(&step(&project, "after").stdout),
            expected(),
            "{what}"
        );
    });
}
