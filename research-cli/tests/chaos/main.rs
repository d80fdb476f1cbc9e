//! Checks that no value is lost and no process remains, whichever process is killed at any moment.
//!
//! Each run is disturbed, resumed until it is complete, and compared with an undisturbed one. The
//! run's seed determines everything random, except for the timing of the system. The command
//! `cargo xtask chaos --seed S --runs 1` repeats a run.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod intrusion;
mod life;
mod processes;
mod random;
mod roots;
mod scenes;
mod study;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use life::{Disturbance, Life, Tally};
use nix::sys::signal::{SigHandler, Signal, signal};
use random::Random;
use study::{MISDEEDS, Study};

/// The number of runs in the ordinary tests.
const RUNS: u64 = 12;
/// The number of resumes after which a run counts as making no progress.
const MOST_LIVES: u32 = 12;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first().map(|(a, b)| (a.as_str(), b)) {
        Some(("study", rest)) => std::process::exit(study::main(rest)),
        Some(("scene", rest)) => std::process::exit(scenes::main(&rest[0], Path::new(&rest[1]))),
        _ => {}
    }
    let number = |flag: &str, default: u64| {
        let place = arguments.iter().position(|argument| argument == flag);
        place.map_or(default, |place| arguments[place + 1].parse().unwrap())
    };
    // The flags and filters of the usual test harness.
    let is_filtered =
        |argument: &String| !argument.starts_with('-') && argument.parse::<u64>().is_err();
    if arguments.iter().any(|argument| argument == "--list") {
        // cargo-nextest lists the tests in this form, once for ignored ones.
        if !arguments.iter().any(|argument| argument == "--ignored") {
            println!("chaos: test");
        }
        return;
    }
    if arguments
        .iter()
        .any(|argument| is_filtered(argument) && !"chaos".contains(argument.as_str()))
    {
        return;
    }
    heed_signals();
    let (runs, first) = (number("--runs", RUNS), number("--seed", 1));
    let failed_scenes = scenes::play_all(new_folder);
    let expected = [Kind::File, Kind::Closures].map(|kind| (kind, undisturbed(kind)));
    let mut failures = Vec::new();
    let mut tally = Tally::default();
    for seed in first..first + runs {
        let kind = match Random::new(seed).chance(50) {
            true => Kind::File,
            false => Kind::Closures,
        };
        let wanted = &expected.iter().find(|(one, _)| *one == kind).unwrap().1;
        let mut log = Vec::new();
        if let Err(problem) = run(kind, seed, wanted, &mut log, &mut tally) {
            println!("seed {seed} ({kind:?}): {problem}\n{}", log.join("\n"));
            failures.push(seed);
        }
    }
    println!("chaos: what was done, and how often: {tally}");
    println!("chaos: {runs} runs from seed {first}, failed: {failures:?}");
    if let Some(seed) = failures.first() {
        println!("one of them again: cargo xtask chaos --runs 1 --seed {seed}");
    }
    if !failures.is_empty() || !failed_scenes.is_empty() {
        std::process::exit(1);
    }
}

