//! Updates of the domain during a run.

use std::path::Path;
use std::process::Command;

use crate::support::{Project, SHOW, wait_for};

/// Creates a project that updates its domain with the output of a script.
fn updated(head: &str, script: &str) -> Project {
    let update =
        "[[update]]\nwhen = \"last\"\nrun = [\"./next.sh\", \"{results}\", \"{updates}\"]\n";
    let project = Project::with(&format!(
        "name = \"u\"\n{head}\n[domain]\nx = [1, 2]\n{SHOW}{update}"
    ));
    project.script("next.sh", script);
    project
}

#[test]
fn a_program_updates_the_domain() {
    let project = updated(
        "n_reps = 2",
        "[ $2 = 2 ] || echo \"note\nx=[${2}0, ${2}1]\n\"",
    );
    project.run(&[]);
    let csv = project.results("u", &["--format", "csv", "--aux"]);
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
    let status = project.status("u");
    assert_eq!(status["updates"], 2);
    assert_eq!(status["generated"], 12);
    assert_eq!(status["total"], 12);
    assert_eq!(status["remaining"], 0);
    let log = project.read("u/research.log");
    assert!(
        log.contains("update 1 of the domain, after 4 experiments: x=[0, 1]"),
        "{log}"
    );
    let told = project.read("u/research.txt");
    assert!(
        told.contains("updates     ./next.sh {results} {updates} (when last)"),
        "{told}"
    );
    // The folder of the program has its arguments.
    let given = project.read("u/updates/results.csv");
    assert_eq!(given.lines().count(), 13);
}

/// An output of more than 1 MiB is a file.
#[test]
fn an_update_may_return_a_domain_of_any_size() {
    let script = "[ $2 = 1 ] || { printf 'x=[7, 8'; yes ', 123456789' | head -n 100000 | tr -d \
        '\\n'; echo ']'; }";
    let project = updated("", script);
    let file = project.read("research.toml");
    project.write("research.toml", &(file + "n_configs = 2\n"));
    project.run(&[]);
    assert!(
        project.table("u").ends_with("\n7,0,7\n8,0,8"),
        "{}",
        project.table("u")
    );
    let done = project.run(&["--set=dump_results=false", "--name=in-memory"]);
    assert_eq!(done.stdout.lines().count(), 6, "{done:?}");
}

#[test]
fn a_failed_update_ends_the_run_and_runs_again_on_resume() {
    let project = updated("", "echo no idea >&2; exit 7");
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let reason = "the domain cannot be updated: ./next.sh {results} {updates}: no idea (exit code \
        7 of `./next.sh`)";
    assert!(done.stderr.contains(reason), "{done:?}");
    // The error is reported once.
    assert_eq!(done.stderr.matches(reason).count(), 1, "{done:?}");
    assert!(done.stderr.contains("no idea"), "{done:?}");
    assert!(done.stderr.contains(": 2 finished (aborted)\n"), "{done:?}");
    let end = "resume it with `research resume u`\n";
    assert!(done.stderr.ends_with(end), "{done:?}");
    assert!(project.read("u/research.log").contains(reason));
    for flag in ["--quiet", "--no-bar"] {
        let other = project.research(&[
            "run",
            "research.toml",
            "--name",
            flag.trim_matches('-'),
            flag,
        ]);
        assert_eq!(other.code, Some(3), "{other:?}");
        assert_eq!(other.stderr.matches(reason).count(), 1, "{other:?}");
    }
    let in_memory = project.research(&["run", "research.toml", "--set=dump_results=false", "-n=m"]);
    assert_eq!(in_memory.code, Some(3), "{in_memory:?}");
    assert!(
        !in_memory.stderr.contains("research resume"),
        "{in_memory:?}"
    );
    assert_eq!(project.table("u").lines().count(), 3);
    project.script("next.sh", "[ $2 = 1 ] || echo 'x=[3]'");
    let done = project.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(project.table("u"), "x,iteration,shown\n1,0,1\n2,0,2\n3,0,3");

    let project = updated("", "echo 'x=[3'");
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(
        done.stderr
            .contains("the last line that it printed is not a valid domain"),
        "{done:?}"
    );
}

