//! The setting in which programs start: environment, folder, standard input.

use std::fs;
use std::path::Path;

use research_core::domain::{Config, Value};
use research_core::{Context, Output, UnitError};
use research_exec::program::{
    OutputSpec, ProgramCommand, ProgramError, ProgramSpec, Run, Setting, Stdin,
};

use super::{assert_error, call, context, folder, plain};

fn spec(script: &str, setting: Setting) -> ProgramSpec {
    let script = script.replace('{', "{{").replace('}', "}}");
    ProgramSpec {
        output: OutputSpec::Text,
        setting,
        ..ProgramSpec::new(Run::List(vec!["sh".to_owned(), "-c".to_owned(), script]))
    }
}

/// Runs a shell script.
fn run(script: &str, setting: Setting, context: &mut Context) -> Result<Value, UnitError> {
    call(
        ProgramCommand::new(&spec(script, setting)).unwrap(),
        context,
    )
}

fn env(variables: &[(&str, &str)]) -> Setting {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Setting {
        env: variables.collect(),
        ..Setting::default()
    }
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn variables_are_added_and_replaced() {
    let mut cx = context(
        Config::new().with("lr", 0.1).with("evil", "$(touch x) -"),
        None,
    );
    let setting = env(&[
        ("LR", "a{lr}b"),
        ("HOME", "{evil}"),
        ("NO", "{gone?}"),
        ("BRACE", "{{"),
    ]);
    let script = "printf '%s|' \"$LR\" \"$HOME\" \"${NO-unset}\" \"$BRACE\" $RESEARCH_ID";
    let printed = run(script, setting, &mut cx).unwrap();
    assert_eq!(
        printed.to_string(),
        "a0.1b|$(touch x) -|unset|{|0f3a9c1e00000042|"
    );

    let names = env(&[("A", "{gone}")]);
    assert_error(
        run("true", names, &mut cx),
        &["`{gone}`: unknown config item"],
    );
    for (name, reason) in [
        ("", "empty"),
        ("A=B", "equals sign"),
        ("RESEARCH_SEED", "variables of the run"),
    ] {
        let error = ProgramCommand::new(&spec("true", env(&[(name, "")]))).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    let error = ProgramCommand::new(&spec("true", env(&[("A", "{x*}")]))).unwrap_err();
    assert!(
        matches!(error, ProgramError::Setting { key: "env", .. }),
        "{error:?}"
    );
}

#[test]
fn programs_are_searched_in_the_path_of_the_setting() {
    let folder = folder();
    let program = folder.path().join("only-here");
    fs::write(&program, "#!/bin/sh\necho found\n").unwrap();
    fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let spec = |setting: Setting, program: &str| ProgramSpec {
        output: OutputSpec::Text,
        setting,
        ..ProgramSpec::new(Run::Line(program.to_owned()))
    };
    let cwd = |cwd: String| Setting {
        cwd: Some(cwd),
        ..Setting::default()
    };
    let in_path = spec(env(&[("PATH", &path(folder.path()))]), "only-here");
    let in_cwd = spec(cwd(path(folder.path())), "./only-here");
    for found in [in_path, in_cwd] {
        let command = ProgramCommand::new(&found).unwrap();
        command.check_program().unwrap();
        assert_eq!(call(command, &mut plain()).unwrap().to_string(), "found");
    }
    let lost = spec(env(&[("PATH", "/nowhere")]), "only-here");
    let command = ProgramCommand::new(&lost).unwrap();
    let error = command.check_program().unwrap_err().to_string();
    assert!(error.contains("not found in PATH (/nowhere)"), "{error}");
    // These programs cannot be checked in advance: their paths depend on the experiment.
    for later in [
        spec(env(&[("PATH", "{x}")]), "gone"),
        spec(cwd("{x}".to_owned()), "./gone"),
    ] {
        ProgramCommand::new(&later)
            .unwrap()
            .check_program()
            .unwrap();
    }
}

#[test]
fn a_program_runs_in_its_working_directory() {
    let folder = folder();
    let mut cx = context(Config::new(), Some(folder.path()));
    let in_folder = |cwd: &str| Setting {
        cwd: Some(cwd.to_owned()),
        stdin: Some(Stdin::File("input".to_owned())),
        ..Setting::default()
    };
    let experiment = folder.path().join("0f3a9c1e00000042");
    fs::create_dir_all(&experiment).unwrap();
    fs::write(experiment.join("input"), "some text").unwrap();
    let printed = run("pwd -P; cat", in_folder("{path}"), &mut cx)
        .unwrap()
        .to_string();
    assert_eq!(
        printed,
        format!(
            "{}\nsome text",
            experiment.canonicalize().unwrap().display()
        )
    );

    let setting = Setting {
        cwd: Some("/nowhere/{id}".to_owned()),
        ..Setting::default()
    };
    let parts = [
        "cannot enter the working directory `/nowhere/0f3a9c1e00000042`",
        "No such file",
    ];
    assert_error(run("true", setting, &mut cx), &parts);
}

#[test]
fn a_program_reads_its_standard_input() {
    let folder = folder();
    let stdin = |stdin: Stdin| Setting {
        stdin: Some(stdin),
        ..Setting::default()
    };
    let text = |text: &str| stdin(Stdin::Text(text.to_owned()));
    let file = |file: &Path| stdin(Stdin::File(path(file)));
    // More bytes than a pipe holds: one program reads none of them, another all.
    let large = "x".repeat(1 << 20);
    let mut cx = context(Config::new().with("a", vec![1]), None);
    cx.set_output(0, Output::Value(large.into()));
    assert_eq!(
        run("true", text("{power}"), &mut cx).unwrap().to_string(),
        ""
    );
    let counted = run("wc -c", text("{power}{a}"), &mut cx).unwrap();
    assert_eq!(counted.to_string().trim(), ((1 << 20) + 3).to_string());
    assert_eq!(
        run("cat", Setting::default(), &mut cx).unwrap().to_string(),
        ""
    );

    let input = folder.path().join("input");
    fs::write(&input, "from a file").unwrap();
    for _ in 0..2 {
        assert_eq!(
            run("cat", file(&input), &mut cx).unwrap().to_string(),
            "from a file"
        );
    }
    let gone = folder.path().join("gone");
    assert_error(
        run("cat", file(&gone), &mut cx),
        &["`stdin`: cannot read", "No such file"],
    );
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_error(
        run("cat", file(&fifo), &mut cx),
        &["it is not a regular file"],
    );
}

#[test]
fn the_memory_of_a_program_is_limited() {
    let limited = |bytes| Setting {
        memory_limit: Some(bytes),
        ..Setting::default()
    };
    let allocate = "head -c 50000000 /dev/zero | tail -c 50000000 | wc -c";
    let all = run(allocate, limited(1 << 30), &mut plain()).unwrap();
    assert_eq!(all.to_string().trim(), "50000000");
    let none = run(&format!("{allocate} 2>&1"), limited(20 << 20), &mut plain());
    assert_ne!(none.unwrap().to_string().trim(), "50000000");
    let limit = run("ulimit -d", limited(20 << 20), &mut plain()).unwrap();
    assert_eq!(limit.to_string(), (20 << 10).to_string());
}
