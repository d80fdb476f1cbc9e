//! Values that programs read and write: nothing is lost on the way.

use std::process::Command;

use crate::place::Place;

/// What Python's `json` prints of a text that it has read.
fn python_reads(json: &str) -> String {
    let script = "import json, sys; print(json.loads(sys.argv[1]))";
    let output = Command::new("python3").args(["-c", script, json]).output();
    String::from_utf8(output.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

#[test]
fn numbers_that_json_lacks_are_the_same_everywhere() {
    let place = Place::with(
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
    place.run(&[]);
    let list = "[Infinity,NaN,-Infinity,1.0]";
    let config = format!("{{\"x\":{list},\"y\":NaN}}");
    let jsonl = place.results("r", &["--format", "jsonl"]);
    for column in ["env", "list", "next"] {
        let expected = match column {
            "env" => format!("\"env\":{config}"),
            _ => format!("\"{column}\":{list}"),
        };
        assert!(jsonl.contains(&expected), "{expected} is not in {jsonl}");
    }
    let json = place.results("r", &["--format", "json"]);
    assert_eq!(json, format!("[\n{}\n]\n", jsonl.trim_end()));
    for flags in [["--format", "jsonl"], ["--format", "json"]] {
        let domain = place.research(&[&["domain", "research.toml"][..], &flags].concat());
        assert!(domain.out.contains(&config), "{domain:?}");
    }
    let plan = place.research(&[
        "run",
        "research.toml",
        "--name",
        "other",
        "--dry-run",
        "--format",
        "json",
    ]);
    assert!(plan.out.contains(&config), "{plan:?}");

    let experiments = place.path("r/experiments");
    let folder = std::fs::read_dir(experiments).unwrap().next().unwrap();
    let stored = std::fs::read_to_string(folder.unwrap().path().join("config.json")).unwrap();
    let python = "{'x': [inf, nan, -inf, 1.0], 'y': nan}";
    assert!(
        python_reads(&stored).starts_with(&python[..python.len() - 1]),
        "{stored}"
    );
    assert_eq!(python_reads(&config), python);

    // What was written is read: in a research file, in a setting, in an expression.
    let unit = r#""unit": [{"name": "u", "run": "true"}]"#;
    place.write(
        "file.json",
        &format!("{{\"domain\": {{\"x\": [{list}]}}, {unit}}}"),
    );
    place.write(
        "file.toml",
        "[domain]\nx = [1]\n[[unit]]\nname = 'u'\nrun = 'true'",
    );
    let setting = format!("domain.x=[{list}]");
    for arguments in [
        &["domain", "file.json"][..],
        &["domain", &format!("x=[{list}]")],
    ] {
        let read = place.research(&[arguments, &["--format", "jsonl"]].concat());
        assert_eq!(read.out, format!("{{\"x\":{list}}}\n"), "{read:?}");
    }
    let read = place.research(&[
        "run",
        "file.toml",
        "--dry-run",
        "--format",
        "json",
        "--set",
        &setting,
    ]);
    assert!(
        read.out.contains(&format!("\"config\":{{\"x\":{list}}}")),
        "{read:?}"
    );
    // A mistake has its place all the same.
    place.write("wrong.json", "{\"domain\": {\"x\": [NaN, oops]}}");
    let wrong = place.research(&["domain", "wrong.json"]);
    assert!(wrong.err.contains("wrong.json:1:24"), "{wrong:?}");
}

#[test]
fn no_digit_of_an_integer_is_lost() {
    let place = Place::with(
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
    place.run(&[]);
    let line = place.results("r", &["--format", "jsonl"]);
    assert!(line.contains("\"big\":18446744073709551615,"), "{line}");
    assert!(line.contains("\"next\":\"18446744073709551615\""), "{line}");

    for output in ["json", "number"] {
        place.write(
            "research.toml",
            &format!(
                "[[unit]]\nname = 'u'\nrun = 'echo 18446744073709551616'\noutput = '{output}'"
            ),
        );
        let done = place.research(&["run", "research.toml", "--name", output]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(
            done.err.contains("18446744073709551616 does not fit"),
            "{done:?}"
        );
    }
}

#[test]
fn a_metrics_file_that_was_cut_off_fails_with_its_place() {
    for save in [
        "save_to = 'm'",
        "save_output_dict = true",
        "save_to = ['a', 'b']",
    ] {
        for file in ["m.json", "m.txt"] {
            let place = Place::with(&format!(
                "name = 'r'\n[[unit]]\nname = 'u'\nshell = true\n\
                 run = 'printf \"{{{{\\\"a\\\": 1,\\n\" > \"$RESEARCH_PATH/{file}\"'\n\
                 output = {{ file = '{file}' }}\n{save}"
            ));
            let done = place.research(&["run", "research.toml"]);
            if file == "m.txt" && save.contains("'m'") {
                // It promises nothing, and is text.
                assert_eq!(done.code, Some(0), "{done:?}");
                continue;
            }
            assert_eq!(done.code, Some(1), "{save}, {file}: {done:?}");
            for part in [file, "is not valid JSON: line 2, column "] {
                assert!(done.err.contains(part), "{save}, {file}: {done:?}");
            }
        }
    }
}

#[test]
fn groups_of_a_regular_expression_are_saved_by_names() {
    let place = Place::new();
    let run = |name: &str, unit: &str| {
        place.write(
            "research.toml",
            &format!("[[unit]]\nname = 'u'\nrun = 'echo loss=0.5 no=007'\n{unit}"),
        );
        place.research(&["run", "research.toml", "--name", name])
    };
    let saved = |name: &str| {
        let line = place.results(name, &["--format", "jsonl"]);
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
        assert!(done.err.contains(part), "{unit}: {done:?}");
    }
}
