//! Folders that are damaged, and what can be had of them.

use std::fs;

use crate::place::{Place, names};

/// A research with a log of some frames, and a large value for each experiment.
fn study() -> Place {
    let place = Place::with(
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
    place.run(&[]);
    place
}

#[test]
fn garbage_is_reported_and_removed() {
    let place = study();
    let compact = || {
        let done = place.research(&["compact", "study"]);
        assert_eq!((done.code, &*done.err), (Some(0), ""), "{done:?}");
        done.out
    };
    assert_eq!(compact(), "");
    place.write("study/.research-a1B2c3", "half a table");
    let hash = "0".repeat(64);
    place.write(&format!("study/values/{hash}.txt"), &"x".repeat(3 << 20));
    let done = place.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for told in [
        "garbage        1 file, 12 B, left by killed processes: `research compact study` removes them",
        "unused values  1 file, 3 MiB, not referenced by the log: \
         `research compact study --remove-values` removes them",
    ] {
        assert!(done.out.contains(told), "{}", done.out);
    }
    assert_eq!(compact(), "removed garbage: 1 file, 12 B\n");
    assert_eq!(
        place
            .research(&["doctor", "study"])
            .out
            .matches("unused values")
            .count(),
        1
    );
    let done = place.research(&["compact", "study", "--remove-values"]);
    let told = "removed unused values: 1 file, 3 MiB\n";
    assert_eq!((done.code, &*done.out), (Some(0), told), "{done:?}");
    let done = place.research(&["doctor", "study", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        (&found["whole"], &found["values"]),
        (&true.into(), &6.into())
    );
    assert_eq!(found["leftovers"], serde_json::json!([]), "{found}");
}

/// Changes a byte in the middle of a file.
fn damage(place: &Place, name: &str) {
    let path = place.path(name);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_intact_research_is_reported_as_intact() {
    let place = study();
    let done = place.research(&["doctor", "study"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""), "{done:?}");
    assert!(done.out.contains("events.log     intact"), "{}", done.out);
    assert!(
        done.out.contains("values         intact, 6"),
        "{}",
        done.out
    );
    let before = names(&place.path("study"));
    let done = place.research(&["doctor", "study", "--salvage", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(found["whole"], true, "{found}");
    assert_eq!(found["salvaged"], serde_json::Value::Null);
    assert_eq!(names(&place.path("study")), before, "nothing was written");
}

#[test]
fn a_damaged_log_is_repaired_and_the_research_resumed() {
    let place = study();
    damage(&place, "study/events.log");
    let damaged = fs::read(place.path("study/events.log")).unwrap();
    let done = place.research(&["results", "study"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.err.contains("research doctor"), "{}", done.err);
    let done = place.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains("--repair"), "{}", done.out);
    assert!(fs::read(place.path("study/events.log")).unwrap() == damaged);

    let done = place.research(&["doctor", "study", "--repair"]);
    assert_eq!(done.code, Some(1), "what was lost is lost: {done:?}");
    let kept = fs::read(place.path("study/events.damaged.log")).unwrap();
    assert!(kept == damaged, "the damaged log is kept as it was");
    let done = place.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(0), "{done:?}");

    let done = place.research(&["resume", "study"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let table = place.results("study", &["--var", "x", "--format", "csv"]);
    assert_eq!(table.lines().count(), 7, "{table}");
}

#[test]
fn a_damaged_value_is_named_and_the_others_are_read() {
    let place = study();
    let file = names(&place.path("study/values")).remove(0);
    damage(&place, &format!("study/values/{file}"));
    let done = place.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains("1 of 6 are damaged"), "{}", done.out);
    assert!(done.out.contains(&file), "{}", done.out);
    let table = place.results("study", &["--var", "x", "--format", "csv"]);
    assert_eq!(table.lines().count(), 7, "{table}");
}

#[test]
fn a_damaged_record_is_reported_beside_the_log() {
    let place = study();
    place.write("study/research.json", "{\"format\": 1");
    let done = place.research(&["doctor", "study"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains("restore it from a copy"), "{}", done.out);
    assert!(done.out.contains("events.log     intact"), "{}", done.out);
}

#[test]
fn a_folder_that_is_not_a_research_is_a_usage_error() {
    let place = Place::new();
    fs::create_dir(place.path("other")).unwrap();
    place.write("other/events.log", "some other log");
    for name in ["other", "nothing"] {
        for salvage in [&[][..], &["--salvage"]] {
            let done = place.research(&[&["doctor", name], salvage].concat());
            assert_eq!(done.code, Some(2), "{done:?}");
        }
    }
    assert_eq!(place.read("other/events.log"), "some other log");
}
