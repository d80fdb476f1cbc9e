//! Hints of frequent mistakes: each says how to write what was meant.

use std::os::unix::fs::symlink;

use crate::support::Project;

/// The error of a research file with this command and these lines.
fn refused(run: &str, more: &str) -> String {
    let project = Project::with(&format!(
        "domain = \"a=[1]\"\n[[unit]]\nname = \"u\"\nrun = {run}\n{more}"
    ));
    std::fs::create_dir(project.path("adir")).unwrap();
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(2), "{run}: {done:?}");
    assert!(!project.path("research").exists(), "{run}");
    done.stderr
}

#[test]
fn commands_that_only_a_shell_understands_are_refused() {
    for (run, word) in [
        ("cd adir && echo {a}", "&&"),
        ("echo {a} > f", ">"),
        ("echo {a} >f", ">f"),
        ("echo {a} 2>&1", "2>&1"),
        ("cat < f", "<"),
        ("echo {a} | cat", "|"),
        ("echo {a}; echo 2", "{a};"),
        ("echo {a} &", "&"),
        ("echo $HOME", "$HOME"),
        ("echo --to=$(pwd)", "--to=$(pwd)"),
        ("ls ~/x", "~/x"),
    ] {
        let message = refused(&format!("\"{run}\""), "");
        let wanted = format!("unit `u`: only a shell understands `{word}`");
        assert!(message.contains(&wanted), "{run}: {message}");
        let hint = format!(
            "= help: set `shell = true`; or, to pass it as an argument, put it in quotes: '{word}'"
        );
        assert!(message.contains(&hint), "{run}: {message}");
        let offers_bash = message.contains("`shell = \"bash\"`, a pipe fails");
        assert_eq!(offers_bash, word == "|", "{message}");
    }
}

#[test]
fn arguments_in_quotes_and_in_lists_are_accepted() {
    for run in [
        r#""expr {a} '<' 3""#,
        r#"["expr", "{a}", "<", "3"]"#,
        r#"'printf "%s" "1" \; --cost=$ a$ 5$'"#,
        r#""awk 'BEGIN {{ x = 1; print x > \"/dev/stdout\" }}'""#,
    ] {
        let project = Project::with(&format!(
            "domain = \"a=[1]\"\n[[unit]]\nname = \"u\"\nrun = {run}\noutput = \"text\"\n"
        ));
        let done = project.research(&["run", "research.toml"]);
        assert_eq!(done.code, Some(0), "{run}: {done:?}");
    }
}

#[test]
fn commands_of_shells_are_named() {
    for (run, wanted) in [
        (
            "cd adir",
            "= help: `cd` is a command of the shell: set `shell = true`",
        ),
        (
            "source venv/bin/activate",
            "set `shell = \"bash\"`; to use a virtual environment",
        ),
        ("export A=1", "`export` is a command of the shell"),
        ("A=1 printenv A", "write `env A=1 …`, or set `shell = true`"),
    ] {
        // A system may have programs with some of these names.
        let program = run.split(' ').next().unwrap();
        if ["/bin", "/usr/bin"]
            .iter()
            .any(|folder| std::path::Path::new(folder).join(program).exists())
        {
            continue;
        }
        let message = refused(&format!("\"{run}\""), "");
        assert!(message.contains(wanted), "{run}: {message}");
        assert!(
            message.contains(&format!("program `{program}` does not exist")),
            "{message}"
        );
    }
}

#[test]
fn braces_of_other_languages_are_to_be_doubled() {
    let message = refused("\"awk '{print 1}'\"", "");
    assert!(
        message.contains("= help: to write a brace, double it: `{{print 1}}`"),
        "{message}"
    );
    let message = refused("\"echo {b}\"", "");
    assert!(message.contains("= help: available: a, u"), "{message}");
}

#[test]
fn a_directory_cannot_be_run() {
    let message = refused("\"./adir\"", "");
    assert!(message.contains("it is a directory"), "{message}");
    assert!(!message.contains("chmod"), "{message}");
}

#[test]
fn durations_have_several_units() {
    for wrong in ["1h30", "30m1h", "1h1h", "h", "1x", "", "-1h30m"] {
        let message = refused("\"true\"", &format!("timeout = \"{wrong}\"\n"));
        assert!(message.contains("timeout"), "{wrong}: {message}");
    }
    let project = Project::with(
        "domain = \"a=[1]\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\noutput = \"text\"\n\
         timeout = \"1h 30m500ms\"\n",
    );
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let record: serde_json::Value =
        serde_json::from_str(&project.read("research/research.json")).unwrap();
    assert_eq!(record["source"]["unit"][0]["timeout"], 5400.5);
}

