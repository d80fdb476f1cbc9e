//! Errors are reported once, with their location, before anything is created.

use std::fs;

use crate::support::{CommandOutput, Project};

const GOOD: &str = "domain = 'a=[1, 2]'\n[[unit]]\nname = \"u\"\nrun = \"echo {a}\"\n";

/// Checks that a command is refused and creates nothing.
fn refused(project: &Project, arguments: &[&str], code: i32) -> CommandOutput {
    let before = project.names();
    let done = project.research(arguments);
    assert_eq!((done.code, &*done.stdout), (Some(code), ""), "{done:?}");
    let errors = done
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{done:?}");
    assert!(done.stderr.starts_with("error: "), "{done:?}");
    assert_eq!(project.names(), before, "{done:?}");
    done
}

fn refused_file(file: &str, message: &str, location: &str) {
    let project = Project::with(file);
    let done = refused(&project, &["run", "research.toml"], 2);
    assert!(
        done.stderr.starts_with(&format!("error: {message}")),
        "{done:?}"
    );
    let shown = format!("--> research.toml:{location}\n");
    assert!(done.stderr.contains(&shown), "{shown:?} in {done:?}");
}

#[test]
fn an_unreadable_file_is_reported() {
    let project = Project::new();
    let done = refused(&project, &["run", "none.toml"], 2);
    assert!(
        done.stderr.contains("No such file") && done.stderr.contains("none.toml"),
        "{done:?}"
    );
    fs::create_dir(project.path("folder.toml")).unwrap();
    let done = refused(&project, &["run", "folder.toml"], 2);
    assert!(done.stderr.contains("folder.toml"), "{done:?}");
    fs::write(project.path("image.toml"), [0xff, 0xd8, 0xff]).unwrap();
    let done = refused(&project, &["run", "image.toml"], 2);
    assert!(done.stderr.contains("not UTF-8"), "{done:?}");
    project.write("study.yaml", "name: study\n");
    let done = refused(&project, &["run", "study.yaml"], 2);
    assert!(done.stderr.contains("YAML is not supported"), "{done:?}");
}

