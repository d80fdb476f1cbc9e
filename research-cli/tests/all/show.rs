//! `research show`, the names that it shows, and the logs of experiments.

use crate::support::Project;

/// Returns a study of two units. The second fails for every odd `n`, each time with another
/// message.
fn study(options: &str) -> Project {
    let project = Project::with(&format!(
        r#"
        name = "s"
        seed = 3
        {options}
        domain = 'n=[1, 2, 3] * text=["a b"]'
        [[unit]]
        name = "load"
        run = "echo {{n}}0"
        save_to = "loaded"
        [[unit]]
        name = "fit"
        run = ["./fit.sh", "{{load}}", "{{text}}", "--seed={{seed}}"]
        save_to = "v"
        "#,
    ));
    project.script(
        "fit.sh",
        r#"case $1 in
10) echo one >&2; echo "ValueError: got $1.5 of {'a', 'b'}" >&2; exit 4 ;;
30) echo "ValueError: got -$1e-05 of {'b', 'a'}" >&2; exit 4 ;;
esac
echo $1"#,
    );
    project
}

/// The id of the experiment with a parameter.
fn id(project: &Project, n: u64) -> String {
    let question = format!("select id from experiments where n = {n}");
    let answer = project.research(&["query", "s", &question, "--format", "csv"]);
    answer.stdout.lines().nth(1).unwrap().to_owned()
}

