//! Special files in the folder of a research, and races for its lock.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::random::Random;
use super::study::{Study, assert_complete};
use super::{for_each_seed, research, start};

#[test]
fn special_files_hang_no_command() {
    const NAMES: [&str; 12] = [
        "events.log",
        "research.json",
        "lock",
        "research.log",
        "research.txt",
        "results.parquet",
        "experiments.parquet",
        "values",
        "env",
        "experiments",
        "output.txt",
        "events.damaged.log",
    ];
    const COMMANDS: [&[&str]; 12] = [
        &["status", "s"],
        &["results", "s"],
        &["list"],
        &["logs", "s"],
        &["doctor", "s"],
        &["compact", "s"],
        &["artifacts", "s"],
        &["env", "s"],
        &["query", "s", "select count(*) from results"],
        &["plot", "s"],
        &["resume", "s"],
        &["remove", "s", "-y"],
    ];
    for_each_seed("kinds", 10, |random| {
        let place = Study::all()[usize::try_from(random.below(3)).unwrap()].copy();
        let name = random.pick(&NAMES);
        let kind = replace(&place.path("s").join(name), random);
        for command in COMMANDS {
            let done = research(&place.path("."), command);
            let what = format!("{command:?} where {name} is {kind}: {done:?}");
            assert!(matches!(done.code, Some(0..=3)), "{what}");
        }
    });
}

/// Replaces a file by a special one.
fn replace(path: &Path, random: &mut Random) -> &'static str {
    if path.is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else if path.exists() {
        fs::remove_file(path).unwrap();
    }
    match random.below(6) {
        0 => {
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
            "a pipe"
        }
        1 => {
            fs::create_dir(path).unwrap();
            "a folder"
        }
        2 => {
            drop(UnixListener::bind(path).unwrap());
            "a socket"
        }
        3 => {
            symlink("/dev/zero", path).unwrap();
            "a link to a device without an end"
        }
        4 => {
            symlink(path, path).unwrap();
            "a link to itself"
        }
        _ => {
            symlink("/none", path).unwrap();
            "a link to nothing"
        }
    }
}

/// One process runs the research, and the others are refused.
#[test]
fn races_for_the_lock() {
    for_each_seed("races", 4, |random| {
        let is_new = random.chance(50);
        let place = match is_new {
            true => Study::files(),
            false => Study::all()[1 + usize::try_from(random.below(2)).unwrap()].copy(),
        };
        place.write("gate", "");
        let arguments: &[&str] = match is_new {
            true => &["run", "research.toml"],
            false => &["resume", "s"],
        };
        let count = 2 + random.below(4);
        let start = |_| start(&mut place.command(arguments), &place.path("."));
        let started: Vec<_> = (0..count).map(start).collect();
        let ended: Vec<_> = started.into_iter().map(super::Started::end).collect();
        let what = format!("{count} times {arguments:?}: {ended:?}");
        assert!(ended.iter().any(|done| done.code == Some(0)), "{what}");
        for done in &ended {
            assert!(matches!(done.code, Some(0 | 2 | 3)), "{what}");
            assert!(
                done.code == Some(0) || done.stderr.contains("error: "),
                "{what}"
            );
        }
        assert_complete(&place.path("."), &what);
        let doctor = research(&place.path("."), &["doctor", "s"]);
        assert_eq!(doctor.code, Some(0), "{what}, then {doctor:?}");
    });
}