#[test]
fn an_invalid_file_is_reported_with_its_location() {
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
fn a_parameter_may_have_the_name_of_an_option() {
    for (domain, command) in [
        ("{ n_reps = 3 }", "echo {n_reps}"),
        ("{ n_reps = [3] }", "echo 1"),
    ] {
        let file = GOOD.replace("'a=[1, 2]'", domain);
        Project::with(&file.replace("echo {a}", command)).run(&["--dry-run"]);
    }
}

#[test]
fn the_nearest_known_key_is_suggested() {
    let project = Project::with(&format!("workerz = 2\n{GOOD}"));
    let done = refused(&project, &["run", "research.toml"], 2);
    assert!(done.stderr.contains("did you mean `workers`?"), "{done:?}");
    project.write("research.toml", &GOOD.replace("run =", "runn ="));
    let done = refused(&project, &["run", "research.toml"], 2);
    assert!(done.stderr.contains("did you mean `run`?"), "{done:?}");
}

#[test]
fn an_invalid_flag_is_reported() {
    let project = Project::with(GOOD);
    for (flags, message) in [
        (["--name", "../x"], "`../x`"),
        (["--name", ".."], "`..`"),
        (["--set", "workers=0"], "`workers`"),
        (["--set", "workerz=1"], "`workerz`"),
        (["--workers", "0"], "invalid value '0' for '--workers"),
        (["--seed", "-1"], "unexpected argument '-1'"),
    ] {
        let before = project.names();
        let done = project.research(&[["run", "research.toml"], flags].concat());
        assert_eq!((done.code, &*done.stdout), (Some(2), ""), "{done:?}");
        assert!(done.stderr.contains(message), "{done:?}");
        assert_eq!(project.names(), before, "{done:?}");
    }
}

#[test]
fn an_existing_folder_is_not_changed() {
    let project = Project::with(GOOD);
    project.run(&["--name", "x"]);
    let log = fs::read(project.path("x/events.log")).unwrap();
    let done = refused(&project, &["run", "research.toml", "--name", "x"], 2);
    assert!(
        done.stderr.contains("research resume x") && done.stderr.contains("research remove x"),
        "{done:?}"
    );
    assert_eq!(fs::read(project.path("x/events.log")).unwrap(), log);

    fs::create_dir(project.path("photos")).unwrap();
    project.write("photos/cat.txt", "cat");
    let done = refused(&project, &["run", "research.toml", "--name", "photos"], 2);
    // The folder is not a research: resume and remove do not apply.
    assert!(!done.stderr.contains("research remove"), "{done:?}");
    assert_eq!(project.read("photos/cat.txt"), "cat");
}

#[test]
fn a_missing_program_is_reported() {
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

    let domain = Project::with(&unit("./none.sh {a}"));
    assert_eq!(domain.research(&["domain", "research.toml"]).code, Some(0));
}

/// Otherwise experiments of some configs would fail when they start.
#[test]
fn a_parameter_that_some_configs_lack_is_reported() {
    let file = |domain: &str, more: &str| {
        format!(
            "name = \"c\"\ndomain = '{domain}'\n{more}\n[[unit]]\nname = \"u\"\n\
             run = \"echo {{C}} {{n}}\"\noutput = \"text\"\n"
        )
    };
    let sum = "k=[\"x\"] * (C=[1] * n=[2] + C=[3])";
    refused_file(
        &file(sum, ""),
        "unit `u`: `{n}`: the configs of `C=[3]` have no `n`",
        "6:17",
    );
    let project = Project::with(&file(sum, ""));
    let hint = "add `n` to these configs, as `n=[…]`";
    let done = refused(&project, &["run", "research.toml", "--dry-run"], 2);
    assert!(done.stderr.contains(hint), "{done:?}");
    // All configs have the parameter, or a condition excludes those without it.
    for (domain, more) in [
        ("C=[1] * (n=[2] + n=[3] * m=[4])", ""),
        ("(C=[1] * n=[2] + C=[3]) where C < 2", ""),
        ("C=[1] * n=[2] + C=[3]", "n_configs = 1"),
    ] {
        let project = Project::with(&file(domain, more));
        let done = project.research(&["run", "research.toml"]);
        assert_eq!(done.code, Some(0), "{domain}: {done:?}");
    }
}

#[test]
fn the_output_of_a_unit_that_has_not_run_is_reported() {
    let file = |first: &str, more: &str| {
        format!(
            "name = \"l\"\n{more}\n[[unit]]\nname = \"a\"\nrun = \"{first}\"\n\
             [[unit]]\nname = \"b\"\nrun = \"echo 1\"\n"
        )
    };
    refused_file(
        &file("echo {b}", ""),
        "unit `a`: unit `b` has no output when `a` first runs",
        "5:13",
    );
    refused_file(
        &file("echo {a}", "n_iters = 3"),
        "unit `a`: unit `a` has no output when `a` first runs",
        "5:13",
    );
    refused_file(
        &file("echo {c}", ""),
        "unit `a`: unknown name `{c}`",
        "5:13",
    );
    // The config has the parameter from the second iteration on.
    let later = file(
        "echo {b}\"\nwhen = [\"#1\", \"last\"]\nsave_to = \"v",
        "n_iters = 3",
    );
    let project = Project::with(&later);
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
}

/// Suggestions, if there is a similar name.
#[test]
fn misspelled_parameters_and_programs_are_suggested() {
    let project = Project::with(
        GOOD.replace("'a=[1, 2]'", "{ lr = [1] }")
            .replace("{a}", "{lr}")
            .as_str(),
    );
    let done = refused(&project, &["run", "research.toml", "--set", "lr=0.2"], 2);
    let hint = "`lr` is a parameter: write `domain.lr`";
    assert!(done.stderr.contains(hint), "{done:?}");
    project.write("train.py", "");
    project.write("research.toml", &GOOD.replace("echo {a}", "train.py {a}"));
    let done = refused(&project, &["run", "research.toml"], 2);
    let hint = "this folder has: write `./train.py`, or the interpreter before it, as in `python3 \
        train.py`";
    assert!(done.stderr.contains(hint), "{done:?}");
}

/// A unit may create the program of a later one.
#[test]
fn a_program_may_be_created_by_an_earlier_unit() {
    let project = Project::with(
        "name = 'm'\ndomain = 'a=[1]'\n\
         [[unit]]\nname = 'build'\nrun = './build.sh'\n\
         [[unit]]\nname = 'use'\nrun = './built.sh'\nsave_to = 'v'\n\
         [[unit]]\nname = 'there'\nrun = '{path}/tool'\nsave_to = 'w'\n",
    );
    project.script(
        "build.sh",
        "printf '#!/bin/sh\\necho 5\\n' > built.sh; chmod +x built.sh; cp built.sh \
         $RESEARCH_PATH/tool",
    );
    project.run(&[]);
    assert_eq!(project.table("m"), "a,iteration,v,w\n1,0,5,5");
}

#[test]
fn ids_that_are_too_long_are_refused() {
    let parameters: Vec<String> = (0..60).map(|number| format!("p{number} = [1]")).collect();
    let file = format!(
        "create_id_prefix = 3\ndomain = {{ {} }}\n[[unit]]\nname = \"u\"\nrun = \"true\"\n",
        parameters.join(", ")
    );
    let project = Project::with(&file);
    let done = refused(&project, &["run", "research.toml"], 2);
    assert!(done.stderr.contains("would have 260 bytes"), "{done:?}");
    project.run(&["--set=create_id_prefix=2"]);
}

#[test]
fn a_missing_research_is_reported() {
    let project = Project::new();
    project.write("file", "");
    for command in ["status", "results", "resume"] {
        for name in ["none", "file", "."] {
            let done = refused(&project, &[command, name], 2);
            assert!(done.stderr.contains("is not a research"), "{done:?}");
        }
    }
}

/// A temporary directory that does not exist, or is full.
#[test]
fn a_missing_temporary_directory_is_reported() {
    let project = Project::with(&format!(
        "name = 't'\n{GOOD}save_to = 'u'\noutput = 'number'\n"
    ));
    let mut command = project.command(&["run", "research.toml"]);
    let output = command.env("TMPDIR", "/none").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("TMPDIR") && !said.contains("panicked"),
        "{said}"
    );
    let done = project.research(&["resume", "t"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(project.table("t"), "a,iteration,u\n1,0,1\n2,0,2");
}

#[test]
fn too_many_workers_are_refused_before_anything_is_allocated() {
    let project = Project::with(GOOD);
    for flags in [
        ["-w", "4294967295", "--dry-run"],
        ["-w", "4294967295", "--no-bar"],
        ["--set", "workers=4294967295", "--dry-run"],
    ] {
        let done = refused(
            &project,
            &[&["run", "research.toml"], &flags[..]].concat(),
            2,
        );
        assert!(done.stderr.contains("100000"), "{done:?}");
    }
}
