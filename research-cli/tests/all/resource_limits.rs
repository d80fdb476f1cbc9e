//! Limits of the system: the run ends with an error, and can be resumed.

use std::process::{Command, Stdio};

use crate::support::{CommandOutput, Project};

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

/// With each limit, the run gets a little further. More workers have more threads that open files
/// at the same time.
#[test]
fn a_run_with_few_descriptors_ends_and_can_be_resumed() {
    let two = (10..34).step_by(2).map(|files| (2, files));
    let six = (15..46).step_by(3).map(|files| (6, files));
    let mut failed = 0;
    for (workers, files) in two.chain(six) {
        let project = Project::with(FILE);
        let program = project.command(&[]).get_program().to_owned();
        let mut limited = Command::new("sh");
        let limit = format!("ulimit -n {files}; exec \"$0\" run research.toml -w {workers}");
        limited.args(["-c", &limit]).arg(program);
        let done = project.start_command(limited).end();
        project.wait_for_silence();
        let what = format!("{workers} workers, {files} files: {done:?}");
        assert!(!done.stderr.contains("panicked"), "{what}");
        if done.code != Some(0) {
            failed += 1;
            assert_eq!(done.code, Some(3), "{what}");
            assert!(done.stderr.contains("os error 24"), "{what}");
        }
        if project.path("f").exists() {
            let resumed = project.research(&["resume", "f"]);
            assert_eq!(resumed.code, Some(0), "{what}, then {resumed:?}");
            assert_eq!(project.table("f"), TABLE);
        }
    }
    assert!(failed > 0, "there are always enough");
}

/// Runs `research.toml` in a shell with a limit.
fn run_limited(project: &Project, limit: &str) -> CommandOutput {
    let mut limited = Command::new("sh");
    let script = format!("{limit}; exec \"$0\" run research.toml");
    limited.args(["-c", &script]);
    limited.arg(env!("CARGO_BIN_EXE_research"));
    let done = project.start_command(limited).end();
    project.wait_for_silence();
    assert!(!done.stderr.contains("panicked"), "{limit}: {done:?}");
    done
}

/// The default action of the signal would kill the leader without an error message.
#[test]
fn a_limit_on_the_size_of_files_is_an_error_that_names_the_file() {
    let file = FILE.replace("echo {a}", "printf '%03000d' {a}");
    let file = file.replace("save_to", "output = \"text\"\nsave_to");
    let whole = Project::with(&file);
    whole.run(&[]);
    let mut failed = 0;
    // The limits are in blocks of 512 bytes.
    for blocks in [0, 1, 4, 8, 16, 24, 32] {
        let project = Project::with(&file);
        let done = run_limited(&project, &format!("ulimit -f {blocks}"));
        if done.code != Some(0) {
            failed += 1;
            assert_eq!(done.code, Some(3), "{blocks} blocks: {done:?}");
            assert!(done.stderr.contains("File too large"), "{blocks}: {done:?}");
            assert!(done.stderr.contains(": cannot "), "{blocks}: {done:?}");
        }
        if project.path("f").exists() {
            let doctor = project.research(&["doctor", "f"]);
            assert_eq!(doctor.code, Some(0), "{blocks} blocks: {doctor:?}");
            let resumed = project.research(&["resume", "f"]);
            assert_eq!(resumed.code, Some(0), "{blocks} blocks: {resumed:?}");
            assert_eq!(project.table("f"), whole.table("f"));
        }
    }
    assert!(failed > 3, "the limit is never reached");
}

/// The limit counts all processes of a user, so the test runs as a user without processes.
#[test]
fn a_limit_on_processes_is_an_error() {
    let project = Project::with(FILE);
    let unprivileged = |script: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--clear-groups", "sh", "-c", script]);
        command.arg(env!("CARGO_BIN_EXE_research"));
        command
    };
    // Only root can change the user, and that user may not reach the path of the program.
    let mut probe = unprivileged("prlimit --nproc=9 \"$0\" --version && touch probe");
    probe.current_dir(project.path("."));
    probe.stdout(Stdio::null()).stderr(Stdio::null());
    project.open_to_all();
    if !probe.status().is_ok_and(|status| status.success()) {
        return;
    }
    for processes in [1, 3, 4, 5, 6, 7] {
        let script = format!("exec prlimit --nproc={processes} \"$0\" run research.toml");
        let done = project.start_command(unprivileged(&script)).end();
        project.wait_for_silence();
        assert_eq!(done.code, Some(3), "{processes} processes: {done:?}");
        assert!(done.stderr.contains("error: "), "{processes}: {done:?}");
        assert!(!done.stderr.contains("panicked"), "{processes}: {done:?}");
        if project.path("f").exists() {
            let resumed = project.research(&["resume", "f"]);
            assert_eq!(resumed.code, Some(0), "{processes}: {resumed:?}");
            assert_eq!(project.table("f"), TABLE);
            std::fs::remove_dir_all(project.path("f")).unwrap();
        }
    }
}

/// Programs read from the null device, so the error must name it.
#[test]
fn a_missing_null_device_is_named() {
    let project = Project::with(&FILE.replace("workers = 2", "parallel = false"));
    let script = "mount -t tmpfs tmpfs /dev || exit 77; \"$0\" run research.toml";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script]);
    command.arg(env!("CARGO_BIN_EXE_research"));
    let done = project.start_command(command).end();
    // Without mounts the test cannot run.
    if done.stderr.starts_with("unshare: ") || done.code == Some(77) {
        return;
    }
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("cannot open /dev/null"), "{done:?}");
    assert!(!done.stderr.contains("PATH"), "{done:?}");
}