/// The leader is killed while it waits for an update, and while it runs the new domain. The results
/// are those of an undisturbed run.
#[test]
fn a_killed_leader_resumes_with_the_current_domain() {
    let script = r#"[ -e slow ] && touch asked && sleep 60
[ $2 = 3 ] || echo "x=[${2}5, ${2}6, ${2}7]""#;
    let project = updated("seed = 4\nworkers = 2", script);
    project.run(&["--name", "undisturbed", "-w", "1"]);

    project.write("slow", "");
    let leader = project.start(&["run", "research.toml"]);
    leader.wait_for_file("asked");
    drop(leader);
    std::fs::remove_file(project.path("slow")).unwrap();
    std::fs::remove_file(project.path("asked")).unwrap();
    for _ in 0..3 {
        let before = project.read("u/research.log").matches("update ").count();
        let mut leader = project.start(&["resume", "u", "-w", "1"]);
        wait_for("an update, or the end", || {
            let log = project.read("u/research.log");
            let is_updated = log.matches("update ").count() > before;
            (is_updated || leader.has_ended()).then_some(())
        });
    }
    let done = project.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let csv = |name: &str| project.results(name, &["--format", "csv", "--aux"]);
    assert_eq!(csv("u"), csv("undisturbed"));
}

/// The test checks the placeholders of the command, and the order of its configs.
#[test]
fn an_update_receives_the_state_of_the_run() {
    let update = "[[update]]\nwhen = \"last\"\nshell = true\nn_items = 3\nn_reps = 2\n\
        repeat_each = 1\n\
                  run = \"./next.sh {generated} {updates} {seed} {path} | cat\"\n";
    let project = Project::with(&format!(
        "name = \"u\"\nseed = 3\n[domain]\nx = [1]\n{SHOW}{update}"
    ));
    project.script(
        "next.sh",
        "echo $1 $2 $3 >> $4/told; [ $2 != 0 ] || echo 'x=[7, 8, 9, 10]'",
    );
    project.run(&[]);
    let csv = project.results("u", &["--format", "csv", "--aux"]);
    let rows = csv.lines().skip(1).map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        cells[1..4].join(":")
    });
    let order = [
        "1:0:0", "7:0:1", "7:1:1", "8:0:1", "8:1:1", "9:0:1", "9:1:1",
    ];
    assert_eq!(rows.collect::<Vec<_>>(), order);
    // Each call of the program has its own folder.
    let told = |generated: u64| project.read(&format!("u/updates/after-{generated}/told"));
    let (first, last) = (told(1), told(7));
    let (first_seed, last_seed) = (
        first.strip_prefix("1 0 ").unwrap(),
        last.strip_prefix("7 1 ").unwrap(),
    );
    assert_ne!(first_seed, last_seed);
}

#[test]
fn the_search_example_finds_the_minimum() {
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let project = Project::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/search");
    for name in ["research.toml", "measure.py", "finer.py"] {
        std::fs::copy(example.join(name), project.path(name)).unwrap();
    }
    project.run(&[]);
    let table = project.table("search");
    let lowest = table
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap())
        .fold(f64::INFINITY, f64::min);
    assert_eq!(table.lines().count(), 1 + 25 + 3 * 9);
    assert!(lowest < 0.02, "{lowest}");
}

/// After one signal the run waits for the update and keeps it; after two it kills the program.
#[test]
fn a_run_that_is_stopped_waits_for_an_update_or_kills_its_program() {
    let script =
        "touch asked; while ! [ -e gate ]; do sleep 0.01; done; [ $2 = 1 ] || echo 'x=[3]'";
    let project = updated("", script);
    let running = project.start(&["run", "research.toml"]);
    running.wait_for_file("asked");
    running.signal("INT");
    running.wait_for_log("u", "running experiments finish");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    project.wait_for_silence();
    assert_eq!(project.status("u")["updates"], 0);

    std::fs::remove_file(project.path("asked")).unwrap();
    let running = project.start(&["resume", "u"]);
    running.wait_for_file("asked");
    running.signal("INT");
    running.wait_for_log("u", "running experiments finish");
    project.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    let status = project.status("u");
    assert_eq!(
        (&status["updates"], &status["remaining"]),
        (&1.into(), &1.into())
    );
    assert_eq!(project.table("u"), "x,iteration,shown\n1,0,1\n2,0,2");

    let done = project.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(project.table("u"), "x,iteration,shown\n1,0,1\n2,0,2\n3,0,3");
}

