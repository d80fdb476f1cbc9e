//! What is wrong is told once, with its place, before anything is made.

use std::fs;

use crate::place::{Done, Place};

const GOOD: &str = "domain = 'a=[1, 2]'\n[[unit]]\nname = \"u\"\nrun = \"echo {a}\"\n";

/// Runs what must be refused, and holds that nothing was made.
fn refused(place: &Place, arguments: &[&str], code: i32) -> Done {
    let before = place.names();
    let done = place.research(arguments);
    assert_eq!((done.code, &*done.out), (Some(code), ""), "{done:?}");
    let errors = done.err.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{done:?}");
    assert!(done.err.starts_with("error: "), "{done:?}");
    assert_eq!(place.names(), before, "{done:?}");
    done
}

fn refused_file(file: &str, message: &str, place_in_file: &str) {
    let place = Place::with(file);
    let done = refused(&place, &["run", "research.toml"], 2);
    assert!(
        done.err.starts_with(&format!("error: {message}")),
        "{done:?}"
    );
    let shown = format!("--> research.toml:{place_in_file}\n");
    assert!(done.err.contains(&shown), "{shown:?} in {done:?}");
}

#[test]
fn a_file_that_cannot_be_read() {
    let place = Place::new();
    let done = refused(&place, &["run", "none.toml"], 2);
    assert!(
        done.err.contains("No such file") && done.err.contains("none.toml"),
        "{done:?}"
    );
    fs::create_dir(place.path("folder.toml")).unwrap();
    let done = refused(&place, &["run", "folder.toml"], 2);
    assert!(done.err.contains("folder.toml"), "{done:?}");
    fs::write(place.path("image.toml"), [0xff, 0xd8, 0xff]).unwrap();
    let done = refused(&place, &["run", "image.toml"], 2);
    assert!(done.err.contains("not UTF-8"), "{done:?}");
    place.write("study.yaml", "name: study\n");
    let done = refused(&place, &["run", "study.yaml"], 2);
    assert!(done.err.contains("YAML is not supported"), "{done:?}");
}

#[test]
fn a_file_with_a_mistake() {
    refused_file("name = \"x\nworkers = 2\n", "invalid TOML", "1:10");
    refused_file(
        &format!("workerz = 2\n{GOOD}"),
        "unknown key `workerz`",
        "1:1",
    );
    refused_file(
        &GOOD.replace("{a}", "{aa}"),
        "unit `u`: unknown name `{aa}`",
        "4:13",
    );
    refused_file(
        "domain = 'a=[1]'\n[[unit]]\nname = \"u\"\n",
        "missing `run` in unit `u`",
        "2:1",
    );
    refused_file(
        &GOOD.replace("'a=[1, 2]'", "{ a = [] }"),
        "`a` has no values",
        "1:16",
    );
    for name in ["a/b", "..", "/tmp/x", "../x"] {
        refused_file(
            &format!("name = \"{name}\"\n{GOOD}"),
            &format!("invalid research name `{name}`"),
            "1:8",
        );
    }
}

#[test]
fn a_parameter_may_be_called_like_an_option() {
    for (domain, command) in [
        ("{ n_reps = 3 }", "echo {n_reps}"),
        ("{ n_reps = [3] }", "echo 1"),
    ] {
        let file = GOOD.replace("'a=[1, 2]'", domain);
        Place::with(&file.replace("echo {a}", command)).run(&["--dry-run"]);
    }
}

#[test]
fn the_nearest_known_key_is_suggested() {
    let place = Place::with(&format!("workerz = 2\n{GOOD}"));
    let done = refused(&place, &["run", "research.toml"], 2);
    assert!(done.err.contains("did you mean `workers`?"), "{done:?}");
    place.write("research.toml", &GOOD.replace("run =", "runn ="));
    let done = refused(&place, &["run", "research.toml"], 2);
    assert!(done.err.contains("did you mean `run`?"), "{done:?}");
}

#[test]
fn a_flag_with_a_mistake() {
    let place = Place::with(GOOD);
    for (flags, message) in [
        (["--name", "../x"], "`../x`"),
        (["--name", ".."], "`..`"),
        (["--set", "workers=0"], "`workers`"),
        (["--set", "workerz=1"], "`workerz`"),
        (["--workers", "0"], "invalid value '0' for '--workers"),
        (["--seed", "-1"], "unexpected argument '-1'"),
    ] {
        let before = place.names();
        let done = place.research(&[["run", "research.toml"], flags].concat());
        assert_eq!((done.code, &*done.out), (Some(2), ""), "{done:?}");
        assert!(done.err.contains(message), "{done:?}");
        assert_eq!(place.names(), before, "{done:?}");
    }
}

#[test]
fn a_folder_that_is_there_is_left_as_it_is() {
    let place = Place::with(GOOD);
    place.run(&["--name", "x"]);
    let log = fs::read(place.path("x/events.log")).unwrap();
    let done = refused(&place, &["run", "research.toml", "--name", "x"], 2);
    assert!(
        done.err.contains("research resume x") && done.err.contains("research remove x"),
        "{done:?}"
    );
    assert_eq!(fs::read(place.path("x/events.log")).unwrap(), log);

    fs::create_dir(place.path("photos")).unwrap();
    place.write("photos/cat.txt", "cat");
    let done = refused(&place, &["run", "research.toml", "--name", "photos"], 2);
    // It is none of ours: neither resuming nor removing would do.
    assert!(!done.err.contains("research remove"), "{done:?}");
    assert_eq!(place.read("photos/cat.txt"), "cat");
}

