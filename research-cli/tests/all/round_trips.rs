//! Values round-trip through programs and files.

use std::process::Command;

use crate::support::Project;

/// The output of Python's `json` for a JSON string.
fn python_reads(json: &str) -> String {
    let script = "import json, sys; print(json.loads(sys.argv[1]))";
    let output = Command::new("python3").args(["-c", script, json]).output();
    String::from_utf8(output.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

#[test]
fn non_finite_numbers_round_trip_everywhere() {
    let project = Project::with(
        r#"
        name = "r"
        [domain]
        x = [[inf, nan, -inf, 1.0]]
        y = [nan]
        [[unit]]
        name = "env"
        run = ["printenv", "RESEARCH_CONFIG"]
        save_to = "env"
        [[unit]]
        name = "list"
        run = ["echo", "{x}"]
        save_to = "list"
        [[unit]]
        name = "next"
        run = ["echo", "{list}"]
        save_to = "next"
        [[unit]]
        name = "folder"
        run = ["touch", "{path}/file"]
        "#,
    );
    project.run(&[]);
    let list = "[Infinity,NaN,-Infinity,1.0]";
    let config = format!("{{\"x\":{list},\"y\":NaN}}");
    let jsonl = project.results("r", &["--format", "jsonl"]);
    for column in ["env", "list", "next"] {
        let expected = match column {
            "env" => format!("\"env\":{config}"),
            _ => format!("\"{column}\":{list}"),
        };
        assert!(jsonl.contains(&expected), "{expected} is not in {jsonl}");
    }
    let json = project.results("r", &["--format", "json"]);
    assert_eq!(json, format!("[\n{}\n]\n", jsonl.trim_end()));
    for flags in [["--format", "jsonl"], ["--format", "json"]] {
        let domain = project.research(&[&["domain", "research.toml"][..], &flags].concat());
        assert!(domain.stdout.contains(&config), "{domain:?}");
    }
    let plan = project.research(&[
        "run",
        "research.toml",
        "--name",
        "other",
        "--dry-run",
        "--format",
        "json",
    ]);
    assert!(plan.stdout.contains(&config), "{plan:?}");

    let experiments = project.path("r/experiments");
    let folder = std::fs::read_dir(experiments).unwrap().next().unwrap();
    let stored = std::fs::read_to_string(folder.unwrap().path().join("config.json")).unwrap();
    let python = "{'x': [inf, nan, -inf, 1.0], 'y': nan}";
    assert!(
        python_reads(&stored).starts_with(&python[..python.len() - 1]),
        "{stored}"
    );
    assert_eq!(python_reads(&config), python);

    // Printed values parse: in a research file, in a setting, in an expression.
    let unit = r#""unit": [{"name": "u", "run": "true"}]"#;
    project.write(
        "file.json",
        &format!("{{\"domain\": {{\"x\": [{list}]}}, {unit}}}"),
    );
    project.write(
        "file.toml",
        "[domain]\nx = [1]\n[[unit]]\nname = 'u'\nrun = 'true'",
    );
    let setting = format!("domain.x=[{list}]");
    for arguments in [
        &["domain", "file.json"][..],
        &["domain", &format!("x=[{list}]")],
    ] {
        let read = project.research(&[arguments, &["--format", "jsonl"]].concat());
        assert_eq!(read.stdout, format!("{{\"x\":{list}}}\n"), "{read:?}");
    }
    let read = project.research(&[
        "run",
        "file.toml",
        "--dry-run",
        "--format",
        "json",
        "--set",
        &setting,
    ]);
    assert!(
        read.stdout
            .contains(&format!("\"config\":{{\"x\":{list}}}")),
        "{read:?}"
    );
    // Errors have their location.
    project.write("wrong.json", "{\"domain\": {\"x\": [NaN, oops]}}");
    let wrong = project.research(&["domain", "wrong.json"]);
    assert!(wrong.stderr.contains("wrong.json:1:24"), "{wrong:?}");
}

/// The nearest float to each of these differs from the one that a fast parser finds.
#[test]
fn floats_are_exact() {
    let floats = [
        "-3.380574980092469e261",
        "1.2345678901234567e-200",
        "9007199254740993.5",
    ];
    for float in floats {
        let project = Project::with(&format!(
            "name = 'r'\n[[unit]]\nname = 'u'\nrun = 'echo {float}'\nsave_to = 'v'\n"
        ));
        project.run(&[]);
        let table = project.results("r", &["--format", "csv"]);
        let found = table.trim_end().rsplit(',').next().unwrap();
        let bits = |text: &str| text.parse::<f64>().unwrap().to_bits();
        assert_eq!(bits(found), bits(float), "{float}: {table}");
    }
}

#[test]
fn integers_are_exact() {
    let project = Project::with(
        r#"
        name = "r"
        [[unit]]
        name = "big"
        run = ["echo", '18446744073709551615']
        save_to = "big"
        [[unit]]
        name = "next"
        run = ["echo", "{big}"]
        output = "text"
        save_to = "next"
        "#,
    );
    project.run(&[]);
    let line = project.results("r", &["--format", "jsonl"]);
    assert!(line.contains("\"big\":18446744073709551615,"), "{line}");
    assert!(line.contains("\"next\":\"18446744073709551615\""), "{line}");

    for output in ["json", "number"] {
        project.write(
            "research.toml",
            &format!(
                "[[unit]]\nname = 'u'\nrun = 'echo 18446744073709551616'\noutput = '{output}'"
            ),
        );
        let done = project.research(&["run", "research.toml", "--name", output]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(
            done.stderr.contains("18446744073709551616 does not fit"),
            "{done:?}"
        );
    }
}

#[test]
fn a_truncated_metrics_file_fails_with_its_location() {
    for save in [
        "save_to = 'm'",
        "save_output_dict = true",
        "save_to = ['a', 'b']",
    ] {
        for file in ["m.json", "m.txt"] {
            let project = Project::with(&format!(
                "name = 'r'\n[[unit]]\nname = 'u'\nshell = true\n\
                 run = 'printf \"{{{{\\\"a\\\": 1,\\n\" > \"$RESEARCH_PATH/{file}\"'\n\
                 output = {{ file = '{file}' }}\n{save}"
            ));
            let done = project.research(&["run", "research.toml"]);
            if file == "m.txt" && save.contains("'m'") {
                // The output has no declared type, so it is a string.
                assert_eq!(done.code, Some(0), "{done:?}");
                continue;
            }
            assert_eq!(done.code, Some(1), "{save}, {file}: {done:?}");
            for part in [file, "is not valid JSON: line 2, column "] {
                assert!(done.stderr.contains(part), "{save}, {file}: {done:?}");
            }
        }
    }
}

#[test]
fn named_groups_of_a_regex_are_saved_by_name() {
    let project = Project::new();
    let run = |name: &str, unit: &str| {
        project.write(
            "research.toml",
            &format!("[[unit]]\nname = 'u'\nrun = 'echo loss=0.5 no=007'\n{unit}"),
        );
        project.research(&["run", "research.toml", "--name", name])
    };
    let saved = |name: &str| {
        let line = project.results(name, &["--format", "jsonl"]);
        let end = line.find("\"iteration\":0,").unwrap();
        line[end + "\"iteration\":0,".len()..].trim_end().to_owned()
    };
    for (name, unit, expected) in [
        (
            "dict",
            r"output = { regex = 'loss=(?<loss>\S+) no=(?<no>\S+)' }
            save_output_dict = true",
            "\"loss\":0.5,\"no\":7}",
        ),
        (
            "one",
            r"output = { regex = 'no=(?<no>\S+)', type = 'text' }
            save_output_dict = true",
            "\"no\":\"007\"}",
        ),
        (
            "list",
            r"output = { regex = 'loss=(\S+) no=(\S+)' }
            save_to = ['loss', 'no']",
            "\"loss\":0.5,\"no\":7}",
        ),
        (
            "map",
            r"output = { regex = 'loss=(?<loss>\S+) no=(?<no>\S+)', type = 'text' }
            save_to = 'm'",
            "\"m\":{\"loss\":\"0.5\",\"no\":\"007\"}}",
        ),
        (
            "first",
            r"output = { regex = 'loss=(\S+) no=(\S+)' }
            save_to = 'm'",
            "\"m\":0.5}",
        ),
    ] {
        let done = run(name, unit);
        assert_eq!(done.code, Some(0), "{unit}: {done:?}");
        assert_eq!(saved(name), expected, "{unit}");
    }
    for (unit, part) in [
        (
            r"output = { regex = 'loss=(\S+)' }
            save_to = ['loss', 'no']",
            "`save_to` has 2 names, but the regular expression has 1 groups",
        ),
        (
            r"output = { regex = 'loss=(\S+)' }
            save_output_dict = true",
            "have no names",
        ),
        (
            "output = 'number'\nsave_to = ['a', 'b']",
            "is a single value",
        ),
        (
            "output = 'text'\nsave_output_dict = true",
            "is a single value",
        ),
        (
            "output = { file = 'x', groups = 'all' }",
            "expected no `groups` without `regex`",
        ),
        (
            "output = { regex = 'x', type = 'json' }",
            "unknown value `json` of `type`",
        ),
    ] {
        let done = run("wrong", unit);
        assert_eq!(done.code, Some(2), "{unit}: {done:?}");
        assert!(done.stderr.contains(part), "{unit}: {done:?}");
    }
}
