//! Output files that several experiments would write.

use std::os::unix::fs::symlink;

use crate::place::Place;

/// A study whose programs say where they write, in a file at `path`.
fn study(path: &str, more: &str) -> String {
    format!(
        "name = 'r'\n{more}\n[domain]\na = [1, 2, 3, 4, 5, 6]\n[[unit]]\nname = 'u'\n\
         run = ['sh', '-c', 'sleep 0.05; echo $1 > \"$2\"', 'sh', '{{a}}', '{path}']\n\
         output = {{ file = '{path}' }}\nsave_to = 'v'"
    )
}

#[test]
fn experiments_that_run_at_once_cannot_share_an_output_file() {
    let place = Place::new();
    let base = place.path("out").display().to_string();
    let refused = |path: &str, more: &str, flags: &[&str]| {
        place.write("research.toml", &study(path, more));
        let done = place.research(&[&["run", "research.toml"], flags].concat());
        assert_eq!(done.code, Some(2), "{path} {more}: {done:?}");
        for part in [
            "unit `u`",
            &base,
            "run at the same time",
            "`{id}`",
            "workers = 1",
        ] {
            assert!(done.err.contains(part), "{part} is not in {done:?}");
        }
        assert!(
            !place.names().contains(&"r".to_owned()),
            "nothing was begun"
        );
    };
    for path in [
        format!("{base}.json"),
        format!("{base}-{{iteration}}.json"),
        format!("{base}-{{repetition}}"),
        // It is a part of all values.
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
fn experiments_with_files_of_their_own_or_one_at_a_time_are_run() {
    let place = Place::new();
    let base = place.path("out").display().to_string();
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
        place.write(
            "research.toml",
            &study(&path.replace("{base}", &base), more),
        );
        place.run(&["--name", name]);
        assert_eq!(
            place.table(name),
            "a,iteration,v\n1,0,1\n2,0,2\n3,0,3\n4,0,4\n5,0,5\n6,0,6"
        );
    }
    // A recorded study may be resumed with more workers.
    place.write(
        "research.toml",
        &study(&format!("{base}.txt"), "n_iters = 1"),
    );
    place.run(&["--name", "more", "--set", "domain.a=[1]"]);
    let more = place.research(&["resume", "more", "--file", "research.toml", "-w", "2"]);
    assert_eq!(more.code, Some(2), "{more:?}");
    assert!(more.err.contains("run at the same time"), "{more:?}");
}

#[test]
fn files_that_links_make_the_same_fail_and_never_share_values() {
    let place = Place::new();
    std::fs::create_dir(place.path("real")).unwrap();
    for a in 1..=6 {
        symlink(place.path("real"), place.path(&format!("link-{a}"))).unwrap();
    }
    let path = place.path("link-{a}/../real/m.txt").display().to_string();
    place.write("research.toml", &study(&path, "workers = 3"));
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.err
            .contains("another program that runs at the same time"),
        "{done:?}"
    );
    let table = place.results("r", &["--format", "csv"]);
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        assert!(cells[3].is_empty() || cells[3] == cells[1], "{table}");
    }
}
