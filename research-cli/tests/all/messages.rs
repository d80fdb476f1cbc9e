//! Messages for commands without effect, and names in messages.

use crate::support::Project;

#[test]
fn commands_without_effect_say_so() {
    let project = Project::with(
        "name = \"n\"\ndomain = 'a=[1, 2] where a > 2'\n[[unit]]\nname = \"u\"\nrun = \"true\"\n",
    );
    let done = project.run(&[]);
    assert!(
        done.stderr.contains("warning: the domain has no configs"),
        "{done:?}"
    );
    let printed = project.research(&["domain", "research.toml"]);
    assert_eq!(
        (printed.code, &*printed.stdout),
        (Some(0), ""),
        "{printed:?}"
    );
    assert_eq!(printed.stderr, "no configs\n");
    // No confirmation is requested if nothing would change.
    let stopped = project.research(&["stop", "n"]);
    assert_eq!(stopped.stderr, "n is not running\n");
    std::fs::create_dir(project.path("photos")).unwrap();
    for command in ["stop", "remove"] {
        for name in ["none", "photos"] {
            let refused = project.research(&[command, name]);
            assert_eq!(refused.code, Some(2), "{refused:?}");
            assert!(refused.stderr.contains("is not a research"), "{refused:?}");
        }
    }
    let asked = project.research(&["remove", "n"]);
    assert!(asked.stderr.contains("use `-y`"), "{asked:?}");
}

#[test]
fn a_table_without_rows_comes_with_the_reason() {
    let file = "name = \"n\"\n[domain]\na = [1]\n[[unit]]\nname = \"u\"\nrun = \"echo 1\"\n";
    let project = Project::with(file);
    let reason =
        "no results: a [[unit]] saves its output if it has `save_to` or `save_output_dict`\n";
    let run = project.run(&["--results"]);
    assert!(run.stderr.ends_with(reason), "{run:?}");
    let results = project.research(&["results", "n"]);
    assert_eq!(results.stderr, reason, "{results:?}");
    assert!(
        results.stdout.starts_with("id  a  iteration\n"),
        "{results:?}"
    );
    // Formats for programs have no rows then.
    assert_eq!(
        project.results("n", &["--format", "csv"]),
        "id,a,iteration\n"
    );
    let artifacts = project.research(&["artifacts", "n"]);
    assert_eq!(artifacts.stderr, "no experiment created files\n");
    let chosen = project.research(&["artifacts", "n", "--where", "a=1"]);
    let reason = "no selected experiment created files\n";
    assert_eq!(chosen.stderr, reason, "{chosen:?}");

    let fails = file.replace("echo 1", "false");
    project.write("research.toml", &format!("{fails}save_to = \"v\"\n"));
    project.research(&["run", "research.toml", "--name", "failed"]);
    let none = project.research(&["results", "failed"]);
    assert_eq!(none.stderr, "no results so far\n");

    project.write("research.toml", &format!("{file}save_to = \"v\"\n"));
    project.run(&["--name", "saved"]);
    let none = project.research(&["results", "saved", "--iterations", "7"]);
    assert_eq!(none.stderr, "no results match the selection\n");
}

#[test]
fn names_in_hints_are_quoted_for_the_shell() {
    let file = "name = \"a study\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\n";
    let project = Project::with(file);
    project.run(&[]);
    for flags in [
        &["run", "research.toml"][..],
        &["run", "research.toml", "--dry-run"],
    ] {
        let done = project.research(flags);
        assert!(
            done.stderr.contains("`research resume 'a study'`"),
            "{done:?}"
        );
    }
}
