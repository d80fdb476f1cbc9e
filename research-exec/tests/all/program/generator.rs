//! Programs that yield items.

use research_core::domain::Value;
use research_core::units::{Generator, GeneratorBody};
use research_core::{FailureKind, UnitError};
use research_exec::program::{OutputSpec, ProgramError, ProgramGenerator};

use super::{assert_error, folder, generate, plain, value, words};

fn next(generator: &mut Box<dyn Generator>) -> Result<Option<Value>, UnitError> {
    Ok(generator.next(&mut plain())?.map(value))
}

/// Returns all items up to the end or an error.
fn all(mut generator: Box<dyn Generator>) -> (Vec<Value>, Result<(), UnitError>) {
    let mut items = Vec::new();
    loop {
        match next(&mut generator) {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, Ok(())),
            Err(error) => return (items, Err(error)),
        }
    }
}

#[test]
fn every_line_is_an_item() {
    let (items, end) = all(generate(
        "for i in 1 2 3; do echo $i; done",
        OutputSpec::Json,
    ));
    assert_eq!(items, [1, 2, 3].map(Value::Int));
    end.unwrap();

    let (items, end) = all(generate("printf 'a\\n\\nb\\r\\nc'", OutputSpec::Text));
    assert_eq!(items, ["a", "", "b", "c"].map(Value::from));
    end.unwrap();

    let (items, end) = all(generate("printf '1\\n\\n2.5\\n'", OutputSpec::Number));
    assert_eq!(items, [Value::Int(1), Value::Float(2.5)]);
    end.unwrap();

    let regex = OutputSpec::regex(r"loss=(\S+)");
    let (items, end) = all(generate(
        "echo start; echo loss=1; echo x; echo loss=2",
        regex,
    ));
    assert_eq!(items, [1, 2].map(Value::Int));
    end.unwrap();

    let chatty = "echo '[INFO] starts'; echo 1; echo; echo '{a: 1}'; echo '[2, NaN]'; echo end";
    let (items, end) = all(generate(chatty, OutputSpec::JsonAmongOthers));
    let items: Vec<String> = items.iter().map(Value::to_string).collect();
    assert_eq!(items, ["1", "[2, NaN]"]);
    end.unwrap();
    // The number is valid JSON, but a value cannot hold all its digits.
    let large = "echo start; echo 18446744073709551616";
    let (items, end) = all(generate(large, OutputSpec::JsonAmongOthers));
    assert_eq!(items, []);
    assert_error(end, &["18446744073709551616 does not fit into 64 bits"]);
}

#[test]
fn many_lines_at_once_and_long_ones() {
    let (items, end) = all(generate("seq 100000", OutputSpec::Number));
    assert_eq!(items.len(), 100_000);
    assert_eq!(items[99_999], Value::Int(100_000));
    end.unwrap();
    let script = "printf '\"'; head -c 1000000 /dev/zero | tr '\\0' x; echo '\"'; echo 1";
    let (items, end) = all(generate(script, OutputSpec::Json));
    assert_eq!(items[0].as_str().map(str::len), Some(1_000_000));
    assert_eq!(items[1], Value::Int(1));
    end.unwrap();
}

#[test]
fn a_line_is_there_as_soon_as_it_is_printed() {
    let folder = folder();
    let pipe = folder.path().join("go");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // The script prints its second line only after the test has read the first.
    let script = format!("echo 1; read line < '{}'; echo $line", pipe.display());
    let mut items = generate(&script, OutputSpec::Json);
    assert_eq!(next(&mut items).unwrap(), Some(Value::Int(1)));
    std::fs::write(&pipe, "2\n").unwrap();
    assert_eq!(next(&mut items).unwrap(), Some(Value::Int(2)));
    assert_eq!(next(&mut items).unwrap(), None);
    assert_eq!(next(&mut items).unwrap(), None, "the end stays the end");
}

#[test]
fn errors_come_after_the_lines_before_them() {
    let (items, end) = all(generate(
        "echo 1; echo 2; echo oh no >&2; exit 7",
        OutputSpec::Json,
    ));
    assert_eq!(items, [1, 2].map(Value::Int));
    let error = assert_error(end, &["oh no (exit code 7 of `sh`)"]);
    assert_eq!(error.backtrace(), Some("oh no"));

    let (items, end) = all(generate("echo 1; kill -TERM $$", OutputSpec::Json));
    assert_eq!(items, [Value::Int(1)]);
    let error = assert_error(end, &["killed by signal 15 (SIGTERM)"]);
    assert_eq!(error.kind(), FailureKind::Killed);
}

#[test]
fn a_bad_line_ends_it() {
    let mut items = generate(
        "echo 1; echo bad; echo 3; exec cat /dev/zero",
        OutputSpec::Json,
    );
    assert_eq!(next(&mut items).unwrap(), Some(Value::Int(1)));
    assert_error(next(&mut items), &["not valid JSON", "`bad`"]);
    assert_eq!(next(&mut items).unwrap(), None);
}

#[test]
fn an_output_that_was_closed_waits_for_the_program() {
    let (items, end) = all(generate(
        "echo 1; exec >&-; seq 3 >&2; exit 2",
        OutputSpec::Json,
    ));
    assert_eq!(items, [Value::Int(1)]);
    let error = assert_error(end, &["exit code 2"]);
    assert_eq!(error.backtrace(), Some("1\n2\n3"));
}

#[test]
fn what_it_writes_to_standard_error_does_not_stop_it() {
    let script = "for i in 1 2 3; do head -c 300000 /dev/zero >&2; echo $i; done";
    let (items, end) = all(generate(script, OutputSpec::Json));
    assert_eq!(items, [1, 2, 3].map(Value::Int));
    end.unwrap();
}

#[test]
fn a_line_has_a_limit() {
    let script = "echo 1; exec tr '\\0' x < /dev/zero";
    let command = words(&["sh", "-c", script], OutputSpec::Json).output_limit(1 << 20);
    let generator = ProgramGenerator::new(command).unwrap();
    let (items, end) = all(generator.start(&mut plain()).unwrap());
    assert_eq!(items, [Value::Int(1)]);
    assert_error(end, &["a line", "longer than 1 MiB", "let it write a file"]);
}

#[test]
fn files_are_not_items() {
    let command = words(&["true"], OutputSpec::file("x"));
    let error = ProgramGenerator::new(command).unwrap_err();
    assert_eq!(error, ProgramError::FileOfGenerator);
}