#[test]
fn a_failure_is_shown_with_its_reason_first_and_all_that_runs_it_again() {
    let project = study("");
    let run = project.research(&["run", "research.toml"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let id = id(&project, 1);
    // The same error with other numbers and another order of a set is one group.
    let summary = run.stderr.split("3 experiments in ").nth(1).unwrap();
    let group = format!(
        "\n  2 × failed: ValueError: got 10.5 of {{'a', 'b'}} (exit code 4 of `./fit.sh`)\n      \
         in unit `fit`, for example experiment {id}: n=1, text=\"a b\"\n"
    );
    assert!(summary.contains(&group), "{summary}");
    assert!(
        summary.contains(&format!("see more with `research show s {id}`")),
        "{summary}"
    );

    let shown = project.research(&["show", "s", &id[..8]]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let text = &shown.stdout;
    let title = format!(
        "{id} of s: failed: ValueError: got 10.5 of {{'a', 'b'}} (exit code 4 of `./fit.sh`)\n"
    );
    assert!(text.starts_with(&title), "{text}");
    let seed = project.research(&["query", "s", "select seed from experiments where n = 1"]);
    let seed = seed.stdout.lines().last().unwrap().trim().to_owned();
    for part in [
        "config     n=1\n           text=\"a b\"\n",
        &format!("repetition 0, seed {seed}\n"),
        ", run 1, host ",
        "exit code 4\n",
        "commands   load: echo 10\n",
        &format!("fit: ./fit.sh 10 'a b' --seed={seed}\n"),
        "saved      loaded = 10\n",
        "             one\n",
        &format!("reproduce  research reproduce s {id}\n"),
        "rerun      research resume s --failed\n",
    ] {
        let text = text.replace("\n           run 1", ", run 1");
        assert!(text.contains(part), "{part} in {text}");
    }

    let json = project.research(&["show", "s", &id, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["config"]["n"], 1);
    assert_eq!(json["status"], "failed");
    assert_eq!(json["seed"].to_string(), seed);
    assert_eq!(json["run"], 1);
    assert!(json["host"].is_string(), "{json}");
    assert_eq!(json["exit_code"], 4);
    assert_eq!(json["commands"][1]["is_recorded"], true);
    assert_eq!(json["failures"][0]["lines"][0], "one");
    assert_eq!(json["rerun"], "research resume s --failed");
}

#[test]
fn the_commands_of_an_experiment_that_succeeded_have_the_saved_outputs() {
    let project = study("");
    project.research(&["run", "research.toml"]);
    let shown = project.research(&["show", "s", &id(&project, 2)]).stdout;
    assert!(shown.contains(": finished\n"), "{shown}");
    assert!(shown.contains("fit: ./fit.sh 20 'a b' --seed="), "{shown}");
    assert!(shown.contains("v = 20\n"), "{shown}");
    assert!(!shown.contains("rerun"), "{shown}");
    let none = project.research(&["show", "s", "xyz"]);
    assert_eq!(none.code, Some(2), "{none:?}");
}

/// The recorded command would fail again.
#[test]
fn a_command_that_could_not_be_filled_in_needs_another_file() {
    let project = Project::with(
        r#"
        name = "u"
        [[unit]]
        name = "load"
        run = "echo '{{\"a\": 1}}'"
        [[unit]]
        name = "fit"
        run = "echo {load.b}"
        save_to = "v"
        "#,
    );
    let run = project.research(&["run", "research.toml"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let reason = "failed: cannot fill in the command: `{load.b}`: unknown field `b`";
    assert!(run.stderr.contains(reason), "{run:?}");
    let advice = "correct the research file, and run failed experiments with `research resume u \
                  --failed --file FILE`";
    assert!(run.stderr.contains(advice), "{run:?}");
    let again = project.research(&["resume", "u"]);
    assert!(again.stderr.contains(advice), "{again:?}");
}

#[test]
fn every_experiment_has_a_log_with_its_config_start_and_end() {
    let project = study("");
    project.research(&["run", "research.toml"]);
    let id = id(&project, 2);
    // The experiment has no log entries, so it has no file.
    assert!(
        !project
            .path(&format!("s/experiments/{id}/experiment.log"))
            .exists()
    );
    let log = project.research(&["logs", "s", "--id", &id]).stdout;
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(
        lines[0].contains(" info    attempt 1 started in worker 0, process "),
        "{log}"
    );
    assert!(
        lines[0].ends_with(": n=2, text=\"a b\", repetition=0, updates=0"),
        "{log}"
    );
    assert!(
        lines[1].contains(" info    attempt 1 ended after "),
        "{log}"
    );
    assert!(lines[1].ends_with(" and 1 iteration: finished"), "{log}");
}

#[test]
fn debugging_logs_each_call_of_a_unit() {
    let project = study("loglevel = \"debug\"");
    project.research(&["run", "research.toml"]);
    let id = id(&project, 2);
    let log = project.research(&["logs", "s", "--id", &id]).stdout;
    let texts = [
        "attempt 1 started",
        "unit load is called in iteration 0",
        "runs echo 20",
        "unit load returned 20 after ",
        "unit fit is called in iteration 0",
        "runs ./fit.sh 20 'a b' --seed=",
        "unit fit returned 20 after ",
        "attempt 1 ended after ",
    ];
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), texts.len(), "{log}");
    for (line, text) in lines.iter().zip(texts) {
        assert!(line.contains(text), "{text} in {line}");
    }
    let file = project.read(&format!("s/experiments/{id}/experiment.log"));
    assert_eq!(file, log);
}

#[test]
fn the_description_has_commands_and_options() {
    let project = study("loglevel = \"error\"\nprofile = 1\nexecutor_target = \"sequential\"");
    project.research(&["run", "research.toml"]);
    let text = project.read("s/research.txt");
    for line in [
        "executor    sequential\n",
        "profile     1: time\n",
        "loglevel    error\n",
        "\n              echo {n}0\n",
        "\n              ./fit.sh {load} {text} --seed={seed}\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn sql_and_parquet_have_updates_seed_start_run_and_host() {
    let project = study("");
    project.research(&["run", "research.toml"]);
    project.script("fit.sh", "echo $1");
    project.research(&["resume", "s", "--failed"]);
    let question = "select n, updates, seed > 0, started > 1700000000, run, host <> '' \
                    from experiments order by n";
    let answer = project
        .research(&["query", "s", question, "--format", "csv"])
        .stdout;
    let rows: Vec<&str> = answer.lines().skip(1).collect();
    assert_eq!(
        rows,
        ["1,0,1,1,2,1", "2,0,1,1,1,1", "3,0,1,1,2,1"],
        "{answer}"
    );
    let table = ["results", "s", "--with-run", "--format", "csv"];
    let table = project.research(&table).stdout;
    let columns = "id,n,text,seed,started,run,host,iteration,loaded,v";
    assert_eq!(table.lines().next().unwrap(), columns);
    let summary = [
        "results",
        "s",
        "--summary",
        "--aux",
        "--var",
        "v",
        "--format",
        "csv",
    ];
    let summary = project.research(&summary).stdout;
    let columns = "n,text,repetition,updates,n_1,failed,v_mean,v_std";
    assert_eq!(summary.lines().next().unwrap(), columns, "{summary}");
}