/// Restores the default actions of signals. A background shell or `nohup` lets its programs, and
/// the programs that these start, ignore signals.
fn heed_signals() {
    for heeded in [Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: the default action does not run code of this program.
        unsafe { signal(heeded, SigHandler::SigDfl) }.unwrap();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The `research` program with a research file.
    File,
    /// This program, with closures.
    Closures,
}

fn undisturbed(kind: Kind) -> String {
    let folder = new_folder(&format!("undisturbed-{kind:?}"));
    let mut log = Vec::new();
    let mut life = Life {
        mark: &folder.display().to_string(),
        folder: &folder,
        log_is_lost: &mut false,
        orphans: &mut false,
        log: &mut log,
        tally: &mut Tally::default(),
    };
    let status = life.live(&mut command(kind, &folder, &mut Random::new(0)), None);
    assert!(
        status.clone().is_ok_and(|status| status.success()),
        "{status:?}, see {}",
        folder.display()
    );
    let csv = csv(&folder).unwrap();
    assert_eq!(
        csv.lines().count() as u64,
        1 + 4 * study::EXPERIMENTS,
        "{csv}"
    );
    csv
}

/// One run: disturbed lives, then undisturbed ones until it is complete.
fn run(
    kind: Kind,
    seed: u64,
    expected: &str,
    log: &mut Vec<String>,
    tally: &mut Tally,
) -> Result<(), String> {
    let mut random = Random::new(seed);
    let folder = new_folder(&format!("seed-{seed}"));
    fs::create_dir(folder.join("misdeeds")).unwrap();
    let mark = format!("{}-{seed}", std::process::id());
    let (mut log_is_lost, mut orphans) = (false, false);
    let disturbed = 1 + u32::try_from(random.below(3)).unwrap();
    for number in 0..MOST_LIVES {
        let mut command = command(kind, &folder, &mut random);
        log.push(format!(" {command:?}"));
        let disturb = number < disturbed;
        let the_leader = random.chance(40);
        // If a unit kills its worker, the leader is not killed.
        let misdeeds = match the_leader {
            true if kind == Kind::Closures => &[],
            true => &MISDEEDS[..5],
            false => &MISDEEDS[..],
        };
        let set = set_misdeeds(&folder, if disturb { misdeeds } else { &[] }, &mut random);
        let mut life = Life {
            mark: &mark,
            folder: &folder,
            log_is_lost: &mut log_is_lost,
            orphans: &mut orphans,
            log,
            tally,
        };
        let mute = random.chance(20);
        let disturbance = Disturbance {
            random: &mut random,
            the_leader,
            mute,
        };
        let status = life.live(&mut command, disturb.then_some(disturbance))?;
        if std::mem::take(&mut log_is_lost) {
            if matches!(status.code(), Some(0 | 1 | 130)) {
                return Err(format!(
                    "the log was lost, and the leader did not notice: {status}"
                ));
            }
            log.push(format!("  {}", intrusion::recover(&folder)));
        }
        for (x, misdeed) in set {
            if !folder.join("misdeeds").join(x.to_string()).exists() {
                tally.add(misdeed);
            }
        }
        if status.success() {
            let found = csv(&folder)?;
            if found != expected {
                return Err(format!("other results:\n{found}"));
            }
            fs::remove_dir_all(&folder).unwrap();
            return Ok(());
        }
    }
    Err("it never comes to its end".to_owned())
}

/// An empty folder for the files of a test.
fn new_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("chaos")
        .join(name);
    // The folder exists if an earlier run failed.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs or resumes the research in this folder.
fn command(kind: Kind, folder: &Path, random: &mut Random) -> Command {
    let resume = folder.join("chaos").exists();
    let workers = 1 + random.below(3);
    let branches = random.pick(&roots::BRANCHES);
    match kind {
        Kind::File => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_research"));
            command.current_dir(folder);
            if resume {
                // The remaining experiments run in tasks of another size.
                let branches = format!("branches={branches}");
                command.args(["resume", "chaos", "--no-bar", "--file", "chaos.toml"]);
                command.args(["--set", &branches]);
            } else {
                study::write_file(folder, workers, branches);
                command.args(["run", "chaos.toml", "--no-bar"]);
            }
            command
        }
        Kind::Closures => {
            let study = Study {
                isolation: random.pick(&["experiment", "worker"]),
                threads: random.chance(40),
                workers,
                branches,
                resume,
            };
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(study.arguments(folder));
            command
        }
    }
}

/// Assigns a misdeed to some experiments, and withdraws those that were not done. At most one
/// misdeed ends a worker, because an experiment that loses three workers fails. Returns the
/// experiments.
fn set_misdeeds<'m>(
    folder: &Path,
    misdeeds: &[&'m str],
    random: &mut Random,
) -> Vec<(u64, &'m str)> {
    let mut set = Vec::new();
    let folder = folder.join("misdeeds");
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        fs::remove_file(entry.path()).unwrap();
    }
    let mut choice = misdeeds.to_vec();
    for x in 0..study::EXPERIMENTS {
        if random.chance(25) && !choice.is_empty() {
            let misdeed = random.pick(&choice);
            choice.retain(|one| *one != "worker" || misdeed != "worker");
            fs::write(folder.join(x.to_string()), misdeed).unwrap();
            set.push((x, misdeed));
        }
    }
    set
}

/// The results, as the program prints them.
fn csv(folder: &Path) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_research"))
        .args(["results", "chaos", "--format", "csv"])
        .current_dir(folder)
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(format!("the results cannot be read: {output:?}")),
    }
}
