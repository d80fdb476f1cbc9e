//! Output files that several experiments share.

use std::os::unix::fs::symlink;

use crate::support::Project;

/// A study whose programs write the file at `path`.
fn study(path: &str, more: &str) -> String {
    format!(
        "name = 'r'\n{more}\n[domain]\na = [1, 2, 3, 4, 5, 6]\n[[unit]]\nname = 'u'\n\
         run = ['sh', '-c', 'sleep 0.05; echo $1 > \"$2\"', 'sh', '{{a}}', '{path}']\n\
         output = {{ file = '{path}' }}\nsave_to = 'v'"
    )
}

#[test]
fn experiments_that_run_at_once_cannot_share_an_output_file() {
    let project = Project::new();
    let base = project.path("out").display().to_string();
    let refused = |path: &str, more: &str, flags: &[&str]| {
        project.write("research.toml", &study(path, more));
        let done = project.research(&[&["run", "research.toml"], flags].concat());
        assert_eq!(done.code, Some(2), "{path} {more}: {done:?}");
        for part in [
            "unit `u`",
            &base,
            "run at the same time",
            "`{id}`",
            "workers = 1",
        ] {
            assert!(done.stderr.contains(part), "{part} is not in {done:?}");
        }
        assert!(
            !project.names().contains(&"r".to_owned()),
            "nothing was begun"
        );
    };
    for path in [
        format!("{base}.json"),
        format!("{base}-{{iteration}}.json"),
        format!("{base}-{{repetition}}"),
        // `{updates}` does not make the path unique.
        format!("{base}/./x//{{updates}}"),
    ] {
        refused(&path, "workers = 2", &[]);
        refused(&path, "branches = 2", &[]);
        refused(&path, "", &["-w", "2"]);
        refused(&path, "workers = 2", &["--dry-run"]);
    }
    refused(&format!("{base}-{{a}}"), "workers = 2\nn_reps = 2", &[]);
    refused(&format!("{base}.json"), "", &["--set", "workers=3"]);
}

#[test]
fn separate_files_and_sequential_experiments_are_allowed() {
    let project = Project::new();
    let base = project.path("out").display().to_string();
    for (name, path, more) in [
        ("one", "{base}.txt", "workers = 1"),
        (
            "turn",
            "{base}.txt",
            "branches = 3\nexecutor_target = 'for'",
        ),
        ("id", "{base}-{id}", "workers = 3"),
        ("key", "{base}-{a}", "workers = 3"),
        ("folder", "{path}/x", "branches = 3"),
    ] {
        project.write(
            "research.toml",
            &study(&path.replace("{base}", &base), more),
        );
        project.run(&["--name", name]);
        assert_eq!(
            project.table(name),
            "a,iteration,v\n1,0,1\n2,0,2\n3,0,3\n4,0,4\n5,0,5\n6,0,6"
        );
    }
    // A recorded study may be resumed with more workers.
    project.write(
        "research.toml",
        &study(&format!("{base}.txt"), "n_iters = 1"),
    );
    project.run(&["--name", "more", "--set", "domain.a=[1]"]);
    let more = project.research(&["resume", "more", "--file", "research.toml", "-w", "2"]);
    assert_eq!(more.code, Some(2), "{more:?}");
    assert!(more.stderr.contains("run at the same time"), "{more:?}");
}

#[test]
fn output_files_that_links_join_are_an_error() {
    let project = Project::new();
    std::fs::create_dir(project.path("real")).unwrap();
    for a in 1..=6 {
        symlink(project.path("real"), project.path(&format!("link-{a}"))).unwrap();
    }
    let path = project.path("link-{a}/../real/m.txt").display().to_string();
    project.write("research.toml", &study(&path, "workers = 3"));
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr
            .contains("another program that runs at the same time"),
        "{done:?}"
    );
    let table = project.results("r", &["--format", "csv"]);
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        assert!(cells[3].is_empty() || cells[3] == cells[1], "{table}");
    }
}
