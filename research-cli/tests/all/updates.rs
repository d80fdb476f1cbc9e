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
    let end = "resume it with `research resume u`\n";
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
    running.wait_for_log("u", "running experiments finish");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    place.wait_for_silence();
    assert_eq!(place.status("u")["updates"], 0);

    std::fs::remove_file(place.path("asked")).unwrap();
    let running = place.start(&["resume", "u"]);
    running.wait_for_file("asked");
    running.signal("INT");
    running.wait_for_log("u", "running experiments finish");
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

/// A strategy that waits for all experiments is told of those that failed, which have saved nothing.
#[test]
fn a_program_is_told_what_failed_and_what_is_not_finished() {
    let unit = "[[unit]]\nname = \"u\"\nrun = \"./unit.sh {x}\"\noutput = \"number\"\nsave_to = \"shown\"\n";
    let update = "[[update]]\nwhen = \"last\"\nrun = [\"./next.sh\", \"{results}\", \"{generated}\", \"{unfinished}\", \"{failed}\", \"{updates}\"]\n";
    let place = Place::with(&format!(
        "name = \"u\"\nworkers = 2\nretries = 1\n[domain]\nx = [1, 2, 3, 4]\n{unit}{update}"
    ));
    place.script(
        "unit.sh",
        "[ $1 = 2 ] && exit 1; [ $1 = 3 ] && kill -9 $$; echo $1",
    );
    place.script(
        "next.sh",
        "echo $2 $3 $4 $5 $RESEARCH_DIR >> asked\n[ $3 = 0 ] && [ $5 = 0 ] || exit 0\ncp $1 given; echo 'x=[5]'",
    );
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let given = place.read("given");
    let rows: Vec<&str> = given
        .lines()
        .map(|line| line.split_once(',').unwrap().1)
        .collect();
    let expected = [
        "x,repetition,updates,status,iteration,shown",
        "1,0,0,finished,0,1",
        "2,0,0,failed,,",
        "3,0,0,killed,,",
        "4,0,0,finished,0,4",
    ];
    assert_eq!(rows, expected);
    let asked = place.read("asked");
    let folder = place.path("u");
    let folder = folder.display();
    assert!(asked.contains(&format!("4 0 2 0 {folder}\n")), "{asked}");
    assert!(asked.ends_with(&format!("5 0 2 1 {folder}\n")), "{asked}");
    assert_eq!(place.status("u")["generated"], 5);
    let end = "no [[update]] returned another domain after 5 experiments, following 1 update";
    assert!(done.err.contains(end), "{done:?}");

    // The same of a research in memory, which has no folder.
    let memory = place.research(&["run", "research.toml", "--set=dump_results=false", "-n=m"]);
    assert_eq!(memory.code, Some(1), "{memory:?}");
    assert_eq!(place.read("given").lines().count(), 5);
    assert!(
        place.read("asked").ends_with("5 0 2 1\n"),
        "{}",
        place.read("asked")
    );
}

/// What waits to be tried again has not ended, also when the run that tried it first was killed.
#[test]
fn what_is_to_be_tried_again_is_not_finished() {
    let unit = "[[unit]]\nname = \"u\"\nrun = \"./unit.sh {x}\"\noutput = \"number\"\nsave_to = \"shown\"\n";
    let update = "[[update]]\nwhen = 1\nrun = [\"./next.sh\", \"{unfinished}\", \"{failed}\"]\n";
    let place = Place::with(&format!(
        "name = \"u\"\nretries = 1\nretry_delay = 0.2\n[domain]\nx = [1, 2]\n{unit}{update}"
    ));
    place.script("unit.sh", "[ $1 = 1 ] && exit 1; echo $1");
    place.script("next.sh", "echo $1 $2 >> asked");
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    // After the second experiment, the first one is still to be tried again.
    assert_eq!(place.read("asked"), "1 0\n0 1\n");
    place.write("asked", "");
    place.script("unit.sh", "echo $1");
    let again = place.research(&["resume", "u", "--failed"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(
        place.read("asked").ends_with("0 0\n"),
        "{}",
        place.read("asked")
    );
}

/// It is killed with all that it has started; the run ends, and is resumed when it is mended.
#[test]
fn a_program_that_hangs_is_killed_after_its_timeout() {
    let place = updated("", "sleep 600 & sleep 600");
    let file = place.read("research.toml");
    place.write("research.toml", &(file + "timeout = \"200ms\"\n"));
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let reason =
        "./next.sh {results} {updates}: it ran longer than its `timeout` of 200ms, and was killed";
    assert!(done.err.contains(reason), "{done:?}");
    assert!(
        done.err.ends_with("resume it with `research resume u`\n"),
        "{done:?}"
    );
    place.wait_for_silence();
    place.script("next.sh", "[ $2 = 1 ] || echo 'x=[3]'");
    let done = place.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.table("u"), "x,iteration,shown\n1,0,1\n2,0,2\n3,0,3");

    let zero = place.research(&[
        "run",
        "research.toml",
        "--set",
        "update.0.timeout=0",
        "-n=z",
    ]);
    assert_eq!(zero.code, Some(2), "{zero:?}");
}

/// Its strategy may go by what it was given before.
#[test]
fn a_research_of_before_is_given_what_it_was_given() {
    let script = "[ $2 = 0 ] || exit 0; head -n 1 $1 > given; [ ! -e stop ] && echo 'x=[3]'";
    let place = updated("", script);
    place.write("stop", "");
    let stopped = place.research(&["run", "research.toml"]);
    assert_eq!(stopped.code, Some(3), "{stopped:?}");
    assert!(place.read("given").contains(",status,"));
    let record = place.read("u/research.json");
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let options = record["options"].as_object_mut().unwrap();
    assert_eq!(options.remove("updates_see_all"), Some(true.into()));
    place.write("u/research.json", &record.to_string());
    std::fs::remove_file(place.path("stop")).unwrap();
    let resumed = place.research(&["resume", "u"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(
        place.read("given"),
        "id,x,repetition,updates,iteration,shown\n"
    );
}
