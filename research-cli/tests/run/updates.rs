//! The domain is updated while a research runs.

use std::path::Path;
use std::process::Command;

use crate::place::{Place, SHOW, wait_for};

/// Updates the domain with what a script prints.
fn updated(head: &str, script: &str) -> Place {
    let update =
        "[[update]]\nwhen = \"last\"\nrun = [\"./next.sh\", \"{results}\", \"{updates}\"]\n";
    let place = Place::with(&format!(
        "name = \"u\"\n{head}\n[domain]\nx = [1, 2]\n{SHOW}{update}"
    ));
    place.script("next.sh", script);
    place
}

#[test]
fn a_program_updates_the_domain() {
    let place = updated(
        "n_reps = 2",
        "[ $2 = 2 ] || echo \"note\nx=[${2}0, ${2}1]\n\"",
    );
    place.run(&[]);
    let csv = place.results("u", &["--format", "csv", "--aux"]);
    let rows: Vec<Vec<&str>> = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    let xs = [
        "1", "2", "1", "2", "00", "01", "00", "01", "10", "11", "10", "11",
    ];
    let numbers = xs.map(|x| x.parse::<i64>().unwrap().to_string());
    assert_eq!(column(1), numbers);
    assert_eq!(column(2), ["0", "0", "1", "1"].repeat(3));
    assert_eq!(column(3).join(""), "000011112222");
    let status = place.status("u");
    assert_eq!(status["updates"], 2);
    assert_eq!(status["generated"], 12);
    assert_eq!(status["total"], 12);
    assert_eq!(status["remaining"], 0);
    let log = place.read("u/research.log");
    assert!(
        log.contains("update 1 of the domain, after 4 experiments: x=[0, 1]"),
        "{log}"
    );
    let told = place.read("u/research.txt");
    assert!(
        told.contains("updates     ./next.sh {results} {updates} (when last)"),
        "{told}"
    );
    // What the program was given is there to look at.
    let given = place.read("u/updates/results.csv");
    assert_eq!(given.lines().count(), 13);
}

/// An output of more than a MiB is kept in a file.
#[test]
fn a_domain_may_be_as_large_as_a_program_likes() {
    let script = "[ $2 = 1 ] || { printf 'x=[7, 8'; yes ', 123456789' | head -n 100000 | tr -d '\\n'; echo ']'; }";
    let place = updated("", script);
    let file = place.read("research.toml");
    place.write("research.toml", &(file + "n_configs = 2\n"));
    place.run(&[]);
    assert!(
        place.table("u").ends_with("\n7,0,7\n8,0,8"),
        "{}",
        place.table("u")
    );
    let done = place.run(&["--set=dump_results=false", "--name=in-memory"]);
    assert_eq!(done.out.lines().count(), 6, "{done:?}");
}

#[test]
fn a_program_that_fails_ends_the_run_and_is_asked_again() {
    let place = updated("", "echo no idea >&2; exit 7");
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let reason = "the domain cannot be updated: ./next.sh {results} {updates}: program `./next.sh` ended with exit code 7";
    assert!(done.err.contains(reason), "{done:?}");
    // It is said when it happens, and not again at the end.
    assert_eq!(done.err.matches(reason).count(), 1, "{done:?}");
    assert!(done.err.contains("no idea"), "{done:?}");
    assert!(done.err.contains(": 2 finished (aborted)\n"), "{done:?}");
    let end = "go on with `research resume u`\n";
    assert!(done.err.ends_with(end), "{done:?}");
    assert!(place.read("u/research.log").contains(reason));
    for flag in ["--quiet", "--no-bar"] {
        let other = place.research(&[
            "run",
            "research.toml",
            "--name",
            flag.trim_matches('-'),
            flag,
        ]);
        assert_eq!(other.code, Some(3), "{other:?}");
        assert_eq!(other.err.matches(reason).count(), 1, "{other:?}");
    }
    let in_memory = place.research(&["run", "research.toml", "--set=dump_results=false", "-n=m"]);
    assert_eq!(in_memory.code, Some(3), "{in_memory:?}");
    assert!(!in_memory.err.contains("research resume"), "{in_memory:?}");
    assert_eq!(place.table("u").lines().count(), 3);
    place.script("next.sh", "[ $2 = 1 ] || echo 'x=[3]'");
    let done = place.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.table("u"), "x,iteration,shown\n1,0,1\n2,0,2\n3,0,3");

    let place = updated("", "echo 'x=[3'");
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(
        done.err
            .contains("the last line that it printed is no domain"),
        "{done:?}"
    );
}

