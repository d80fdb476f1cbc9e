//! Resuming a research, with the same or a changed file.

use crate::support::Project;

const FILE: &str = r#"
name = "r"
seed = 5
n_reps = 2
domain = "a=[1, 2, 3]"
[[unit]]
name = "u"
run = "./u.sh {a} {seed}"
save_output_dict = true
"#;

/// Creates a research in which each run of a program adds a line to `runs`.
fn project(file: &str) -> Project {
    let project = Project::with(file);
    project.script(
        "u.sh",
        "echo $1 >> runs
        [ $1 != 3 ] || [ -e mended ] || exit 7
        echo \"{\\\"v\\\": $1, \\\"seed\\\": $2}\"",
    );
    project
}

fn runs(project: &Project) -> Vec<String> {
    let mut runs: Vec<String> = project.read("runs").lines().map(str::to_owned).collect();
    runs.sort();
    std::fs::remove_file(project.path("runs")).unwrap();
    runs
}

#[test]
fn only_new_configs_of_an_extended_domain_run() {
    let longer = FILE
        .replace("[1, 2, 3]", "[5, 1, 4, 2]")
        .replace("n_reps = 2", "n_reps = 3");
    let undisturbed = project(&longer);
    undisturbed.run(&[]);

    let project = project(&FILE.replace(", 3]", "]"));
    project.run(&[]);
    assert_eq!(runs(&project), ["1", "1", "2", "2"]);
    project.write("research.toml", &longer);
    let again = project.research(&["run", "research.toml"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    let advice = "`research resume r --file research.toml`";
    assert!(again.stderr.contains(advice), "{again:?}");

    let done = project.research(&[
        "resume",
        "r",
        "--file",
        "research.toml",
        "--set",
        "workers=3",
    ]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(runs(&project), ["1", "2", "4", "4", "4", "5", "5", "5"]);
    let csv = ["--format", "csv"];
    assert_eq!(project.results("r", &csv), undisturbed.results("r", &csv));
    // The new file is recorded, so nothing remains to run.
    let done = project.research(&["resume", "r"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("nothing to run"), "{done:?}");
    let text = project.read("r/research.txt");
    assert!(text.contains("a=[5, 1, 4, 2]"), "{text}");
    assert!(!project.path("runs").exists());
}

/// Creates a research of the first version with three experiments, the third of which has failed.
fn first_rules() -> Project {
    let project = Project::new();
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/first_rules");
    std::fs::create_dir(project.path("old")).unwrap();
    for file in ["research.json", "events.log"] {
        std::fs::copy(from.join(file), project.path("old").join(file)).unwrap();
    }
    project
}

#[test]
fn a_research_keeps_its_draws_and_ids() {
    let project = first_rules();
    project.write(
        "longer.toml",
        "name = \"old\"\nseed = 7\n[domain]\na = [1, 2, 3, 4]\nx = \"uniform(0, 1)\"\n[[unit]]\n\
         name = \"twice\"\nrun = \"test {a} != 3 && echo {x}\"\nshell = true\n\
         output = \"number\"\nsave_to = \"y\"\n",
    );
    let done = project.research(&["resume", "old", "--failed", "--file", "longer.toml"]);
    // The third one fails again, as the same experiment.
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("4 experiments"), "{done:?}");
    assert!(done.stderr.contains("cefc540d94371473"), "{done:?}");
    assert_eq!(
        project.results("old", &["--format", "csv"]),
        "id,a,x,iteration,y\n\
         7306135366122839,1,0.7963899656037856,0,0.7963899656037856\n\
         f1050f7468010535,2,0.580312444091432,0,0.580312444091432\n\
         b767d79a28964188,4,0.40438263627286963,0,0.40438263627286963\n"
    );
    let record: serde_json::Value =
        serde_json::from_str(&project.read("old/research.json")).unwrap();
    assert_eq!(record["rules"], 1);
    let again = project.research(&["reproduce", "old", "7306"]);
    assert_eq!(again.code, Some(0), "{again:?}");
}

#[test]
fn an_extended_domain_keeps_all_experiments() {
    let file = FILE.replace("n_reps = 2", "workers = 2").replace(
        "a=[1, 2, 3]",
        "hidden=[8, 32] * lr=log_uniform(1e-5, 1e-1) * a=[1, 2]",
    );
    let project = project(&file);
    project.run(&[]);
    assert_eq!(runs(&project), ["1", "1", "2", "2"]);
    project.write("more.toml", &file.replace("[1, 2]", "[4, 1, 2]"));
    let preview = project.research(&["resume", "r", "--file", "more.toml", "--dry-run"]);
    assert_eq!(preview.code, Some(0), "{preview:?}");
    assert_eq!(preview.stdout, "r: 4 done, 0 to run again, 2 new\n");
    assert!(!project.path("runs").exists());
    let done = project.research(&["resume", "r", "--file", "more.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(runs(&project), ["4", "4"]);
    assert!(!done.stderr.contains("no longer"), "{done:?}");

    // Another distribution draws other values: none of the old configs is in the domain.
    project.write(
        "other.toml",
        &file.replace("1e-5", "1e-6").replace("[8, 32]", "[8]"),
    );
    let lost = "6 of the 6 experiments that were run are no longer in the domain: \
                their results stay in the research";
    let preview = project.research(&["resume", "r", "--file", "other.toml", "--dry-run"]);
    assert_eq!(
        preview.stdout,
        format!("r: 0 done, 0 to run again, 2 new\n{lost}\n")
    );
    assert!(!project.path("runs").exists());
    let done = project.research(&["resume", "r", "--file", "other.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains(lost), "{done:?}");
    assert_eq!(runs(&project), ["1", "2"]);
}

#[test]
fn changes_that_make_results_incomparable_are_refused() {
    let project = project(FILE);
    project.write("mended", "");
    project.run(&[]);
    runs(&project);
    let resume = |file: &str, flags: &[&str]| {
        project.write("changed.toml", file);
        project.research(&[&["resume", "r", "--file", "changed.toml"], flags].concat())
    };
    let command = FILE.replace("{seed}", "7");
    let iterations = FILE.replace("n_reps", "n_iters = 4\nn_reps");
    let more = format!("{FILE}[[unit]]\nname = \"more\"\nrun = \"true\"\n");
    let updated = format!("{FILE}[[update]]\nrun = \"true\"\n");
    for (file, said) in [
        (
            &command,
            "`run` of unit `u` was \"./u.sh {a} {seed}\", now \"./u.sh {a} 7\"",
        ),
        (&iterations, "n_iters was not set, and is 4"),
        (&more, "unit `more` was added"),
        (&updated, "the number of [[update]] was 0, now 1"),
    ] {
        let refused = resume(file, &[]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(said), "{said} in {refused:?}");
        assert!(refused.stderr.contains("--allow-changes"), "{refused:?}");
    }
    let seed = FILE.replace("seed = 5", "seed = 6");
    let refused = resume(&seed, &["--allow-changes"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("begun with seed 5"), "{refused:?}");
    let prefix = FILE.replace("n_reps", "create_id_prefix = 2\nn_reps");
    let refused = resume(&prefix, &["--allow-changes"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let said = "begun with another `create_id_prefix`";
    assert!(refused.stderr.contains(said), "{refused:?}");
    assert!(!project.path("runs").exists());

    let longer = command.replace(", 3]", ", 3, 4]");
    let allowed = resume(&longer, &["--allow-changes"]);
    assert_eq!(allowed.code, Some(0), "{allowed:?}");
    assert_eq!(runs(&project), ["4", "4"]);
    // Options of the run may always change.
    let how = "retries = 2\ntimeout = 9\nworkers = 2\nisolation = \"worker\"\nn_reps";
    let other = longer.replace("n_reps", how).replace("4]", "4, 6]");
    let done = resume(&other, &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(runs(&project), ["6", "6"]);
}

#[test]
fn only_failed_experiments_run_again_on_request() {
    let project = project(FILE);
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(runs(&project), ["1", "1", "2", "2", "3", "3"]);
    let again = project.research(&["resume", "r", "--failed"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert_eq!(runs(&project), ["3", "3"]);
    project.write("mended", "");
    let mended = project.research(&["resume", "r", "--failed"]);
    assert_eq!(mended.code, Some(0), "{mended:?}");
    assert_eq!(runs(&project), ["3", "3"]);
    let nothing = project.research(&["resume", "r", "--failed"]);
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
    assert!(nothing.stderr.contains("nothing to run"), "{nothing:?}");

    let undisturbed = self::project(FILE);
    undisturbed.write("mended", "");
    undisturbed.run(&[]);
    let csv = ["--format", "csv"];
    assert_eq!(project.results("r", &csv), undisturbed.results("r", &csv));
}

/// Failures are counted once even if ended experiments come after missing ones.
#[test]
fn repeated_failures_are_counted_once() {
    let file = FILE.replace("[1, 2, 3]", "[3, 1, 2]");
    let project = project(&file.replace("n_reps = 2", ""));
    project.research(&["run", "research.toml"]);
    let again = project.research(&["resume", "r", "--failed"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    let summary = "2 finished, 1 failed; 1 of them now, in ";
    assert!(again.stderr.contains(summary), "{again:?}");
    let status = project.status("r");
    assert_eq!(
        (&status["total"], &status["remaining"]),
        (&3.into(), &0.into())
    );
    let log = project.read("r/research.log");
    assert!(log.contains(": 1 worker, 1 experiment\n"), "{log}");
}

#[test]
fn changed_updates_are_refused_unless_allowed() {
    let file = format!(
        "{}[[update]]\nwhen = \"last\"\nrun = \"./next.sh\"\nn_configs = 2\n",
        FILE.replace(", 3]", "]")
    );
    let project = project(&file);
    project.script(
        "next.sh",
        "[ ! -e more ] || { rm more; echo 'a=[4, 5, 6]'; }",
    );
    project.script("other.sh", "./next.sh");
    project.run(&[]);
    runs(&project);
    project.write("more", "");
    let resume = |file: &str, flags: &[&str]| {
        project.write("changed.toml", file);
        project.research(&[&["resume", "r", "--file", "changed.toml"], flags].concat())
    };
    let program = file.replace("./next.sh", "./other.sh");
    let command = "`run` of [[update]] 1 was \"./next.sh\", now \"./other.sh\"";
    for (file, said) in [
        (&program, command),
        (
            &file.replace("n_configs = 2", "n_configs = 3"),
            "`n_configs` of [[update]] 1 was 2, now 3",
        ),
        (
            &file.replace("\"last\"", "2"),
            "`when` of [[update]] 1 was [\"last\"], now [\"2\"]",
        ),
    ] {
        let refused = resume(file, &[]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(said), "{said} in {refused:?}");
    }
    assert!(!project.path("runs").exists());
    let allowed = resume(&program, &["--allow-changes"]);
    assert_eq!(allowed.code, Some(0), "{allowed:?}");
    assert_eq!(runs(&project), ["4", "4", "5", "5"]);
}

#[test]
fn another_build_of_the_program_is_reported() {
    let project = project(FILE);
    project.research(&["run", "research.toml"]);
    let record = project.read("r/research.json");
    let (before, rest) = record.split_once("\"build\": \"").unwrap();
    project.write("r/research.json", &format!("{before}\"build\": \"1{rest}"));
    let done = project.research(&["resume", "r", "--failed"]);
    assert!(done.stderr.contains("another build"), "{done:?}");
}

/// A file with parts that can be written in several ways.
const WAYS: &str = r#"
name = "r"
seed = 5
[domain]
a = [1, 2]
where = "a > 0"
[[unit]]
name = "u"
run = "./u.sh {a} {seed} 'b c'"
save_output_dict = true
when = [2, "last"]
[[unit]]
name = "s"
shell = true
run = "echo {a} | cat"
output = "number"
save_to = "s"
[[update]]
run = "true {results} x"
when = [5, "last"]
"#;

#[test]
fn equivalent_files_are_not_changes() {
    let project = project(WAYS);
    project.write("mended", "");
    project.run(&[]);
    let same = |what: &str, name: &str, text: &str| {
        project.write(name, text);
        let done = project.research(&["resume", "r", "--file", name]);
        assert_eq!(done.code, Some(0), "{what}: {done:?}");
    };
    let changed = |from: &str, to: &str| {
        assert!(WAYS.contains(from), "{from}");
        WAYS.replace(from, to)
    };
    same("ends of lines", "crlf.toml", &WAYS.replace('\n', "\r\n"));
    same("a byte order mark", "bom.toml", &format!("\u{feff}{WAYS}"));
    for (what, from, to) in [
        ("blanks", "u.sh {a} ", "u.sh   {a}\t"),
        ("quotes", "'b c'", r"b\\ c"),
        (
            "words",
            r#""./u.sh {a} {seed} 'b c'""#,
            r#"["./u.sh", "{a}", "{seed}", "b c"]"#,
        ),
        ("blanks for a shell", "{a} | cat", " {a}   |  cat "),
        ("blanks of an update", "true {results}", "true   {results}"),
        ("quotes of an update", "{results} x", "'{results}' x"),
        (
            "the order of rules",
            r#"when = [2, "last"]"#,
            r#"when = ["last", "2", 2]"#,
        ),
        ("rules of an update", r#"[5, "last"]"#, r#"["last", 5]"#),
        ("a condition", "\"a > 0\"", "[\"a>0\"]"),
        (
            "an expression",
            "[domain]\na = [1, 2]\nwhere = \"a > 0\"",
            "domain = \"(a=[1,2])  where a>0\"",
        ),
    ] {
        same(what, "same.toml", &changed(from, to));
    }
    let json = r#"{
        "update": [{"when": ["last", 5], "run": ["true", "{results}", "x"]}],
        "unit": [
            {"save_output_dict": true, "run": "./u.sh {a} {seed} \"b c\"",
             "when": ["last", 2], "name": "u"},
            {"save_to": "s", "output": "number", "shell": true,
             "run": "echo {a} | cat", "name": "s"}
        ],
        "domain": {"a": [1, 2], "where": "a > 0"}, "seed": 5, "name": "r"
    }"#;
    same("JSON", "same.json", json);
    let other_system = format!("\u{feff}{}", json.replace('\n', "\r\n"));
    same("JSON with a mark", "bom.json", &other_system);

    // A different meaning is a change.
    for (from, to) in [
        ("'b c'", "b c"),
        ("{a} | cat", "{a} | cat -u"),
        ("{results} x", "{results} y"),
        (r#"when = [2, "last"]"#, "when = 2"),
    ] {
        project.write("other.toml", &changed(from, to));
        let done = project.research(&["resume", "r", "--file", "other.toml"]);
        assert_eq!(done.code, Some(2), "{from}: {done:?}");
    }
}

#[test]
fn crlf_line_ends_do_not_change_commands() {
    let project = project(FILE);
    let file = r#"name = "r"
[[unit]]
name = "u"
output = "text"
save_to = "v"
run = """
printf
[%s]
a b
"""
[[unit]]
name = "s"
output = "text"
save_to = "s"
shell = true
run = """
x=1
printf '[%s]' "$x"
"""
"#;
    for (name, text) in [
        ("unix", file.to_owned()),
        ("other", file.replace('\n', "\r\n")),
    ] {
        project.write("research.toml", &text);
        project.run(&["--name", name]);
        assert_eq!(project.table(name), "iteration,v,s\n0,[a][b],[1]");
    }
}

#[test]
fn a_torn_end_of_a_complete_research_is_cut_off() {
    let project = Project::with("name = \"r\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\n");
    project.run(&[]);
    let log = project.path("r/events.log");
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, [&whole[..], &[7; 30]].concat()).unwrap();
    let preview = project.research(&["resume", "r", "--dry-run"]);
    assert_eq!(preview.code, Some(0), "{preview:?}");
    assert_eq!(std::fs::read(&log).unwrap().len(), whole.len() + 30);
    let done = project.research(&["resume", "r"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr.contains("the last 30 bytes of the event log"),
        "{done:?}"
    );
    assert!(done.stderr.contains("nothing to run"), "{done:?}");
    assert!(std::fs::read(&log).unwrap() == whole);
    let again = project.research(&["resume", "r"]);
    assert!(!again.stderr.contains("warning"), "{again:?}");
}
