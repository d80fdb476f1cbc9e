//! Captured output of programs, and large values.

use std::fs;

use crate::support::{Project, names};

/// Programs that print lines in parts, and the last one without a line end.
fn printing(options: &str) -> Project {
    let project = Project::with(&format!(
        r#"
        name = "printed"
        workers = 3
        {options}
        [domain]
        x = [1, 2, 3, 4, 5, 6]
        [[unit]]
        name = "print"
        run = ["./print", "{{x}}"]
        save_to = "printed"
        "#
    ));
    project.script(
        "print",
        "i=0; while [ $i -lt 200 ]; do printf \"$1:\"; printf \"$i:\" >&2; echo \"$i\"; echo \
         \"$1\" >&2; i=$((i+1)); done; printf $1",
    );
    project
}

fn stdout(x: &str) -> String {
    let lines: String = (0..200).map(|i| format!("{x}:{i}\n")).collect();
    lines + x
}

/// The folders of experiments, with the values of `x`.
fn experiments(project: &Project) -> Vec<(String, String)> {
    let csv = project.results("printed", &["--format", "csv"]);
    let rows = csv.lines().skip(1).map(|row| {
        let mut cells = row.split(',');
        let id = cells.next().unwrap();
        (
            format!("printed/experiments/{id}"),
            cells.next().unwrap().to_owned(),
        )
    });
    rows.collect()
}

#[test]
fn captured_output_is_also_the_output_of_the_unit() {
    let project = printing("redirect_stdout = 3\nredirect_stderr = 2");
    project.run(&[]);
    let mut all = Vec::new();
    for (folder, x) in experiments(&project) {
        let printed = project.read(&format!("{folder}/stdout.txt"));
        assert_eq!(printed, stdout(&x));
        let errors: String = (0..200).map(|i| format!("{i}:{x}\n")).collect();
        assert_eq!(project.read(&format!("{folder}/stderr.txt")), errors);
        let files = names(&project.path(&folder));
        assert_eq!(files, ["config.json", "stderr.txt", "stdout.txt"]);
        all.extend(printed.lines().map(str::to_owned));
    }
    assert_eq!(all.len(), 6 * 201);
    let common = project.read("printed/stdout.txt");
    let mut common: Vec<String> = common.lines().map(str::to_owned).collect();
    common.sort();
    all.sort();
    assert!(
        common == all,
        "lines of programs that ran at once are whole"
    );
    assert!(!project.path("printed/stderr.txt").exists());
}

#[test]
fn a_common_output_file_creates_no_folders() {
    let project = printing("redirect_stdout = true");
    project.run(&[]);
    assert_eq!(project.read("printed/stdout.txt").lines().count(), 6 * 201);
    assert!(
        experiments(&project)
            .iter()
            .all(|(folder, _)| !project.path(folder).exists())
    );
}

#[test]
fn output_is_not_captured_by_default() {
    let project = printing("");
    project.run(&[]);
    let files = names(&project.path("printed"));
    assert!(
        !files.iter().any(|file| file.starts_with("std")),
        "{files:?}"
    );
    assert!(
        experiments(&project)
            .iter()
            .all(|(folder, _)| !project.path(folder).exists())
    );
}

#[test]
fn unused_lines_of_a_generator_are_captured() {
    let project = Project::with(
        r#"
        name = "printed"
        n_iters = 2
        redirect_stdout = 2
        [domain]
        x = [1]
        [[unit]]
        name = "lines"
        mode = "generator"
        run = "printf '1\n2\n3\nthe rest'"
        save_to = "item"
        "#,
    );
    project.run(&[]);
    assert_eq!(project.table("printed"), "x,iteration,item\n1,0,1\n1,1,2");
    let (folder, _) = experiments(&project).remove(0);
    assert_eq!(
        project.read(&format!("{folder}/stdout.txt")),
        "1\n2\n3\nthe rest"
    );
}

#[test]
fn a_failed_program_with_captured_output_shows_its_last_lines() {
    let project = Project::with(
        r#"
        redirect_stderr = 2
        [[unit]]
        name = "fail"
        run = "echo the reason >&2; exit 1"
        shell = true
        "#,
    );
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(project.read("research/research.log").contains("the reason"));
    let folder = names(&project.path("research/experiments")).remove(0);
    let errors = project.read(&format!("research/experiments/{folder}/stderr.txt"));
    assert_eq!(errors, "the reason\n");
}

#[test]
fn without_dump_results_only_a_table_is_printed() {
    let project = printing("dump_results = false\nredirect_stdout = true");
    let done = project.run(&[]);
    assert_eq!(done.stdout.lines().count(), 2 + 6, "{}", done.stdout);
    assert_eq!(project.names(), ["print", "research.toml"]);
    let asks = "--set=unit=[{name=\"u\", run=\"printenv RESEARCH_PATH\"}]";
    let done = project.research(&["run", "research.toml", asks]);
    assert!(
        done.stderr.contains("6 failed"),
        "it has no folder: {done:?}"
    );
    let done = project.research(&["run", "research.toml", "--set", "redirect_stdout=1"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("dump_results"), "{}", done.stderr);
}

#[test]
fn a_large_output_becomes_a_file() {
    let project = Project::with(
        r#"
        name = "large"
        [[unit]]
        name = "print"
        run = "head -c 3000000 /dev/zero | tr '\\0' x"
        shell = true
        output = "text"
        save_to = "text"
        "#,
    );
    project.run(&[]);
    let row = project.results("large", &["--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&row).unwrap();
    let file = rows[0]["text"]["file"].as_str().unwrap();
    assert_eq!(rows[0]["text"]["bytes"], 3_000_000);
    let path = project.path("large").join(file);
    assert_eq!(fs::metadata(path).unwrap().len(), 3_000_000);
}
