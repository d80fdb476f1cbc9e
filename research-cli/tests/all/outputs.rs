//! Outputs of programs, placeholders of commands, and the environment.

use std::path::Path;

use crate::support::Project;

/// The saved values of one experiment, as JSON.
fn saved(project: &Project, name: &str, unit: &str) -> serde_json::Value {
    project.write(
        "research.toml",
        &format!("domain = 'a=[1]'\n[[unit]]\nname = \"u\"\n{unit}"),
    );
    project.run(&["--name", name]);
    let json = project.results(name, &["--format", "jsonl"]);
    serde_json::from_str(&json).unwrap()
}

#[test]
fn each_kind_of_output_is_read() {
    let project = Project::new();
    project.script(
        "out.sh",
        "echo 'loss=3.5 x'\necho 'loss=0.25 y'\n\
         echo '{\"k\": [1, 2.5, null]}' > \"$RESEARCH_PATH/m.json\"\necho \"$@\"",
    );
    let cases = [
        (
            "json",
            "run = [\"./out.sh\", '{{\"k\": true}}']\nsave_to = \"v\"",
            "{\"k\": true}",
        ),
        ("default", "run = \"./out.sh 12\"\nsave_to = \"v\"", "12"),
        (
            "text",
            "run = \"./out.sh a b\"\noutput = \"text\"\nsave_to = \"v\"",
            "\"loss=3.5 x\\nloss=0.25 y\\na b\"",
        ),
        (
            "number",
            "run = \"./out.sh 1e3\"\noutput = \"number\"\nsave_to = \"v\"",
            "1000.0",
        ),
        (
            "regex",
            "run = \"./out.sh\"\noutput = { regex = 'loss=(\\S+)' }\nsave_to = \"v\"",
            "0.25",
        ),
        (
            "file",
            "run = \"./out.sh\"\noutput = { file = \"m.json\" }\nsave_to = \"v\"",
            "{\"k\": [1, 2.5, null]}",
        ),
        (
            "shell",
            "run = \"./out.sh 1 | tail -n 1 | sed s/1/{a}2/\"\nshell = true\nsave_to = \"v\"",
            "12",
        ),
    ];
    for (name, unit, expected) in cases {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(saved(&project, name, unit)["v"], expected, "{name}");
    }
}

/// The program prints the output of a training script.
#[test]
fn lines_of_a_generator_that_do_not_match_are_skipped() {
    let project = Project::with(
        r#"
        name = "g"
        [[unit]]
        name = "matching"
        mode = "generator"
        run = "printf 'loading\nloss=3 x\n\nnothing\nloss=2.5\nbye\n'"
        output = { regex = 'loss=(\S+)' }
        save_to = "loss"
        [[unit]]
        name = "json"
        mode = "generator"
        run = "printf '1\n\n2\n3\n'"
        save_to = "n"
        "#,
    );
    project.run(&[]);
    assert_eq!(project.table("g"), "iteration,loss,n\n0,3,1\n1,2.5,2\n2,,3");
}

#[test]
fn a_list_is_saved_under_several_names() {
    let project = Project::new();
    let json = saved(
        &project,
        "l",
        "run = [\"echo\", '[1, 2, 3]']\nsave_to = [\"x\", \"\", \"z\"]",
    );
    assert_eq!((&json["x"], &json["z"]), (&1.into(), &3.into()));
    assert_eq!(json.as_object().unwrap().len(), 5, "{json}");
}

#[test]
fn placeholders_are_replaced_by_values() {
    let project = Project::new();
    let json = saved(
        &project,
        "n",
        "run = 'echo {{{id}}} {path} {iteration} {repetition} {seed} {a}'\n\
         output = \"text\"\nsave_to = \"v\"",
    );
    let words: Vec<&str> = json["v"].as_str().unwrap().split(' ').collect();
    let id = json["id"].as_str().unwrap();
    assert_eq!(words[0], format!("{{{id}}}"));
    assert!(
        Path::new(words[1]).ends_with(format!("n/experiments/{id}")),
        "{words:?}"
    );
    assert!(Path::new(words[1]).is_absolute());
    assert_eq!((words[2], words[3], words[5]), ("0", "0", "1"));
    assert!(words[4].parse::<u64>().is_ok(), "{words:?}");
}

