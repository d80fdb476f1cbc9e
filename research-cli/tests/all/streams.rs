//! Results on standard output, messages on standard error; plain without a terminal.

use std::fs::File;
use std::process::Stdio;

use crate::support::Project;

fn project() -> Project {
    Project::with(
        r#"
        name = "s"
        domain = "a=[1, 2]"
        [[unit]]
        name = "u"
        run = ["sh", "-c", "echo said >&2; echo {a}"]
        save_to = "v"
        "#,
    )
}

#[test]
fn output_without_a_terminal_is_plain() {
    let project = project();
    let done = project.run(&["--results"]);
    assert!(done.stdout.starts_with("id "), "{done:?}");
    for text in [&done.stdout, &done.stderr] {
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
    }
    assert!(
        !done.stderr.contains('█') && done.stderr.lines().count() <= 6,
        "{done:?}"
    );
    let quiet = project.run(&["--name", "q", "--no-bar"]);
    assert!(quiet.stderr.starts_with("2 experiments in "), "{quiet:?}");
    assert_eq!(quiet.stderr.lines().count(), 3, "{quiet:?}");
    let silent = project.run(&["--name", "silent", "--quiet"]);
    assert_eq!(silent.stderr, "", "{silent:?}");
}

/// This tests `run`; `program.rs` tests the other commands.
#[test]
fn a_reader_of_results_may_close_the_pipe() {
    let project = project();
    for arguments in [
        ["run", "research.toml", "--name", "t", "--results"].as_slice(),
        &["resume", "t", "--results"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = project.command(arguments).stdout(writer).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
        assert!(!err.contains("error"), "{arguments:?}: {err}");
    }
}

/// A closed pipe of progress must not end the run.
#[test]
fn a_reader_of_progress_may_close_the_pipe() {
    let project = project();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = project.command(&["run", "research.toml"]);
    let ended = command
        .stderr(writer)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(ended.code(), Some(0));
    assert_eq!(project.table("s"), "a,iteration,v\n1,0,1\n2,0,2");
}

#[test]
fn results_that_cannot_be_printed_stay_stored() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let project = project();
    let mut command = project.command(&["run", "research.toml", "--results", "--no-bar"]);
    let output = command.stdout(full).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{err}");
    let errors = err.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{err}");
    assert_eq!(project.table("s"), "a,iteration,v\n1,0,1\n2,0,2");
}
