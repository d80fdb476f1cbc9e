//! Programs that run once per call.

use research_core::FailureKind;
use research_core::domain::{Config, Value};
use research_exec::program::{OutputSpec, Run};

use super::{assert_error, call, command, context, folder, plain, script_of_sh, sh, words};

fn regex(pattern: &str) -> OutputSpec {
    OutputSpec::regex(pattern)
}

fn file(path: &str) -> OutputSpec {
    OutputSpec::file(path)
}

#[test]
fn json_is_the_last_line_that_is_not_blank() {
    let script = r#"echo noise; echo '{"loss": 0.5, "steps": [1, 2]}'; echo; echo "  ""#;
    let value = sh(script, OutputSpec::Json).unwrap();
    assert_eq!(value.to_string(), r#"{"loss": 0.5, "steps": [1, 2]}"#);
    assert_eq!(
        sh("printf '1\n2'", OutputSpec::Json).unwrap(),
        Value::Int(2)
    );
    let unended = sh(r#"printf '"a\n'; printf '"b"'"#, OutputSpec::Json).unwrap();
    assert_eq!(unended, Value::from("b"));
}

#[test]
fn a_progress_bar_does_not_hide_what_comes_after_it() {
    let bar = |last: &str| format!(r"printf '10%%\r 50%%\r100%%\r{last}\r\n'");
    let value = sh(&bar(r#"{"loss": 1}"#), OutputSpec::Json).unwrap();
    assert_eq!(value.to_string(), r#"{"loss": 1}"#);
    assert_eq!(sh(&bar("7"), OutputSpec::Number).unwrap(), Value::Int(7));
    assert_error(
        sh(&bar("done"), OutputSpec::Json),
        &["not valid JSON", "`done`"],
    );
    assert_error(
        sh(&bar("done"), OutputSpec::Number),
        &["not a number: `done`"],
    );
}

#[test]
fn json_of_a_diverged_model_is_read() {
    let value = sh(
        r#"echo '{"loss": NaN, "best": -Infinity}'"#,
        OutputSpec::Json,
    )
    .unwrap();
    assert_eq!(value.to_string(), r#"{"loss": NaN, "best": -inf}"#);
}

#[test]
fn a_program_that_prints_nothing_puts_out_null() {
    assert_eq!(sh("true", OutputSpec::Json).unwrap(), Value::Null);
    assert_eq!(sh("echo; echo", OutputSpec::Json).unwrap(), Value::Null);
    assert_eq!(sh("true", OutputSpec::Text).unwrap(), Value::from(""));
}

#[test]
fn bad_json_is_quoted() {
    let error = assert_error(
        sh(
            "echo about to fail >&2; echo it went well",
            OutputSpec::Json,
        ),
        &["not valid JSON", "`it went well`", "set `output` (`sh`)"],
    );
    assert_eq!(error.kind(), FailureKind::Error);
    assert_eq!(error.backtrace(), Some("about to fail"));
    let long = assert_error(
        sh("printf 'x%10000s' y; printf '\\033[31m'", OutputSpec::Json),
        &["…`"],
    );
    assert!(long.message().len() < 500, "{}", long.message().len());
    assert!(!long.message().contains('\u{1b}'));
}

#[test]
fn text_is_all_of_it() {
    let value = sh("printf 'a\n b \n\n'", OutputSpec::Text).unwrap();
    assert_eq!(value, Value::from("a\n b \n"));
    let value = sh("printf 'gr\\303\\274n\\377'", OutputSpec::Text).unwrap();
    assert_eq!(value, Value::from("grün\u{fffd}"));
}

#[test]
fn numbers() {
    let number = |script| sh(script, OutputSpec::Number);
    assert_eq!(
        number("echo loss; echo ' 42 '; echo").unwrap(),
        Value::Int(42)
    );
    assert_eq!(number("echo -1.5e-3").unwrap(), Value::Float(-0.0015));
    assert_eq!(number("echo inf").unwrap(), Value::Float(f64::INFINITY));
    for output in [OutputSpec::Number, OutputSpec::Json] {
        for integer in ["-9223372036854775808", "18446744073709551615"] {
            let value = sh(&format!("echo {integer}"), output.clone()).unwrap();
            assert_eq!(value.to_string(), integer, "all digits are kept");
        }
        for integer in ["-9223372036854775809", "18446744073709551616"] {
            let error = sh(&format!("echo {integer}"), output.clone());
            assert_error(error, &[integer, "does not fit into 64 bits"]);
        }
    }
    for float in ["1e400", "-1e400", ".1e999"] {
        let error = sh(&format!("echo {float}"), OutputSpec::Number);
        assert_error(error, &[float, "beyond the largest float"]);
    }
    assert_eq!(number("echo 1e-400").unwrap(), Value::Float(0.0));
    assert_error(number("echo 1 2"), &["not a number", "`1 2`"]);
    assert_error(number("true"), &["no output"]);
}

#[test]
fn regular_expressions_take_the_last_match() {
    let script = "echo 'loss=0.9 loss=0.7'; echo 'loss=0.5 loss=low'; echo done";
    assert_eq!(
        sh(script, regex(r"loss=(\S+)")).unwrap(),
        Value::from("low")
    );
    assert_eq!(
        sh(script, regex(r"loss=([\d.]+)")).unwrap(),
        Value::Float(0.5)
    );
    assert_eq!(
        sh(script, regex(r"(?i)LOSS=0\.\d")).unwrap(),
        Value::from("loss=0.5")
    );
    assert_eq!(sh("echo x", regex("x(y)?")).unwrap(), Value::from("x"));
    assert_error(sh(script, regex("accuracy")), &["no line", "`accuracy`"]);
    // The only match is far from the end.
    let far = sh("echo loss=3; seq 200000", regex(r"loss=(\d)")).unwrap();
    assert_eq!(far, Value::Int(3));
}

#[test]
fn an_exit_code_is_an_error_with_the_last_lines() {
    let error = assert_error(
        sh(
            "seq 100 >&2; printf 'bar 1%%\\rbar 2%%\\n' >&2; exit 3",
            OutputSpec::Json,
        ),
        &["bar 2% (exit code 3 of `sh`)"],
    );
    assert_eq!(error.kind(), FailureKind::Error);
    let lines: Vec<&str> = error.backtrace().unwrap().lines().collect();
    assert_eq!(lines.len(), 20);
    assert_eq!(lines[0], "82");
    assert_eq!(lines[19], "bar 2%");
    // Many programs print their errors on standard output.
    let error = sh("echo cannot; exit 1", OutputSpec::Json).unwrap_err();
    assert_eq!(error.backtrace(), Some("cannot"));
    let error = sh("exit 1", OutputSpec::Json).unwrap_err();
    assert_eq!(error.backtrace(), None);
}

#[test]
fn a_signal_is_a_kill() {
    let error = assert_error(
        sh("echo last words >&2; kill -9 $$", OutputSpec::Json),
        &["killed by signal 9 (SIGKILL): `sh`"],
    );
    assert_eq!(error.kind(), FailureKind::Killed);
    assert_eq!(error.backtrace(), Some("last words"));
    assert_error(
        sh("kill -64 $$", OutputSpec::Json),
        &["killed by signal 64"],
    );
    // Rust programs ignore SIGPIPE; the programs that they start must not inherit this.
    assert_error(sh("kill -PIPE $$", OutputSpec::Json), &["SIGPIPE"]);
}

#[test]
fn a_program_that_cannot_start_says_why() {
    let run = |program: &str| call(words(&[program], OutputSpec::Json), &mut plain());
    assert_error(
        run("no-such-program"),
        &["`no-such-program`", "not found in PATH (/"],
    );
    assert_error(run("./no-such-program"), &["does not exist"]);
    assert_error(run("/dev/null/x"), &["does not exist"]);

    let folder = folder();
    let script = folder.path().join("script");
    std::fs::write(&script, "echo 1").unwrap();
    assert_error(
        run(script.to_str().unwrap()),
        &["it is not executable", "chmod +x"],
    );
    assert_error(run(folder.path().to_str().unwrap()), &["it is a directory"]);

    let mut cx = context(Config::new().with("x", "a\0b"), None);
    let zero = words(&["echo", "{x}"], OutputSpec::Json);
    assert_error(call(zero, &mut cx), &["zero byte"]);
    let mut cx = context(Config::new().with("x", "y".repeat(1 << 20)), None);
    let long = words(&["echo", "{x}"], OutputSpec::Json);
    assert_error(call(long, &mut cx), &["longer than the system allows"]);
    let mut cx = context(Config::new().with("x", ""), None);
    assert_error(
        call(words(&["{x}"], OutputSpec::Json), &mut cx),
        &["its name is empty"],
    );
}

#[test]
fn values_stay_one_argument() {
    let nasty = "a b'c\"d $HOME `ls` \\ * ; é→ \n #";
    let config = || Config::new().with("x", nasty);
    let check = |run: Run, shell: bool| {
        let command = command(run, shell, OutputSpec::Text);
        let mut cx = context(config(), None);
        let value = call(command, &mut cx).unwrap();
        assert_eq!(value, Value::Text(format!("[--x={nasty}][end it]\n")));
    };
    let script = r#"for a; do printf '[%s]' "$a"; done; echo; echo"#;
    let list = ["sh", "-c", script, "sh", "--x={x}", "end it"].map(str::to_owned);
    check(Run::List(list.to_vec()), false);
    let line = format!(
        "sh -c '{}' sh --x={{x}} 'end it'",
        script.replace('\'', r"'\''")
    );
    check(Run::Line(line), false);
    let line = r#"for a in --x={x} 'end it'; do printf '[%s]' "$a"; done; echo; echo"#;
    check(Run::Line(line.to_owned()), true);
}

#[test]
fn a_builtin_of_the_shell_is_not_chosen_by_a_value() {
    let run = |name: &str| {
        let config = Config::new().with("x", name);
        let line = Run::Line("{x} 'a b'".to_owned());
        call(
            command(line, true, OutputSpec::Text),
            &mut context(config, None),
        )
    };
    assert_eq!(run("echo").unwrap(), Value::from("a b"));
    assert_error(run("eval"), &["`{x}`", "`eval`", "evaluates its arguments"]);
}

#[test]
fn only_a_shell_does_what_a_shell_does() {
    let run = |shell| {
        let command = command(
            Run::Line("echo a | wc -l".to_owned()),
            shell,
            OutputSpec::Text,
        );
        call(command, &mut plain()).unwrap()
    };
    assert_eq!(run(false), Value::from("a | wc -l"));
    assert_eq!(run(true).as_str().map(str::trim), Some("1"));
    let failing = command(Run::Line("exit 4".to_owned()), true, OutputSpec::Text);
    assert_error(call(failing, &mut plain()), &["exit code 4 of `sh`"]);
}

#[test]
fn the_environment_tells_what_runs() {
    let folder = folder();
    let config = Config::new().with("lr", 0.1).with("name", "ü\"");
    let script = r#"printf '%s|' "$RESEARCH_ID" "$RESEARCH_SEED" "$RESEARCH_ITERATION" \
        "$RESEARCH_CONFIG" "${RESEARCH_PATH-unset}" "${PATH:+path}"; cat; pwd"#;
    let here = std::env::current_dir().unwrap();
    let run = || script_of_sh(script, &[], OutputSpec::Text);
    let expected = |path: &str| {
        let config = r#"{"lr":0.1,"name":"ü\""}"#;
        let seed = u32::MAX;
        let here = here.display();
        Value::Text(format!(
            "0f3a9c1e00000042|{seed}|5|{config}|{path}|path|{here}"
        ))
    };

    let mut cx = context(config.clone(), Some(folder.path()));
    cx.set_iteration(5);
    let path = folder.path().join("0f3a9c1e00000042");
    assert_eq!(
        call(run(), &mut cx).unwrap(),
        expected(path.to_str().unwrap())
    );

    let mut cx = context(config, None);
    cx.set_iteration(5);
    assert_eq!(call(run(), &mut cx).unwrap(), expected("unset"));
}

#[test]
fn limits_are_errors() {
    let long = r#"head -c 3000000 /dev/zero | tr '\0' x > "${RESEARCH_PATH-.}/f"
        cat "${RESEARCH_PATH-.}/f""#;
    let folder = folder();
    let run = |output, limit| {
        let command = script_of_sh(long, &[], output).output_limit(limit);
        call(command, &mut context(Config::new(), Some(folder.path())))
    };
    for output in [OutputSpec::Json, OutputSpec::Number] {
        let error = run(output, 2 << 20);
        assert_error(
            error,
            &["a line", "longer than 2 MiB", "let it write a file"],
        );
    }
    let error = run(OutputSpec::Text, 2 << 20);
    assert_error(
        error,
        &["its output", "longer than 2 MiB", "let it write a file"],
    );
    let error = run(file("f"), 2 << 20);
    assert_error(error, &["/f` is longer than 2 MiB", "print its name"]);
    for output in [OutputSpec::Text, file("f")] {
        let output = run(output, 3_000_000).unwrap();
        assert!(output == Value::Text("x".repeat(3_000_000)));
    }
}