#[test]
fn a_program_that_is_not_there() {
    let unit = |run: &str| GOOD.replace("echo {a}", run);
    refused_file(
        &unit("./none.sh {a}"),
        "unit `u`: program `./none.sh` cannot be started",
        "4:7",
    );
    refused_file(
        &unit("no-such-program"),
        "unit `u`: program `no-such-program` cannot be started",
        "4:7",
    );
    refused_file(
        &unit("./research.toml"),
        "unit `u`: program `./research.toml` cannot be started",
        "4:7",
    );
    let listed = GOOD.replace("\"echo {a}\"", "[\"echos\", \"{a}\"]");
    refused_file(
        &listed,
        "unit `u`: program `echos` cannot be started",
        "4:8",
    );
    let update = format!("{GOOD}[[update]]\nwhen = \"last\"\nrun = \"no-such-program\"\n");
    refused_file(
        &update,
        "[[update]] 1: program `no-such-program` cannot be started",
        "5:1",
    );

    let domain = Place::with(&unit("./none.sh {a}"));
    assert_eq!(domain.research(&["domain", "research.toml"]).code, Some(0));
}

/// What is meant is said, where that can be seen.
#[test]
fn a_parameter_and_a_program_that_are_called_by_half_their_names() {
    let place = Place::with(
        GOOD.replace("'a=[1, 2]'", "{ lr = [1] }")
            .replace("{a}", "{lr}")
            .as_str(),
    );
    let done = refused(&place, &["run", "research.toml", "--set", "lr=0.2"], 2);
    let hint = "`lr` is a parameter: write `domain.lr`";
    assert!(done.err.contains(hint), "{done:?}");
    place.write("train.py", "");
    place.write("research.toml", &GOOD.replace("echo {a}", "train.py {a}"));
    let done = refused(&place, &["run", "research.toml"], 2);
    let hint = "this folder has: write `./train.py`, or the interpreter before it, as in `python3 train.py`";
    assert!(done.err.contains(hint), "{done:?}");
}

/// A unit may make the program that a later one runs.
#[test]
fn a_program_that_another_unit_makes() {
    let place = Place::with(
        "name = 'm'\ndomain = 'a=[1]'\n\
         [[unit]]\nname = 'build'\nrun = './build.sh'\n\
         [[unit]]\nname = 'use'\nrun = './built.sh'\nsave_to = 'v'\n\
         [[unit]]\nname = 'there'\nrun = '{path}/tool'\nsave_to = 'w'\n",
    );
    place.script(
        "build.sh",
        "printf '#!/bin/sh\\necho 5\\n' > built.sh; chmod +x built.sh; cp built.sh $RESEARCH_PATH/tool",
    );
    place.run(&[]);
    assert_eq!(place.table("m"), "a,iteration,v,w\n1,0,5,5");
}

#[test]
fn ids_that_would_be_too_long_to_be_read_again() {
    let parameters: Vec<String> = (0..60).map(|number| format!("p{number} = [1]")).collect();
    let file = format!(
        "create_id_prefix = 3\ndomain = {{ {} }}\n[[unit]]\nname = \"u\"\nrun = \"true\"\n",
        parameters.join(", ")
    );
    let place = Place::with(&file);
    let done = refused(&place, &["run", "research.toml"], 2);
    assert!(done.err.contains("would have 260 bytes"), "{done:?}");
    place.run(&["--set=create_id_prefix=2"]);
}

#[test]
fn a_research_that_is_not_there() {
    let place = Place::new();
    place.write("file", "");
    for command in ["status", "results", "resume"] {
        for name in ["none", "file", "."] {
            let done = refused(&place, &[command, name], 2);
            assert!(done.err.contains("is no research"), "{done:?}");
        }
    }
}

/// A folder that a session on another machine has had, or that is full.
#[test]
fn a_folder_for_temporary_files_that_is_not_there() {
    let place = Place::with(&format!(
        "name = 't'\n{GOOD}save_to = 'u'\noutput = 'number'\n"
    ));
    let mut command = place.command(&["run", "research.toml"]);
    let output = command.env("TMPDIR", "/none").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("TMPDIR") && !said.contains("panicked"),
        "{said}"
    );
    let done = place.research(&["resume", "t"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.table("t"), "a,iteration,u\n1,0,1\n2,0,2");
}

#[test]
fn more_workers_than_there_can_be_are_refused_before_anything_is_allocated() {
    let place = Place::with(GOOD);
    for flags in [
        ["-w", "4294967295", "--dry-run"],
        ["-w", "4294967295", "--no-bar"],
        ["--set", "workers=4294967295", "--dry-run"],
    ] {
        let done = refused(&place, &[&["run", "research.toml"], &flags[..]].concat(), 2);
        assert!(done.err.contains("100000"), "{done:?}");
    }
}
