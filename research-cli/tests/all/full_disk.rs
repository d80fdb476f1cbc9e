//! A disk that is full or cannot be written to. The small file systems of these tests live in a
//! mount namespace, which goes away with the script that runs in it.

use std::process::{Command, Stdio};

use crate::place::{Done, Place};

/// Runs a shell script in which `step NAME …` calls the program; `None` where nothing can be
/// mounted.
pub(crate) fn with_mounts(place: &Place, script: &str) -> Option<()> {
    let mounts = |flags: &str| {
        let mut probe = Command::new("unshare");
        probe.args([flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
        probe.stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let flags = ["-m", "-rm"].into_iter().find(|flags| mounts(flags))?;
    let script = format!(
        "top=$PWD
        step() {{
            step=$1
            shift
            code=0
            \"$R\" \"$@\" >\"$top/$step.out\" 2>\"$top/$step.err\" </dev/null || code=$?
            echo $code >\"$top/$step.code\"
        }}
        mkdir disk
        {script}"
    );
    place.write("script.sh", &script);
    let ran = Command::new("unshare")
        .args([flags, "sh", "-eu", "script.sh"])
        .current_dir(place.path("."))
        .env("R", env!("CARGO_BIN_EXE_research"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    Some(())
}

pub(crate) fn step(place: &Place, name: &str) -> Done {
    Done {
        code: place.read(&format!("{name}.code")).trim().parse().ok(),
        out: place.read(&format!("{name}.out")),
        err: place.read(&format!("{name}.err")),
    }
}

fn place() -> Place {
    let place = Place::with(
        r#"
        name = "big"
        workers = 2
        seed = 1
        domain = "a=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]"
        [[unit]]
        name = "u"
        run = "../u.sh {a}"
        save_to = "v"
        "#,
    );
    // A text of 20 kB, so slowly that not all are written to the log at once, and none has room.
    place.script(
        "u.sh",
        "sleep 0.05; printf '\"'; head -c 20000 /dev/zero | tr '\\0' \"$1\"; echo '\"'",
    );
    place
}

#[test]
fn a_disk_that_runs_full_loses_nothing() {
    let place = place();
    let ran = with_mounts(
        &place,
        "mount -t tmpfs -o size=128k tmpfs disk; cd disk
        step run run ../research.toml
        ls -A >../names
        step status status big --format json
        step before results big --format csv
        step again resume big
        step still results big --format csv
        mount -o remount,size=10m .
        step resume resume big
        step after results big --format csv
        step other run ../research.toml --name other
        step whole results other --format csv",
    );
    if ran.is_none() {
        return;
    }
    for name in ["run", "again"] {
        let run = step(&place, name);
        assert_eq!((run.code, &*run.out), (Some(3), ""), "{run:?}");
        let errors: Vec<_> = run
            .err
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "{run:?}");
        assert!(errors[0].contains("No space left on device"), "{run:?}");
        assert!(errors[0].contains("big/events.log"), "{run:?}");
    }
    assert_eq!(place.read("names"), "big\n");
    let status: serde_json::Value = serde_json::from_str(&step(&place, "status").out).unwrap();
    let finished = status["finished"].as_u64().unwrap();
    assert!((1..12).contains(&finished), "{status}");

    // Whatever was told as finished has its results, then and ever after.
    let before = step(&place, "before");
    assert_eq!(before.code, Some(0), "{}", before.err);
    let rows = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (still, after) = (
        rows(&step(&place, "still").out),
        rows(&step(&place, "after").out),
    );
    let before = rows(&before.out);
    assert!(before.len() as u64 > finished);
    assert!(before.iter().all(|row| still.contains(row)));
    assert!(still.iter().all(|row| after.contains(row)));

    let resumed = step(&place, "resume");
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(after.len(), 13);
    assert_eq!(step(&place, "after").out, step(&place, "whole").out);
}

/// Values with files of their own, and no room for the third of them.
#[test]
fn a_disk_that_runs_full_of_large_values_loses_nothing() {
    let place = Place::with(
        r#"
        name = "big"
        workers = 1
        seed = 1
        domain = "a=[1, 2, 3, 4]"
        [[unit]]
        name = "u"
        run = "../u.sh {a}"
        output = "text"
        save_to = "v"
        "#,
    );
    // A text of 2 MB.
    place.script("u.sh", "head -c 2000000 /dev/zero | tr '\\0' \"$1\"");
    let ran = with_mounts(
        &place,
        "mount -t tmpfs -o size=5m tmpfs disk; cd disk
        step run run ../research.toml
        ls -A big/values >../names
        step status status big --format json
        step before results big --format csv
        step doctor doctor big
        mount -o remount,size=50m .
        step resume resume big
        step after results big --format csv
        step whole doctor big",
    );
    if ran.is_none() {
        return;
    }
    let run = step(&place, "run");
    assert_eq!((run.code, &*run.out), (Some(3), ""), "{run:?}");
    let errors: Vec<_> = run
        .err
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{run:?}");
    assert!(errors[0].contains("No space left on device"), "{run:?}");
    assert!(errors[0].contains("big/values/"), "{run:?}");
    // Nothing half-written is left behind.
    assert_eq!(place.read("names").lines().count(), 2);
    let status: serde_json::Value = serde_json::from_str(&step(&place, "status").out).unwrap();
    assert_eq!(
        (&status["finished"], &status["exceptions"]),
        (&2.into(), &0.into()),
        "{status}"
    );
    assert_eq!(step(&place, "doctor").code, Some(0));

    let resumed = step(&place, "resume");
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let after = step(&place, "after").out;
    assert_eq!(after.lines().count(), 5, "{after}");
    for row in step(&place, "before").out.lines() {
        assert!(after.lines().any(|other| other == row), "{row}");
    }
    let whole = step(&place, "whole");
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.out.contains("values         intact, 4"), "{whole:?}");
}

/// Whatever is the first file that has no room, there is a whole research or none.
#[test]
fn a_disk_without_room_for_a_research() {
    let place = place();
    let mut script = String::new();
    for free in 0..8 {
        script.push_str(&format!(
            "mount -t tmpfs -o size=64k tmpfs disk; cd disk
            head -c {} /dev/zero >fill
            step run{free} run ../research.toml
            ls -A >../names{free}
            [ ! -e big ] || step status{free} status big
            cd ..; umount disk\n",
            (16 - free) * 4096
        ));
    }
    if with_mounts(&place, &script).is_none() {
        return;
    }
    for free in 0..8 {
        let run = step(&place, &format!("run{free}"));
        assert_eq!((run.code, &*run.out), (Some(3), ""), "{free}: {run:?}");
        let errors = run.err.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{free}: {run:?}");
        match &*place.read(&format!("names{free}")) {
            "fill\n" => assert!(run.err.starts_with("error: "), "{free}: {run:?}"),
            "big\nfill\n" => assert_eq!(step(&place, &format!("status{free}")).code, Some(0)),
            other => panic!("{free}: {other:?} was left"),
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let place = place();
    let ran = with_mounts(
        &place,
        "mount -t tmpfs -o ro tmpfs disk; cd disk
        step run run ../research.toml
        ls -A >../names",
    );
    if ran.is_none() {
        return;
    }
    let run = step(&place, "run");
    assert_eq!((run.code, &*run.out), (Some(3), ""), "{run:?}");
    assert_eq!(run.err.lines().count(), 1, "{run:?}");
    assert!(
        run.err.starts_with("error: cannot create a folder in "),
        "{run:?}"
    );
    assert_eq!(place.read("names"), "");
}

/// What is stored can be read, and only read, where nothing can be written.
#[test]
fn a_research_on_a_disk_that_cannot_be_written_to() {
    let place = place();
    let ran = with_mounts(
        &place,
        "mount -t tmpfs -o size=10m tmpfs disk; cd disk
        step run run ../research.toml
        mount -o remount,ro .
        step status status big
        step results results big --format csv
        step list list
        step resume resume big
        step remove remove big -y",
    );
    if ran.is_none() {
        return;
    }
    for name in ["run", "status", "results", "list", "resume"] {
        let done = step(&place, name);
        assert_eq!(done.code, Some(0), "{name}: {}", done.err);
    }
    let remove = step(&place, "remove");
    assert_eq!(
        (remove.code, remove.err.lines().count()),
        (Some(3), 1),
        "{remove:?}"
    );
    assert!(remove.err.starts_with("error: cannot "), "{remove:?}");
}
