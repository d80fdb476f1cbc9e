//! Logs that are damaged at their end or everywhere: every command says so, and none makes it
//! worse.

use std::fs;

use crate::place::{Place, names};

/// A research that has ended, with a frame for each of some experiments and a large value in each.
fn study() -> Place {
    let place = Place::with(
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
    place.run(&[]);
    place
}

/// Where the frames of a log begin, and where the last one ends.
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

/// What may happen to the log of a research that has ended.
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
fn doctor_and_all_readers_agree_and_nothing_is_made_worse() {
    let place = study();
    let path = place.path("study/events.log");
    let log = fs::read(&path).unwrap();
    let table = fs::read(place.path("study/results.parquet")).unwrap();
    let values = names(&place.path("study/values"));
    for (what, damaged) in harms(&log) {
        fs::write(&path, &damaged).unwrap();
        let doctor = place.research(&["doctor", "study"]);
        assert_eq!(doctor.code, Some(1), "{what}: {doctor:?}");
        assert!(!doctor.out.contains("compact"), "{what}: {doctor:?}");
        for arguments in [
            ["results", "study"].as_slice(),
            &["status", "study"],
            &["query", "study", "select count(*) from results"],
            &["artifacts", "study"],
            &["list"],
        ] {
            let read = place.research(arguments);
            let says = match read.code {
                // What cannot be read at all is an error.
                Some(3) => read.err.contains("events.log"),
                Some(0) if arguments[0] == "list" && read.out.contains("unreadable") => true,
                // Nothing is torn where whole frames are missing at the end.
                Some(0) if what == "cut before the last frame" => {
                    read.err.contains("warning: the last run in") && read.err.contains("has no end")
                }
                Some(0) if what == "cut behind its header" => read
                    .err
                    .contains("has 0 experiments and experiments.parquet has 4"),
                Some(0) => read.err.contains("not a complete frame"),
                _ => false,
            };
            assert!(says, "{what}: {arguments:?}: {read:?}");
        }
        let compact = place.research(&["compact", "study"]);
        let with_values = place.research(&["compact", "study", "--remove-values"]);
        assert_eq!(compact.code, Some(3), "{what}: {compact:?}");
        let now = fs::read(place.path("study/results.parquet")).unwrap();
        assert!(now == table, "{what}: {compact:?}");
        assert_eq!(
            names(&place.path("study/values")),
            values,
            "{what}: {with_values:?}"
        );
        assert_eq!(fs::read(&path).unwrap(), damaged, "{what}");
    }
}

/// What is whole is salvaged, and what was lost is run again: then all is as it was.
#[test]
fn whatever_the_damage_salvaging_and_resuming_mends_it() {
    let expected = study().results("study", &["--format", "csv", "--var", "x"]);
    let place = study();
    let path = place.path("study/events.log");
    let log = fs::read(&path).unwrap();
    for (what, damaged) in harms(&log) {
        fs::write(&path, &damaged).unwrap();
        let salvaged = place.research(&["doctor", "study", "--salvage"]);
        assert_eq!(salvaged.code, Some(1), "{what}: {salvaged:?}");
        let resumed = place.research(&["resume", "study"]);
        assert_eq!(resumed.code, Some(0), "{what}: {resumed:?}");
        let table = place.results("study", &["--format", "csv", "--var", "x"]);
        assert_eq!(table, expected, "{what}");
        let doctor = place.research(&["doctor", "study"]);
        assert_eq!(doctor.code, Some(0), "{what}: {doctor:?}");
    }
}

#[test]
fn what_is_cut_off_when_a_research_is_resumed_is_told() {
    let place = study();
    let path = place.path("study/events.log");
    let log = fs::read(&path).unwrap();
    fs::write(&path, &log[..log.len() - 1]).unwrap();
    let resumed = place.research(&["resume", "study"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(resumed.err.contains("were cut off"), "{resumed:?}");
    assert!(place.read("study/research.log").contains("were cut off"));
    assert_eq!(place.research(&["doctor", "study"]).code, Some(0));
}

/// Pipes, sockets, folders and devices in the place of files: every command ends.
#[test]
fn what_is_no_file_keeps_no_command_waiting() {
    let place = study();
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
    let value = format!("values/{}", names(&place.path("study/values"))[0]);
    for file in [
        "research.json",
        "events.log",
        "lock",
        "research.log",
        value.as_str(),
    ] {
        let path = place.path("study").join(file);
        let kept = place.path("kept");
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
                // The values that it prints would fill a pipe that nobody reads meanwhile.
                let mut shell = std::process::Command::new("sh");
                let program = env!("CARGO_BIN_EXE_research");
                shell
                    .args(["-c", "exec \"$0\" \"$@\" > /dev/null", program])
                    .args(arguments);
                let done = place.start_command(shell).end();
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
fn artifacts_follow_no_link_in_the_place_of_an_experiments_folder() {
    let place = study();
    fs::create_dir(place.path("elsewhere")).unwrap();
    place.write("elsewhere/secret.txt", "");
    let id = place.results("study", &["--format", "csv", "--var", "x"]);
    let id = id.lines().nth(1).unwrap().split(',').next().unwrap();
    fs::create_dir_all(place.path("study/experiments")).unwrap();
    let folder = place.path("study/experiments").join(id);
    std::os::unix::fs::symlink("../../elsewhere", folder).unwrap();
    let done = place.research(&["artifacts", "study", "--format", "csv"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.out.contains("secret"), "{done:?}");
}

#[test]
fn a_renamed_research_is_shown_by_the_name_of_its_folder() {
    let place = study();
    fs::rename(place.path("study"), place.path("renamed")).unwrap();
    for arguments in [["status", "renamed"].as_slice(), &["list"]] {
        let done = place.research(arguments);
        assert!(done.out.contains("renamed"), "{done:?}");
        assert!(!done.out.contains("study"), "{done:?}");
    }
    let mut command = place.command(&["status", "."]);
    let here = command.current_dir(place.path("renamed")).output().unwrap();
    assert!(here.stdout.starts_with(b"renamed: "), "{here:?}");
}