/// A strategy that waits for all experiments receives the number of failed ones.
#[test]
fn an_update_receives_failed_and_unfinished_counts() {
    let unit = "[[unit]]\nname = \"u\"\nrun = \"./unit.sh {x}\"\noutput = \"number\"\n\
        save_to = \"shown\"\n";
    let update = "[[update]]\nwhen = \"last\"\nrun = [\"./next.sh\", \"{results}\", \
        \"{generated}\", \"{unfinished}\", \"{failed}\", \"{updates}\"]\n";
    let project = Project::with(&format!(
        "name = \"u\"\nworkers = 2\nretries = 1\n[domain]\nx = [1, 2, 3, 4]\n{unit}{update}"
    ));
    project.script(
        "unit.sh",
        "[ $1 = 2 ] && exit 1; [ $1 = 3 ] && kill -9 $$; echo $1",
    );
    project.script(
        "next.sh",
        "echo $2 $3 $4 $5 $RESEARCH_DIR >> asked\n[ $3 = 0 ] && [ $5 = 0 ] || exit 0\n\
         cp $1 given; echo 'x=[5]'",
    );
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let given = project.read("given");
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
    let asked = project.read("asked");
    let folder = project.path("u");
    let folder = folder.display();
    assert!(asked.contains(&format!("4 0 2 0 {folder}\n")), "{asked}");
    assert!(asked.ends_with(&format!("5 0 2 1 {folder}\n")), "{asked}");
    assert_eq!(project.status("u")["generated"], 5);
    let end = "no [[update]] returned another domain after 5 experiments, following 1 update";
    assert!(done.stderr.contains(end), "{done:?}");

    // The same for a research in memory.
    let memory = project.research(&["run", "research.toml", "--set=dump_results=false", "-n=m"]);
    assert_eq!(memory.code, Some(1), "{memory:?}");
    assert_eq!(project.read("given").lines().count(), 5);
    assert!(
        project.read("asked").ends_with("5 0 2 1\n"),
        "{}",
        project.read("asked")
    );
}

/// An experiment that waits for a retry is unfinished, also if its first run was killed.
#[test]
fn an_experiment_that_waits_for_a_retry_is_unfinished() {
    let unit = "[[unit]]\nname = \"u\"\nrun = \"./unit.sh {x}\"\noutput = \"number\"\n\
        save_to = \"shown\"\n";
    let update = "[[update]]\nwhen = 1\nrun = [\"./next.sh\", \"{unfinished}\", \"{failed}\"]\n";
    let project = Project::with(&format!(
        "name = \"u\"\nretries = 1\nretry_delay = 0.2\n[domain]\nx = [1, 2]\n{unit}{update}"
    ));
    project.script("unit.sh", "[ $1 = 1 ] && exit 1; echo $1");
    project.script("next.sh", "echo $1 $2 >> asked");
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    // After the second experiment, the first one still waits for its retry.
    assert_eq!(project.read("asked"), "1 0\n0 1\n");
    project.write("asked", "");
    project.script("unit.sh", "echo $1");
    let again = project.research(&["resume", "u", "--failed"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(
        project.read("asked").ends_with("0 0\n"),
        "{}",
        project.read("asked")
    );
}

/// The update is killed with its descendants. The run ends, and can be resumed with a corrected
/// script.
#[test]
fn an_update_that_hangs_is_killed_after_its_timeout() {
    let project = updated("", "sleep 600 & sleep 600");
    let file = project.read("research.toml");
    project.write("research.toml", &(file + "timeout = \"200ms\"\n"));
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let reason =
        "./next.sh {results} {updates}: it ran longer than its `timeout` of 200ms, and was killed";
    assert!(done.stderr.contains(reason), "{done:?}");
    assert!(
        done.stderr
            .ends_with("resume it with `research resume u`\n"),
        "{done:?}"
    );
    project.wait_for_silence();
    project.script("next.sh", "[ $2 = 1 ] || echo 'x=[3]'");
    let done = project.research(&["resume", "u"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(project.table("u"), "x,iteration,shown\n1,0,1\n2,0,2\n3,0,3");

    let zero = project.research(&[
        "run",
        "research.toml",
        "--set",
        "update.0.timeout=0",
        "-n=z",
    ]);
    assert_eq!(zero.code, Some(2), "{zero:?}");
}

/// The strategy of the old research may depend on the old arguments.
#[test]
fn updates_of_an_old_research_get_their_old_arguments() {
    let script = "[ $2 = 0 ] || exit 0; head -n 1 $1 > given; [ ! -e stop ] && echo 'x=[3]'";
    let project = updated("", script);
    project.write("stop", "");
    let stopped = project.research(&["run", "research.toml"]);
    assert_eq!(stopped.code, Some(3), "{stopped:?}");
    assert!(project.read("given").contains(",status,"));
    let record = project.read("u/research.json");
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let options = record["options"].as_object_mut().unwrap();
    assert_eq!(options.remove("updates_see_all"), Some(true.into()));
    project.write("u/research.json", &record.to_string());
    std::fs::remove_file(project.path("stop")).unwrap();
    let resumed = project.research(&["resume", "u"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(
        project.read("given"),
        "id,x,repetition,updates,iteration,shown\n"
    );
}
