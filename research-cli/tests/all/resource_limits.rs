//! Whatever the system refuses at whatever moment, the run ends with an error, and can be resumed.

use std::process::{Command, Stdio};

use crate::place::{Done, Place};

const FILE: &str = r#"
name = "f"
workers = 2
domain = "a=[1, 2, 3, 4, 5, 6]"
[[unit]]
name = "u"
run = "echo {a}"
save_to = "v"
"#;

const TABLE: &str = "a,iteration,v\n1,0,1\n2,0,2\n3,0,3\n4,0,4\n5,0,5\n6,0,6";

/// With so few files each open, it comes a little further each time. More workers have more threads
/// that open something at the same moment.
#[test]
fn a_run_that_may_open_few_files_ends_and_can_be_resumed() {
    let two = (10..34).step_by(2).map(|files| (2, files));
    let six = (15..46).step_by(3).map(|files| (6, files));
    let mut failed = 0;
    for (workers, files) in two.chain(six) {
        let place = Place::with(FILE);
        let program = place.command(&[]).get_program().to_owned();
        let mut limited = Command::new("sh");
        let limit = format!("ulimit -n {files}; exec \"$0\" run research.toml -w {workers}");
        limited.args(["-c", &limit]).arg(program);
        let done = place.start_command(limited).end();
        place.wait_for_silence();
        let what = format!("{workers} workers, {files} files: {done:?}");
        assert!(!done.err.contains("panicked"), "{what}");
        if done.code != Some(0) {
            failed += 1;
            assert_eq!(done.code, Some(3), "{what}");
            assert!(done.err.contains("os error 24"), "{what}");
        }
        if place.path("f").exists() {
            let resumed = place.research(&["resume", "f"]);
            assert_eq!(resumed.code, Some(0), "{what}, then {resumed:?}");
            assert_eq!(place.table("f"), TABLE);
        }
    }
    assert!(failed > 0, "there are always enough");
}

/// Runs `research.toml` in a shell that has been limited before.
fn run_limited(place: &Place, limit: &str) -> Done {
    let mut limited = Command::new("sh");
    let script = format!("{limit}; exec \"$0\" run research.toml");
    limited.args(["-c", &script]);
    limited.arg(env!("CARGO_BIN_EXE_research"));
    let done = place.start_command(limited).end();
    place.wait_for_silence();
    assert!(!done.err.contains("panicked"), "{limit}: {done:?}");
    done
}

/// The signal that the system sends by default would end the leader without a word.
#[test]
fn a_limit_on_the_size_of_files_is_an_error_that_names_the_file() {
    let file = FILE.replace("echo {a}", "printf '%03000d' {a}");
    let file = file.replace("save_to", "output = \"text\"\nsave_to");
    let whole = Place::with(&file);
    whole.run(&[]);
    let mut failed = 0;
    // In blocks of 512 bytes.
    for blocks in [0, 1, 4, 8, 16, 24, 32] {
        let place = Place::with(&file);
        let done = run_limited(&place, &format!("ulimit -f {blocks}"));
        if done.code != Some(0) {
            failed += 1;
            assert_eq!(done.code, Some(3), "{blocks} blocks: {done:?}");
            assert!(done.err.contains("File too large"), "{blocks}: {done:?}");
            assert!(done.err.contains(": cannot "), "{blocks}: {done:?}");
        }
        if place.path("f").exists() {
            let doctor = place.research(&["doctor", "f"]);
            assert_eq!(doctor.code, Some(0), "{blocks} blocks: {doctor:?}");
            let resumed = place.research(&["resume", "f"]);
            assert_eq!(resumed.code, Some(0), "{blocks} blocks: {resumed:?}");
            assert_eq!(place.table("f"), whole.table("f"));
        }
    }
    assert!(failed > 3, "the limit is never reached");
}

/// The limit counts all processes of a user, so it is tried as a user who has none.
#[test]
fn a_limit_on_processes_is_an_error() {
    let place = Place::with(FILE);
    let as_nobody = |script: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--clear-groups", "sh", "-c", script]);
        command.arg(env!("CARGO_BIN_EXE_research"));
        command
    };
    // Only root may become another user; and nobody may not come to where the program is.
    let mut probe = as_nobody("prlimit --nproc=9 \"$0\" --version && touch probe");
    probe.current_dir(place.path("."));
    probe.stdout(Stdio::null()).stderr(Stdio::null());
    place.open_to_all();
    if !probe.status().is_ok_and(|status| status.success()) {
        return;
    }
    for processes in [1, 3, 4, 5, 6, 7] {
        let script = format!("exec prlimit --nproc={processes} \"$0\" run research.toml");
        let done = place.start_command(as_nobody(&script)).end();
        place.wait_for_silence();
        assert_eq!(done.code, Some(3), "{processes} processes: {done:?}");
        assert!(done.err.contains("error: "), "{processes}: {done:?}");
        assert!(!done.err.contains("panicked"), "{processes}: {done:?}");
        if place.path("f").exists() {
            let resumed = place.research(&["resume", "f"]);
            assert_eq!(resumed.code, Some(0), "{processes}: {resumed:?}");
            assert_eq!(place.table("f"), TABLE);
            std::fs::remove_dir_all(place.path("f")).unwrap();
        }
    }
}

/// Programs read from it, and what is missing is not their own file.
#[test]
fn a_missing_null_device_is_named() {
    let place = Place::with(&FILE.replace("workers = 2", "parallel = false"));
    let script = "mount -t tmpfs tmpfs /dev || exit 77; \"$0\" run research.toml";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script]);
    command.arg(env!("CARGO_BIN_EXE_research"));
    let done = place.start_command(command).end();
    // Where nothing can be mounted nothing can be tried.
    if done.err.starts_with("unshare: ") || done.code == Some(77) {
        return;
    }
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("cannot open /dev/null"), "{done:?}");
    assert!(!done.err.contains("PATH"), "{done:?}");
}