#[test]
fn values_never_reach_a_shell() {
    let project = Project::with(
        r#"
        name = "v"
        [domain]
        a = ["$(touch hurt)", "two words", "'; touch hurt; '", "{a}", ""]
        [[unit]]
        name = "plain"
        run = "printf '[%s]' {a} --x={a}"
        output = "text"
        save_to = "plain"
        [[unit]]
        name = "shell"
        run = "printf '[%s]' {a} | cat"
        shell = true
        output = "text"
        save_to = "shell"
        "#,
    );
    project.run(&[]);
    for line in project.results("v", &["--format", "jsonl"]).lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let a = row["a"].as_str().unwrap();
        assert_eq!(row["plain"], format!("[{a}][--x={a}]"));
        assert_eq!(row["shell"], format!("[{a}]"));
    }
    assert!(!project.path("hurt").exists());
}

/// One command fits a domain whose configs have different parameters.
#[test]
fn flags_and_settings_follow_the_config() {
    let project = Project::with(
        r#"
        name = "flags"
        seed = 1
        domain = "model=['svm'] * C=[-0.5] * fast=[true, false] + model=['-x'] * n_layers=[[8, 16]]"
        [[unit]]
        name = "plain"
        run = ["./show.sh", "{flags*}", "--c={C?}", "{n_layers*?}"]
        cwd = "programs"
        env = { MODEL = "{model}", OMP_NUM_THREADS = 2 }
        stdin = "{model}"
        output = { json = "lines", skip_others = true }
        save_output_dict = true
        [[unit]]
        name = "shell"
        run = "printf '[%s]' a {flags} | cat"
        shell = true
        output = "text"
        save_to = "shell"
        "#,
    );
    std::fs::create_dir(project.path("programs")).unwrap();
    project.script(
        "programs/show.sh",
        "echo '[INFO] begins'\n\
         printf '{\"words\": \"%s\", ' \"$(printf '<%s>' \"$@\")\"\n\
         printf '\"env\": \"%s\", ' \"$MODEL $OMP_NUM_THREADS\"\n\
         printf '\"input\": \"%s\"}\\n' \"$(cat)\"\n\
         echo '{not JSON}'",
    );
    project.run(&[]);
    let rows: Vec<serde_json::Value> = project
        .results("flags", &["--format", "jsonl"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let column =
        |name: &str| -> Vec<&str> { rows.iter().map(|row| row[name].as_str().unwrap()).collect() };
    assert_eq!(
        column("words"),
        [
            "<--model=svm><--C=-0.5><--fast><--c=-0.5>",
            "<--model=svm><--C=-0.5><--c=-0.5>",
            "<--model=-x><--n-layers><8><16><8><16>",
        ]
    );
    assert_eq!(
        column("shell"),
        [
            "[a][--model=svm][--C=-0.5][--fast]",
            "[a][--model=svm][--C=-0.5]",
            "[a][--model=-x][--n-layers=[8,16]]",
        ]
    );
    assert_eq!(column("env"), ["svm 2", "svm 2", "-x 2"]);
    assert_eq!(column("input"), ["svm", "svm", "-x"]);
}

#[test]
fn the_environment_describes_the_experiment() {
    let project = Project::new();
    project.script(
        "env.sh",
        "printf '[\"%s\", \"%s\", \"%s\", %s, %s]\\n' $RESEARCH_ID $RESEARCH_PATH $RESEARCH_SEED \
         \\\n\
         $RESEARCH_ITERATION \"$RESEARCH_CONFIG\"",
    );
    let json = saved(
        &project,
        "e",
        "run = \"./env.sh\"\nsave_to = [\"i\", \"p\", \"s\", \"n\", \"c\"]",
    );
    assert_eq!(json["i"], json["id"]);
    assert!(
        json["p"]
            .as_str()
            .unwrap()
            .ends_with(json["id"].as_str().unwrap())
    );
    assert!(json["s"].as_str().unwrap().parse::<u64>().is_ok(), "{json}");
    assert_eq!(json["n"], 0);
    assert_eq!(json["c"], serde_json::json!({"a": 1}));
}

/// The test tries each kind of output and each isolation.
#[test]
fn a_value_of_a_hundred_megabytes_is_stored_in_a_file() {
    let project = Project::new();
    let ways = [
        (
            "json",
            "printf '\"'; head -c 100000000 /dev/zero | tr '\\0' x; echo '\"'",
            "\"json\"",
        ),
        (
            "text",
            "head -c 100000000 /dev/zero | tr '\\0' x",
            "\"text\"",
        ),
        (
            "file",
            "head -c 100000000 /dev/zero | tr '\\0' x > \"$RESEARCH_PATH/m\"",
            "{ file = \"m\" }",
        ),
    ];
    for (name, script, output) in ways {
        project.script("large.sh", script);
        let unit = format!("run = \"./large.sh\"\noutput = {output}\nsave_to = \"v\"");
        let json = saved(&project, name, &unit);
        let value = &json["v"];
        assert_eq!(value["bytes"], 100_000_000, "{name}: {json}");
        let file = project.path(name).join(value["file"].as_str().unwrap());
        let text = std::fs::read(&file).unwrap();
        assert_eq!(text.len(), 100_000_000, "{name}");
        assert!(text.iter().all(|byte| *byte == b'x'), "{name}");
        std::fs::remove_dir_all(project.path(name)).unwrap();
    }
}

#[test]
fn a_missing_output_that_is_saved_is_an_error() {
    let unit = |name: &str, settings: &str| {
        format!("[[unit]]\nname = \"{name}\"\nrun = \"true\"\n{settings}\n")
    };
    let project = Project::with(&format!("name = \"n\"\n{}", unit("u", "save_to = \"v\"")));
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("no output"), "{done:?}");
    let null = unit("u", "save_to = \"v\"").replace("\"true\"", "\"echo null\"");
    project.write("research.toml", &(unit("quiet", "") + &null));
    project.run(&["--name=null"]);
    assert_eq!(project.table("null"), "iteration,v\n0,");
}

#[test]
fn large_values_are_printed_on_request() {
    let project = Project::new();
    project.script(
        "numbers.sh",
        "printf '[0'; seq -f ',%g' 1 199999 | tr -d '\\n'; echo ']'",
    );
    let unit = "run = \"./numbers.sh\"\nsave_to = \"v\"\n[[unit]]\nname = \"w\"\n\
        run = \"echo 1\"\nsave_to = \"w\"";
    let json = saved(&project, "l", unit);
    let file = json["v"]["file"].as_str().unwrap().to_owned();
    let whole = ["--whole", "--format", "jsonl"];
    let json: serde_json::Value = serde_json::from_str(&project.results("l", &whole)).unwrap();
    let numbers = json["v"].as_array().unwrap();
    assert_eq!(numbers.len(), 200_000);
    assert!((0..).zip(numbers).all(|(n, number)| *number == n));
    assert_eq!(json["w"], 1);

    // Values of other experiments are not read.
    std::fs::write(project.path("l").join(&file), "something else").unwrap();
    let damaged = project.research(&["results", "l", "--whole"]);
    assert_eq!(
        (damaged.code, &*damaged.stdout),
        (Some(3), ""),
        "{damaged:?}"
    );
    assert!(damaged.stderr.contains(&file), "{damaged:?}");
    project.results("l", &["--whole", "--var", "w"]);
}