/// Killed while it waits for an update, and while it runs what one has brought: what comes of it is
/// what an undisturbed run has.
#[test]
fn a_leader_that_is_killed_is_resumed_with_the_domain_that_was_current() {
    let script = r#"[ -e slow ] && touch asked && sleep 60
[ $2 = 3 ] || echo "x=[${2}5, ${2}6, ${2}7]""#;
    let place = updated("seed = 4\nworkers = 2", script);
    place.run(&["--name", "undisturbed", "-w", "1"]);

    place.write("slow", "");
    let leader = place.start(&["run", "research.toml"]);
    leader.wait_for_file("asked");
    drop(leader);
    std::fs::remove_file(place.path("slow")).unwrap();
    std::fs::remove_file(place.path("asked")).unwrap();
    for _ in 0..3 {
        let before = place.read("u/research.log").matches("update ").count();
        let mut leader = place.start(&["resume", "u", "-w", "1"]);
        wait_for("an update, or the end", || {
            let log = place.read("u/research.log");
            let is_updated = log.matches("update ").count() > before;
            (is_updated || leader.has_ended()).then_some(())
        });
    }
    let done = place.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let csv = |name: &str| place.results(name, &["--format", "csv", "--aux"]);
    assert_eq!(csv("u"), csv("undisturbed"));
}

/// What stands for what in its command, and in which order its configs come.
#[test]
fn a_program_that_updates_the_domain_is_told_of_the_run() {
    let update = "[[update]]\nwhen = \"last\"\nshell = true\nn_items = 3\nn_reps = 2\nrepeat_each = 1\n\
                  run = \"./next.sh {generated} {updates} {seed} {path} | cat\"\n";
    let place = Place::with(&format!(
        "name = \"u\"\nseed = 3\n[domain]\nx = [1]\n{SHOW}{update}"
    ));
    place.script(
        "next.sh",
        "echo $1 $2 $3 >> $4/told; [ $2 != 0 ] || echo 'x=[7, 8, 9, 10]'",
    );
    place.run(&[]);
    let csv = place.results("u", &["--format", "csv", "--aux"]);
    let rows = csv.lines().skip(1).map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        cells[1..4].join(":")
    });
    let order = [
        "1:0:0", "7:0:1", "7:1:1", "8:0:1", "8:1:1", "9:0:1", "9:1:1",
    ];
    assert_eq!(rows.collect::<Vec<_>>(), order);
    // Each time there is a folder for what the program wants to keep.
    let told = |generated: u64| place.read(&format!("u/updates/after-{generated}/told"));
    let (first, last) = (told(1), told(7));
    let (first_seed, last_seed) = (
        first.strip_prefix("1 0 ").unwrap(),
        last.strip_prefix("7 1 ").unwrap(),
    );
    assert_ne!(first_seed, last_seed);
}

#[test]
fn the_search_example_comes_close_to_the_lowest_point() {
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let place = Place::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/search");
    for name in ["research.toml", "measure.py", "finer.py"] {
        std::fs::copy(example.join(name), place.path(name)).unwrap();
    }
    place.run(&[]);
    let table = place.table("search");
    let lowest = table
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap())
        .fold(f64::INFINITY, f64::min);
    assert_eq!(table.lines().count(), 1 + 25 + 3 * 9);
    assert!(lowest < 0.02, "{lowest}");
}

/// Asked once to stop, the run waits for the update and keeps it; asked twice, it kills the program.
#[test]
fn a_run_that_is_stopped_waits_for_an_update_or_kills_its_program() {
    let script =
        "touch asked; while ! [ -e gate ]; do sleep 0.01; done; [ $2 = 1 ] || echo 'x=[3]'";
    let place = updated("", script);
    let running = place.start(&["run", "research.toml"]);
    running.wait_for_file("asked");
    running.signal("INT");
    running.wait_for_log("u", "what runs is finished");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    place.wait_for_silence();
    assert_eq!(place.status("u")["updates"], 0);

    std::fs::remove_file(place.path("asked")).unwrap();
    let running = place.start(&["resume", "u"]);
    running.wait_for_file("asked");
    running.signal("INT");
    running.wait_for_log("u", "what runs is finished");
    place.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    let status = place.status("u");
    assert_eq!(
        (&status["updates"], &status["remaining"]),
        (&1.into(), &1.into())
    );
    assert_eq!(place.table("u"), "x,iteration,shown\n1,0,1\n2,0,2");

    let done = place.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.table("u"), "x,iteration,shown\n1,0,1\n2,0,2\n3,0,3");
}
