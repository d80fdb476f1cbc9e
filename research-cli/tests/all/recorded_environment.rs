//! The recorded environment.

use std::process::Command;

use crate::support::Project;

#[test]
fn the_program_and_the_machine_are_always_recorded() {
    let project = Project::with("[[unit]]\nname = \"u\"\nrun = \"true\"\noutput = \"text\"");
    project.write("Cargo.lock", "[[package]]\n");
    project.run(&[]);
    let done = project.research(&["env", "research"]);
    assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{done:?}");
    for fact in [
        "program",
        "built",
        "arguments",
        "host",
        "processors",
        "memory",
    ] {
        let is_there = done.stdout.lines().any(|line| line.starts_with(fact));
        assert!(is_there, "{fact} in {}", done.stdout);
    }
    let lock = done
        .stdout
        .lines()
        .find(|line| line.starts_with("Cargo.lock sha256"));
    let sum = Command::new("sha256sum")
        .arg(project.path("Cargo.lock"))
        .output()
        .unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let sum = sum.split_whitespace().next().unwrap();
    assert!(lock.unwrap().ends_with(sum), "{lock:?}");
}

#[test]
fn commands_are_recorded_with_replacements() {
    let project = Project::with(
        r#"
        [[env_meta]]
        commands.secret = "echo token=abc123 and $HOME"
        commands.gone = "no-such-program-here"
        commands.fails = "sh -c 'echo first; echo second >&2; exit 3'"
        dst = "mine"
        replace = { 'token=\w+' = "token=***" }
        [[env_meta]]
        commands = ["pwd -P", "pwd -L"]
        cwd = "sub"
        [[unit]]
        name = "u"
        run = "true"
        output = "text"
        "#,
    );
    std::fs::create_dir(project.path("sub")).unwrap();
    project.run(&[]);
    let env = |what: &str| {
        let done = project.research(&["env", "research", what]);
        assert_eq!(done.code, Some(0), "{done:?}");
        done.stdout
    };
    // The command does not go through a shell.
    assert_eq!(env("mine/secret"), "token=*** and $HOME\n");
    assert!(env("mine/gone.txt").contains("`no-such-program-here` was not run"));
    assert_eq!(
        env("mine/fails"),
        "first\nsecond\n(it ended with exit code 3)\n"
    );
    assert!(env("sub/pwd").ends_with("/sub\n"));
    assert_eq!(env("sub").matches("# sub/pwd").count(), 2);
    assert_eq!(
        project.read("research/env/mine/secret.txt"),
        "token=*** and $HOME\n"
    );
    let done = project.research(&["env", "research", "nothing"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("mine/secret.txt"), "{}", done.stderr);
}

#[test]
fn the_state_of_a_repository_is_recorded() {
    let project = Project::with(
        r#"
        name = "study"
        git_meta = "project"
        [[unit]]
        name = "u"
        run = "true"
        output = "text"
        "#,
    );
    std::fs::create_dir(project.path("project")).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command
            .args(["-c", "user.name=n", "-c", "user.email=e@e"])
            .args(arguments);
        let output = command.current_dir(project.path("project")).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !git(&["init"]) {
        // Without git, the file says that git is missing.
        project.run(&[]);
        assert!(project.read("study/env/project/commit.txt").contains("git"));
        return;
    }
    project.write("project/code", "first\n");
    project.write(
        "project/n.ipynb",
        "{\n \"image/png\": \"iVBOR-old\\n\",\n}\n",
    );
    assert!(git(&["add", "."]) && git(&["commit", "-m", "the first commit"]));
    project.write("project/code", "changed\n");
    let lines = r#"["<svg id=\"a]\">\n",
   "</svg>-new"]"#;
    let notebook = format!(
        "{{\n \"image/png\": \"iVBOR-new\\n\",\n \"image/svg+xml\": {lines},\n \"text\": 7\n}}\n"
    );
    project.write("project/n.ipynb", &notebook);
    project.run(&[]);
    let read = |name: &str| project.read(&format!("study/env/project/{name}.txt"));
    assert!(read("commit").contains("the first commit"));
    assert!(
        read("diff").contains("-first\n+changed"),
        "{}",
        read("diff")
    );
    assert!(read("status").contains("code"));
    // The notebook is there, without its pictures.
    let diff = read("diff");
    for line in [
        "+ \"image/png\": \"…\"",
        "+ \"image/svg+xml\": \"…\"",
        "+ \"text\": 7",
    ] {
        assert!(diff.contains(line), "{line}: {diff}");
    }
    assert!(!diff.contains("iVBOR") && !diff.contains("svg>"), "{diff}");
}

#[test]
fn invalid_environment_settings_are_reported_before_the_run() {
    let project = Project::new();
    for (meta, wanted) in [
        (
            "{ commands = { a = \"true\" }, dst = \"../out\" }",
            "`..` cannot be the name",
        ),
        (
            "{ commands = { \"a/b\" = \"true\" } }",
            "`a/b` cannot be the name",
        ),
        ("{ commands = { a = \"echo 'open\" } }", "open quote"),
        (
            "{ commands = { a = \"true\" }, replace = { \"(\" = \"\" } }",
            "regular expression `(`",
        ),
        ("{ comands = [] }", "did you mean `commands`?"),
        ("3", "true (python, pip and conda)"),
    ] {
        let file = format!("env_meta = {meta}\n[[unit]]\nname = \"u\"\nrun = \"true\"");
        project.write("research.toml", &file);
        let done = project.research(&["run", "research.toml"]);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(wanted), "{}", done.stderr);
    }
    assert_eq!(project.names(), ["research.toml"]);
}