#[test]
fn names_with_dashes_are_in_backquotes() {
    let project = Project::with(
        "domain = \"`learning-rate`=[1, 2]\"\n[[unit]]\nname = \"u\"\n\
         run = \"echo {learning-rate}\"\noutput = \"number\"\nsave_to = \"x\"\n",
    );
    project.run(&[]);
    let shown = |condition: &str| {
        project.research(&[
            "results", "research", "--where", condition, "--format", "csv",
        ])
    };
    let hint = "put a name with other characters in backquotes: `learning-rate`";
    let refused = shown("learning-rate > 1");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains(hint), "{}", refused.stderr);
    for condition in ["`learning-rate` > 1", "learning-rate=2"] {
        let done = shown(condition);
        assert_eq!(done.stdout.lines().count(), 2, "{condition}: {done:?}");
    }
    for (expression, hint) in [
        (
            "learning-rate=[1]",
            "put a name with `-` in backquotes: `learning-rate`",
        ),
        ("a=[nan]", "write NaN, or a string in quotes: \"nan\""),
        ("a=[Inf]", "write inf, or a string in quotes: \"Inf\""),
        (
            "`a-b`=[1] where a-b > 0",
            "put a name with other characters in backquotes: `a-b`",
        ),
    ] {
        let done = project.research(&["domain", expression]);
        assert_eq!(done.code, Some(2), "{expression}");
        assert!(done.stderr.contains(hint), "{expression}: {}", done.stderr);
    }
}

#[test]
fn a_link_to_a_research_is_not_removed() {
    let project = Project::with("[[unit]]\nname = \"u\"\nrun = \"true\"\noutput = \"text\"\n");
    project.run(&[]);
    symlink("research", project.path("link")).unwrap();
    let done = project.research(&["remove", "link", "-y"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    for part in [
        "it is a symbolic link",
        "/research` removes the research, and `rm ",
    ] {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    assert!(project.path("research/events.log").exists());
}

#[test]
fn a_pipe_fails_in_bash_if_any_of_its_programs_does() {
    for (shell, code) in [("true", 0), ("\"bash\"", 1)] {
        let project = Project::with(&format!(
            "domain = 'a=[\"x y; touch ran\"]'\n[[unit]]\nname = \"u\"\n\
             run = '{{{{ echo {{a}}; exit 3; }}}} | tee out'\nshell = {shell}\noutput = \"text\"\n"
        ));
        let done = project.research(&["run", "research.toml"]);
        assert_eq!(done.code, Some(code), "{shell}: {done:?}");
        assert_eq!(project.read("out"), "x y; touch ran\n");
        assert!(!project.path("ran").exists());
        // It is recorded: a resume runs the same shell.
        let again = project.research(&["resume", "research", "--failed"]);
        assert_eq!(again.code, Some(code), "{again:?}");
        let file = project.read("research.toml");
        let (before, rest) = file.split_once("run = ").unwrap();
        let (_, after) = rest.split_once('\n').unwrap();
        let changed = format!("{before}run = 'echo {{a}}'\n{after}");
        let changed = changed.replace(&format!("shell = {shell}"), "shell = false");
        project.write("changed.toml", &changed);
        let other = project.research(&["resume", "research", "--file", "changed.toml"]);
        assert!(
            other.stderr.contains("`shell` of unit `u` was "),
            "{other:?}"
        );
    }
    let message = refused("\"true\"", "shell = \"zsh\"\n");
    assert!(
        message.contains("`shell`: expected a boolean or \"bash\""),
        "{message}"
    );
}

#[test]
fn a_long_parameter_does_not_flood_the_summary() {
    let long = "x".repeat(5000);
    let project = Project::with(&format!(
        "domain = '''p=[\"{long}\", \"b\"]'''\n[[unit]]\nname = \"u\"\n\
         run = \"expr length {{p}}\"\noutput = \"number\"\nsave_to = \"n\"\n"
    ));
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let summary = format!("{}{}", done.stdout, done.stderr);
    assert!(summary.contains("n: highest 5000"), "{summary}");
    assert!(summary.lines().all(|line| line.len() < 300), "{summary}");
}
