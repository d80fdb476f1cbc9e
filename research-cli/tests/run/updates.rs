//! The domain is updated while a research runs, and what is added to configs where they run.

use std::path::Path;
use std::process::Command;

use crate::place::{Place, wait_for};

const SHOW: &str = r#"
[[unit]]
name = "show"
run = "echo {x}"
output = "number"
save_to = "shown"
"#;

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
    let mut leader = place.command(&["run", "research.toml"]).spawn().unwrap();
    wait_for("the update", || place.path("asked").exists().then_some(()));
    leader.kill().unwrap();
    leader.wait().unwrap();
    std::fs::remove_file(place.path("slow")).unwrap();
    std::fs::remove_file(place.path("asked")).unwrap();
    for _ in 0..3 {
        let mut leader = place.command(&["resume", "u", "-w", "1"]).spawn().unwrap();
        let before = place.read("u/research.log").matches("update ").count();
        wait_for("an update, or the end", || {
            let log = place.read("u/research.log");
            let is_updated = log.matches("update ").count() > before;
            (is_updated || leader.try_wait().unwrap().is_some()).then_some(())
        });
        let _ = leader.kill();
        leader.wait().unwrap();
    }
    let done = place.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let csv = |name: &str| place.results(name, &["--format", "csv", "--aux"]);
    assert_eq!(csv("u"), csv("undisturbed"));
}

#[test]
fn workers_and_branches_are_lists_of_configs() {
    let file = |head: &str| format!("{head}\n[domain]\nx = [1, 2, 3, 4]\n{SHOW}");
    let place = Place::with(&file("name = \"plain\"\nseed = 1"));
    place.run(&[]);
    let unit = "[[unit]]\nname = \"where\"\nrun = \"echo {gpu}{side}\"\noutput = \"text\"\nsave_to = \"place\"\n";
    let head = "name = \"placed\"\nseed = 1\nworkers = [{ gpu = \"one\" }, { gpu = \"two\" }]\nbranches = [{ side = \"left\" }, { side = \"right\" }]";
    place.write("research.toml", &(file(head) + unit));
    place.run(&["-w", "1"]);
    let with_ids =
        |name: &str, variable: &str| place.results(name, &["--format", "csv", "--var", variable]);
    assert_eq!(with_ids("placed", "shown"), with_ids("plain", "shown"));
    let places: Vec<String> = place
        .results("placed", &["--format", "csv", "--var", "place", "--aux"])
        .lines()
        .map(|line| line.split_once(',').unwrap().1.to_owned())
        .collect();
    let expected = [
        "x,repetition,updates,iteration,place",
        "1,0,0,0,oneleft",
        "2,0,0,0,oneright",
        "3,0,0,0,oneleft",
        "4,0,0,0,oneright",
    ];
    assert_eq!(places, expected);
    let done = place.research(&["run", "research.toml", "--name", "three", "-w", "3"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(
        done.err.contains("`workers` is a list of 2 configs"),
        "{done:?}"
    );
    let hides = place.research(&["run", "research.toml", "--set", "workers=[{x=1,gpu=2}]"]);
    assert_eq!(hides.code, Some(2), "{hides:?}");
    assert!(
        hides.err.contains("`x` is a parameter of the domain"),
        "{hides:?}"
    );
}

#[test]
fn ids_have_prefixes_as_the_domain_command_shows_them() {
    let place = Place::with(&format!(
        "name = \"p\"\nn_reps = 2\nseed = 3\ncreate_id_prefix = 2\n[domain]\nx = [7, 8, 7]\n{SHOW}"
    ));
    place.run(&["-w", "3"]);
    let csv = place.results("p", &["--format", "csv"]);
    let ids: Vec<&str> = csv
        .lines()
        .skip(1)
        .map(|l| l.split(',').next().unwrap())
        .collect();
    let shown = place.research(&[
        "domain",
        "research.toml",
        "--id-prefix",
        "2",
        "--format",
        "jsonl",
    ]);
    let shown: Vec<String> = shown
        .out
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(ids, shown);
    assert!(ids[1].starts_with("01_00_"), "{ids:?}");
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
