//! Logs that are damaged at their end or elsewhere: every command reports that, and none makes it
//! worse.

use std::fs;

use crate::support::{Project, names};

/// Creates a research that has ended, with a frame for each of some experiments and a large value
/// in each.
fn study() -> Project {
    let project = Project::with(
        r#"
        name = "study"
        seed = 1
        workers = 1
        [domain]
        x = [1, 2, 3, 4]
        [[unit]]
        name = "x"
        run = "sleep 0.1; echo {x}"
        shell = true
        save_to = "x"
        [[unit]]
        name = "large"
        run = "head -c 1200000 /dev/zero | tr '\\0' {x}"
        shell = true
        output = "text"
        save_to = "large"
        "#,
    );
    project.run(&[]);
    project
}

/// The offsets of the frames of a log, and the end of the last one.
fn bounds(log: &[u8]) -> Vec<usize> {
    let mut bounds = vec![16];
    while let Some(len) = log
        .get(bounds[bounds.len() - 1]..)
        .and_then(<[u8]>::first_chunk)
    {
        let len = u32::from_le_bytes(*len) as usize;
        bounds.push(bounds[bounds.len() - 1] + 12 + len);
    }
    assert_eq!(*bounds.last().unwrap(), log.len());
    bounds
}

fn find(log: &[u8], text: &[u8]) -> usize {
    log.windows(text.len())
        .rposition(|part| part == text)
        .unwrap()
}

/// Returns kinds of damage to the log of an ended research.
fn harms(log: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let bounds = bounds(log);
    let last = bounds[bounds.len() - 2];
    // The frame of the last large value.
    let large = find(log, b"large");
    let large = *bounds.iter().rfind(|begin| **begin < large).unwrap();
    let zeroed = |from: usize| [&log[..from], &vec![0; log.len() - from]].concat();
    let flipped = |at: usize| {
        let mut log = log.to_vec();
        log[at] ^= 4;
        log
    };
    let inserted = [&log[..large + 20], b"x", &log[large + 20..]].concat();
    let removed = [&log[..large + 20], &log[large + 21..]].concat();
    let translated = log.iter().flat_map(|byte| match byte {
        b'\n' => vec![b'\r', b'\n'],
        _ => vec![*byte],
    });
    vec![
        ("zeros from a large value on", zeroed(large)),
        ("a bit of the last frame's payload", flipped(log.len() - 1)),
        ("a bit of the last frame's header", flipped(last + 5)),
        ("all zeros", vec![0; log.len()]),
        ("line ends translated", translated.collect()),
        ("empty", Vec::new()),
        ("cut within its header", log[..9].to_vec()),
        ("cut behind its header", log[..16].to_vec()),
        ("cut within the last frame", log[..log.len() - 1].to_vec()),
        ("cut before the last frame", log[..last].to_vec()),
        ("a byte inserted", inserted),
        ("a byte removed", removed),
        ("a tail of zeros", [log, &[0; 10_000]].concat()),
    ]
}

#[test]
fn doctor_and_all_readers_agree_on_damage() {
    let project = study();
    let path = project.path("study/events.log");
    let log = fs::read(&path).unwrap();
    let table = fs::read(project.path("study/results.parquet")).unwrap();
    let values = names(&project.path("study/values"));
    for (what, damaged) in harms(&log) {
        fs::write(&path, &damaged).unwrap();
        let doctor = project.research(&["doctor", "study"]);
        assert_eq!(doctor.code, Some(1), "{what}: {doctor:?}");
        assert!(!doctor.stdout.contains("compact"), "{what}: {doctor:?}");
        for arguments in [
            ["results", "study"].as_slice(),
            &["status", "study"],
            &["query", "study", "select count(*) from results"],
            &["artifacts", "study"],
            &["list"],
        ] {
            let read = project.research(arguments);
            let says = match read.code {
                // An unreadable log is an error.
                Some(3) => read.stderr.contains("events.log"),
                Some(0) if arguments[0] == "list" && read.stdout.contains("unreadable") => true,
                // If complete frames are missing at the end, nothing is torn.
                Some(0) if what == "cut before the last frame" => {
                    read.stderr.contains("warning: the last run in")
                        && read.stderr.contains("has no end")
                }
                Some(0) if what == "cut behind its header" => read
                    .stderr
                    .contains("has 0 experiments and experiments.parquet has 4"),
                Some(0) => read.stderr.contains("not a complete frame"),
                _ => false,
            };
            assert!(says, "{what}: {arguments:?}: {read:?}");
            assert!(!read.stdout.contains("has not run yet"), "{what}: {read:?}");
        }
        let compact = project.research(&["compact", "study"]);
        let with_values = project.research(&["compact", "study", "--remove-values"]);
        assert_eq!(compact.code, Some(3), "{what}: {compact:?}");
        let now = fs::read(project.path("study/results.parquet")).unwrap();
        assert!(now == table, "{what}: {compact:?}");
        assert_eq!(
            names(&project.path("study/values")),
            values,
            "{what}: {with_values:?}"
        );
        assert_eq!(fs::read(&path).unwrap(), damaged, "{what}");
    }
}

