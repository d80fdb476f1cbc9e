//! `research doctor`.

use std::fs;

use crate::support::{Project, names};

/// Creates a research with a log of some frames, and a large value for each experiment.
fn study() -> Project {
    let project = Project::with(
        r#"
        name = "study"
        [domain]
        x = [1, 2, 3, 4, 5, 6]
        [[unit]]
        name = "x"
        run = "sleep 0.03; echo {x}"
        shell = true
        save_to = "x"
        [[unit]]
        name = "large"
        run = "head -c 2000000 /dev/zero | tr '\\0' {x}"
        shell = true
        output = "text"
        save_to = "large"
        "#,
    );
    project.run(&[]);
    project
}

#[test]
fn garbage_is_reported_and_removed() {
    let project = study();
    let compact = || {
        let done = project.research(&["compact", "study"]);
        assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{done:?}");
        done.stdout
    };
    assert_eq!(compact(), "");
    project.write("study/.research-a1B2c3", "half a table");
    let hash = "0".repeat(64);
    project.write(&format!("study/values/{hash}.txt"), &"x".repeat(3 << 20));
    let done = project.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for told in [
        "garbage        1 file, 12 B, left by killed processes: `research compact study` removes \
         them",
        "unused values  1 file, 3 MiB, not referenced by the log: \
         `research compact study --remove-values` removes them",
    ] {
        assert!(done.stdout.contains(told), "{}", done.stdout);
    }
    assert_eq!(compact(), "removed garbage: 1 file, 12 B\n");
    assert_eq!(
        project
            .research(&["doctor", "study"])
            .stdout
            .matches("unused values")
            .count(),
        1
    );
    let done = project.research(&["compact", "study", "--remove-values"]);
    let told = "removed unused values: 1 file, 3 MiB\n";
    assert_eq!((done.code, &*done.stdout), (Some(0), told), "{done:?}");
    let done = project.research(&["doctor", "study", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (&found["whole"], &found["values"]),
        (&true.into(), &6.into())
    );
    assert_eq!(found["leftovers"], serde_json::json!([]), "{found}");
}

/// Changes a byte in the middle of a file.
fn damage(project: &Project, name: &str) {
    let path = project.path(name);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_intact_research_is_reported_as_intact() {
    let project = study();
    let done = project.research(&["doctor", "study"]);
    assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{done:?}");
    assert!(
        done.stdout.contains("events.log     intact"),
        "{}",
        done.stdout
    );
    assert!(
        done.stdout.contains("values         intact, 6"),
        "{}",
        done.stdout
    );
    let before = names(&project.path("study"));
    let done = project.research(&["doctor", "study", "--salvage", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(found["whole"], true, "{found}");
    assert_eq!(found["salvaged"], serde_json::Value::Null);
    assert_eq!(names(&project.path("study")), before, "nothing was written");
}

#[test]
fn a_damaged_log_is_repaired_and_the_research_resumed() {
    let project = study();
    damage(&project, "study/events.log");
    let damaged = fs::read(project.path("study/events.log")).unwrap();
    let done = project.research(&["results", "study"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.stderr.contains("research doctor"), "{}", done.stderr);
    let done = project.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stdout.contains("--repair"), "{}", done.stdout);
    assert!(fs::read(project.path("study/events.log")).unwrap() == damaged);

    let done = project.research(&["doctor", "study", "--repair"]);
    assert_eq!(done.code, Some(1), "what was lost is lost: {done:?}");
    let kept = fs::read(project.path("study/events.damaged.log")).unwrap();
    assert!(kept == damaged, "the damaged log is kept as it was");
    let done = project.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(0), "{done:?}");

    let done = project.research(&["resume", "study"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let table = project.results("study", &["--var", "x", "--format", "csv"]);
    assert_eq!(table.lines().count(), 7, "{table}");
}

#[test]
fn a_damaged_value_is_named_and_the_others_are_read() {
    let project = study();
    let file = names(&project.path("study/values")).remove(0);
    damage(&project, &format!("study/values/{file}"));
    let done = project.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stdout.contains("1 of 6 are damaged"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains(&file), "{}", done.stdout);
    let table = project.results("study", &["--var", "x", "--format", "csv"]);
    assert_eq!(table.lines().count(), 7, "{table}");
}

#[test]
fn a_damaged_record_is_reported_beside_the_log() {
    let project = study();
    project.write("study/research.json", "{\"format\": 1");
    let done = project.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stdout.contains("restore it from a copy"),
        "{}",
        done.stdout
    );
    assert!(
        done.stdout.contains("events.log     intact"),
        "{}",
        done.stdout
    );
}

#[test]
fn a_folder_that_is_not_a_research_is_a_usage_error() {
    let project = Project::new();
    fs::create_dir(project.path("other")).unwrap();
    project.write("other/events.log", "some other log");
    for name in ["other", "nothing"] {
        for salvage in [&[][..], &["--salvage"]] {
            let done = project.research(&[&["doctor", name], salvage].concat());
            assert_eq!(done.code, Some(2), "{done:?}");
        }
    }
    assert_eq!(project.read("other/events.log"), "some other log");
}
