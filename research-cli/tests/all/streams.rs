//! Results on standard output, all else on standard error; plain where there is no terminal.

use std::fs::File;
use std::process::Stdio;

use crate::place::Place;

fn place() -> Place {
    Place::with(
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
fn what_is_said_without_a_terminal_is_plain() {
    let place = place();
    let done = place.run(&["--results"]);
    assert!(done.out.starts_with("id "), "{done:?}");
    for text in [&done.out, &done.err] {
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
    }
    assert!(
        !done.err.contains('█') && done.err.lines().count() <= 6,
        "{done:?}"
    );
    let quiet = place.run(&["--name", "q", "--no-bar"]);
    assert!(quiet.err.starts_with("2 experiments in "), "{quiet:?}");
    assert_eq!(quiet.err.lines().count(), 3, "{quiet:?}");
    let silent = place.run(&["--name", "silent", "--quiet"]);
    assert_eq!(silent.err, "", "{silent:?}");
}

/// Of what is run; the other commands are in `program.rs`.
#[test]
fn a_reader_of_results_that_leaves_is_no_error() {
    let place = place();
    for arguments in [
        ["run", "research.toml", "--name", "t", "--results"].as_slice(),
        &["resume", "t", "--results"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place.command(arguments).stdout(writer).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
        assert!(!err.contains("error"), "{arguments:?}: {err}");
    }
}

/// Progress that nobody reads any more must not end the run.
#[test]
fn a_listener_to_the_progress_may_leave() {
    let place = place();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = place.command(&["run", "research.toml"]);
    let ended = command
        .stderr(writer)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(ended.code(), Some(0));
    assert_eq!(place.table("s"), "a,iteration,v\n1,0,1\n2,0,2");
}

#[test]
fn results_that_cannot_be_written_are_an_error_and_stay_stored() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let place = place();
    let mut command = place.command(&["run", "research.toml", "--results", "--no-bar"]);
    let output = command.stdout(full).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{err}");
    let errors = err.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{err}");
    assert_eq!(place.table("s"), "a,iteration,v\n1,0,1\n2,0,2");
}
