//! The program as a process: exit codes, output streams, broken pipes.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{Project, text};

fn research(arguments: &[&str]) -> Output {
    crate::support::research(Path::new("."), arguments)
}

#[test]
fn results_go_to_standard_output_and_errors_to_standard_error() {
    let good = research(&["domain", "a=[1]"]);
    assert_eq!((text(&good.stdout), text(&good.stderr)), ("a\n1\n", ""));
    assert_eq!(good.status.code(), Some(0));
    let bad = research(&["domain", "a=["]);
    assert_eq!(text(&bad.stdout), "");
    assert!(text(&bad.stderr).starts_with("error: expected "), "{bad:?}");
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn usage_errors_have_hints() {
    let unknown = research(&["domian"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("a similar subcommand exists: 'domain'"));
    assert_eq!(research(&[]).status.code(), Some(2));
}

#[test]
fn the_name_of_the_only_research_can_be_left_out() {
    let file =
        "domain = \"a=[1, 2]\"\n[[unit]]\nname = \"u\"\nrun = \"echo {a}\"\nsave_to = \"v\"\n";
    let project = Project::with(file);
    let missing = project.research(&["results"]);
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("current folder has none"),
        "{missing:?}"
    );
    assert!(
        missing
            .stderr
            .contains("Usage: research results [OPTIONS] [NAME]"),
        "{missing:?}"
    );

    project.run(&["--name", "first"]);
    for command in [
        "status", "results", "logs", "doctor", "resume", "stop", "env", "compact",
    ] {
        let with = project.research(&[command, "first"]);
        let without = project.research(&[command]);
        assert_eq!(
            (with.code, with.stdout),
            (without.code, without.stdout),
            "{command}"
        );
    }
    let some = project.research(&["results", "--format", "csv", "--where", "a=2"]);
    assert_eq!(some.stdout.lines().count(), 2, "{some:?}");
    // A command that deletes the research, and commands in which another argument follows the name.
    for command in ["remove", "query", "reproduce"] {
        assert_eq!(project.research(&[command]).code, Some(2), "{command}");
    }
    assert!(project.path("first").exists());

    project.run(&["--name", "second"]);
    let several = project.research(&["status"]);
    assert_eq!(several.code, Some(2));
    assert!(
        several.stderr.contains("has several: first, second"),
        "{several:?}"
    );
}

#[test]
fn help_has_examples_for_every_command() {
    let help = research(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let commands: Vec<String> = text(&help.stdout)
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|command| command != "help")
        .collect();
    assert!(!commands.is_empty());
    for command in commands {
        let help = research(&[&command, "--help"]);
        let said = format!("\nExamples:\n  research {command}");
        assert!(text(&help.stdout).contains(&said), "{command}");
    }
}

#[test]
fn a_reader_may_close_the_pipe() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_research"))
        .args([
            "domain",
            "x=uniform(0, 1)",
            "--n-items",
            "100000000",
            "--format",
            "jsonl",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(text(&ended.stderr), "");
}

/// The reader ends before the first write.
#[test]
fn every_command_accepts_a_closed_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let research = crate::support::research;
    research(path, &["init"]);
    research(path, &["run", "research.toml", "-q", "--set", "profile=1"]);
    let results = research(path, &["results", "first", "--format=csv"]);
    let id = text(&results.stdout).lines().nth(1).unwrap();
    let id = id.split(',').next().unwrap();
    let commands: [&[&str]; 27] = [
        &["--help"],
        &["--version"],
        &["help", "run"],
        &["man"],
        &["completions", "bash"],
        &["status", "first"],
        &["status", "first", "--format=json"],
        &["status", "first", "--format=csv"],
        &["results", "first"],
        &["results", "first", "--format=csv"],
        &["list"],
        &["logs", "first"],
        &["artifacts", "first"],
        &["env", "first"],
        &["doctor", "first"],
        &["query", "first", "select * from results"],
        &["domain", "research.toml"],
        &["run", "research.toml", "--dry-run", "--name", "second"],
        &[
            "run",
            "research.toml",
            "--dry-run",
            "--name=second",
            "--format=json",
        ],
        &["list", "--format=json"],
        &["plot", "first", "--x", "x"],
        &["plot", "first", "--out", "first.svg"],
        &["compact", "first"],
        &["devices"],
        &["devices", "--format=json"],
        &["reproduce", "first", id],
        &["profile", "first"],
    ];
    for arguments in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = Command::new(env!("CARGO_BIN_EXE_research"))
            .args(arguments)
            .current_dir(path)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let code = ended.status.code();
        assert_eq!((code, text(&ended.stderr)), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let ended = Command::new(env!("CARGO_BIN_EXE_research"))
        .args(["domain", "a=[1]"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(
        text(&ended.stderr).starts_with("error: cannot write output: "),
        "{ended:?}"
    );
}
