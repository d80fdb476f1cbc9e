//! A full or read-only disk. The small file systems of these tests are in a
//! mount namespace, which ends with the script that runs in it.

use std::process::{Command, Stdio};

use crate::support::{CommandOutput, Project};

/// Runs a shell script in which `step NAME …` calls the program; `None` if file systems cannot be
/// mounted.
pub(crate) fn with_mounts(project: &Project, script: &str) -> Option<()> {
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
    project.write("script.sh", &script);
    let ran = Command::new("unshare")
        .args([flags, "sh", "-eu", "script.sh"])
        .current_dir(project.path("."))
        .env("R", env!("CARGO_BIN_EXE_research"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    Some(())
}

pub(crate) fn step(project: &Project, name: &str) -> CommandOutput {
    CommandOutput {
        code: project.read(&format!("{name}.code")).trim().parse().ok(),
        stdout: project.read(&format!("{name}.out")),
        stderr: project.read(&format!("{name}.err")),
    }
}

fn project() -> Project {
    let project = Project::with(
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
    // The output is a string of 20 kB, printed slowly, so the log does not receive all values at
    // once.
    project.script(
        "u.sh",
        "sleep 0.05; printf '\"'; head -c 20000 /dev/zero | tr '\\0' \"$1\"; echo '\"'",
    );
    project
}

#[test]
fn a_full_disk_loses_nothing() {
    let project = project();
    let ran = with_mounts(
        &project,
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
        let run = step(&project, name);
        assert_eq!((run.code, &*run.stdout), (Some(3), ""), "{run:?}");
        let errors: Vec<_> = run
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "{run:?}");
        assert!(errors[0].contains("No space left on device"), "{run:?}");
        assert!(errors[0].contains("big/events.log"), "{run:?}");
    }
    assert_eq!(project.read("names"), "big\n");
    let status: serde_json::Value = serde_json::from_str(&step(&project, "status").stdout).unwrap();
    let finished = status["finished"].as_u64().unwrap();
    assert!((1..12).contains(&finished), "{status}");

    // Every experiment that was reported as finished has its results.
    let before = step(&project, "before");
    assert_eq!(before.code, Some(0), "{}", before.stderr);
    let rows = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (still, after) = (
        rows(&step(&project, "still").stdout),
        rows(&step(&project, "after").stdout),
    );
    let before = rows(&before.stdout);
    assert!(before.len() as u64 > finished);
    assert!(before.iter().all(|row| still.contains(row)));
    assert!(still.iter().all(|row| after.contains(row)));

    let resumed = step(&project, "resume");
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(after.len(), 13);
    assert_eq!(
        step(&project, "after").stdout,
        step(&project, "whole").stdout
    );
}

/// The disk has no space for the third large value.
#[test]
fn a_disk_full_of_large_values_loses_nothing() {
    let project = Project::with(
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
    // The output is a string of 2 MB.
    project.script("u.sh", "head -c 2000000 /dev/zero | tr '\\0' \"$1\"");
    let ran = with_mounts(
        &project,
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
    let run = step(&project, "run");
    assert_eq!((run.code, &*run.stdout), (Some(3), ""), "{run:?}");
    let errors: Vec<_> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{run:?}");
    assert!(errors[0].contains("No space left on device"), "{run:?}");
    assert!(errors[0].contains("big/values/"), "{run:?}");
    // No incomplete file remains.
    assert_eq!(project.read("names").lines().count(), 2);
    let status: serde_json::Value = serde_json::from_str(&step(&project, "status").stdout).unwrap();
    assert_eq!(
        (&status["finished"], &status["exceptions"]),
        (&2.into(), &0.into()),
        "{status}"
    );
    assert_eq!(step(&project, "doctor").code, Some(0));

    let resumed = step(&project, "resume");
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let after = step(&project, "after").stdout;
    assert_eq!(after.lines().count(), 5, "{after}");
    for row in step(&project, "before").stdout.lines() {
        assert!(after.lines().any(|other| other == row), "{row}");
    }
    let whole = step(&project, "whole");
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(
        whole.stdout.contains("values         intact, 4"),
        "{whole:?}"
    );
}

/// Whichever file has no space, the research is complete or absent.
#[test]
fn a_disk_without_space_for_a_research() {
    let project = project();
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
    if with_mounts(&project, &script).is_none() {
        return;
    }
    for free in 0..8 {
        let run = step(&project, &format!("run{free}"));
        assert_eq!((run.code, &*run.stdout), (Some(3), ""), "{free}: {run:?}");
        let errors = run
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{free}: {run:?}");
        match &*project.read(&format!("names{free}")) {
            "fill\n" => assert!(run.stderr.starts_with("error: "), "{free}: {run:?}"),
            "big\nfill\n" => assert_eq!(step(&project, &format!("status{free}")).code, Some(0)),
            other => panic!("{free}: {other:?} was left"),
        }
    }
}

#[test]
fn a_read_only_folder_is_reported() {
    let project = project();
    let ran = with_mounts(
        &project,
        "mount -t tmpfs -o ro tmpfs disk; cd disk
        step run run ../research.toml
        ls -A >../names",
    );
    if ran.is_none() {
        return;
    }
    let run = step(&project, "run");
    assert_eq!((run.code, &*run.stdout), (Some(3), ""), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    assert!(
        run.stderr.starts_with("error: cannot create a folder in "),
        "{run:?}"
    );
    assert_eq!(project.read("names"), "");
}

/// On a read-only disk a research can be read.
#[test]
fn a_research_on_a_read_only_disk_can_be_read() {
    let project = project();
    let ran = with_mounts(
        &project,
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
        let done = step(&project, name);
        assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
    }
    let remove = step(&project, "remove");
    assert_eq!(
        (remove.code, remove.stderr.lines().count()),
        (Some(3), 1),
        "{remove:?}"
    );
    assert!(remove.stderr.starts_with("error: cannot "), "{remove:?}");
}