/// Repair keeps intact events, and `resume` runs lost experiments: the results are complete again.
#[test]
fn repair_and_resume_recover_from_any_damage() {
    let expected = study().results("study", &["--format", "csv", "--var", "x"]);
    let project = study();
    let path = project.path("study/events.log");
    let log = fs::read(&path).unwrap();
    for (what, damaged) in harms(&log) {
        fs::write(&path, &damaged).unwrap();
        let salvaged = project.research(&["doctor", "study", "--salvage"]);
        assert_eq!(salvaged.code, Some(1), "{what}: {salvaged:?}");
        let resumed = project.research(&["resume", "study"]);
        assert_eq!(resumed.code, Some(0), "{what}: {resumed:?}");
        let table = project.results("study", &["--format", "csv", "--var", "x"]);
        assert_eq!(table, expected, "{what}");
        let doctor = project.research(&["doctor", "study"]);
        assert_eq!(doctor.code, Some(0), "{what}: {doctor:?}");
    }
}

#[test]
fn resume_reports_the_bytes_that_it_cuts_off() {
    let project = study();
    let path = project.path("study/events.log");
    let log = fs::read(&path).unwrap();
    fs::write(&path, &log[..log.len() - 1]).unwrap();
    let resumed = project.research(&["resume", "study"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(resumed.stderr.contains("were cut off"), "{resumed:?}");
    assert!(project.read("study/research.log").contains("were cut off"));
    assert_eq!(project.research(&["doctor", "study"]).code, Some(0));
}

/// Pipes, sockets, folders and devices in place of files: every command ends.
#[test]
fn special_files_do_not_block_commands() {
    let project = study();
    type Make = fn(&std::path::Path);
    let make: [(&str, Make); 3] = [
        ("pipe", |path| {
            let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
            nix::unistd::mkfifo(path, mode).unwrap();
        }),
        ("socket", |path| {
            drop(std::os::unix::net::UnixListener::bind(path).unwrap())
        }),
        ("device", |path| {
            std::os::unix::fs::symlink("/dev/zero", path).unwrap()
        }),
    ];
    let value = format!("values/{}", names(&project.path("study/values"))[0]);
    for file in [
        "research.json",
        "events.log",
        "lock",
        "research.log",
        value.as_str(),
    ] {
        let path = project.path("study").join(file);
        let kept = project.path("kept");
        for (kind, make) in make {
            let had = path.exists();
            if had {
                fs::rename(&path, &kept).unwrap();
            }
            make(&path);
            for arguments in [
                ["status", "study"].as_slice(),
                &["list"],
                &["results", "study", "--whole", "--format", "json"],
                &["logs", "study"],
                &["doctor", "study"],
                &["doctor", "study", "--salvage"],
                &["compact", "study"],
                &["stop", "study", "-y"],
                &["resume", "study", "--failed"],
            ] {
                // The values that it prints are more than a pipe without a reader holds.
                let mut shell = std::process::Command::new("sh");
                let program = env!("CARGO_BIN_EXE_research");
                shell
                    .args(["-c", "exec \"$0\" \"$@\" > /dev/null", program])
                    .args(arguments);
                let done = project.start_command(shell).end();
                assert!(
                    done.code.is_some(),
                    "{file}, {kind}, {arguments:?}: {done:?}"
                );
            }
            fs::remove_file(&path).unwrap();
            if had {
                fs::rename(&kept, &path).unwrap();
            }
        }
    }
}

#[test]
fn artifacts_do_not_follow_a_link_in_place_of_a_folder() {
    let project = study();
    fs::create_dir(project.path("elsewhere")).unwrap();
    project.write("elsewhere/secret.txt", "");
    let id = project.results("study", &["--format", "csv", "--var", "x"]);
    let id = id.lines().nth(1).unwrap().split(',').next().unwrap();
    fs::create_dir_all(project.path("study/experiments")).unwrap();
    let folder = project.path("study/experiments").join(id);
    std::os::unix::fs::symlink("../../elsewhere", folder).unwrap();
    let done = project.research(&["artifacts", "study", "--format", "csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.stdout.contains("secret"), "{done:?}");
}

#[test]
fn a_renamed_research_has_the_name_of_its_folder() {
    let project = study();
    fs::rename(project.path("study"), project.path("renamed")).unwrap();
    for arguments in [["status", "renamed"].as_slice(), &["list"]] {
        let done = project.research(arguments);
        assert!(done.stdout.contains("renamed"), "{done:?}");
        assert!(!done.stdout.contains("study"), "{done:?}");
    }
    let mut command = project.command(&["status", "."]);
    let here = command
        .current_dir(project.path("renamed"))
        .output()
        .unwrap();
    assert!(here.stdout.starts_with(b"renamed: "), "{here:?}");
}
