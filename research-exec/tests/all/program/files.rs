//! Outputs that are files.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;

use research_core::domain::{Config, Value};
use research_core::executor::ExecutorContext;
use research_core::units::CallableBody;
use research_exec::program::{FileOutput, FileType, OutputSpec, ProgramCallable, ProgramCommand};

use super::{assert_error, call, context, folder, plain, script_of_sh, words};

/// Returns a script whose output is this file; `$1` is the experiment's folder.
fn script(script: &str, file: &str) -> ProgramCommand {
    script_of_sh(script, &["{path}"], OutputSpec::file(file))
}

fn in_folder(folder: &Path) -> ExecutorContext {
    context(Config::new().with("name", "metrics"), Some(folder))
}

#[test]
fn a_file_is_read() {
    let folder = folder();
    let mut cx = in_folder(folder.path());
    let run = |text: &str| script(text, "{name}.json");

    let value = call(run(r#"echo '{"a": 1}' > "$1/metrics.json""#), &mut cx).unwrap();
    assert_eq!(value.to_string(), r#"{"a": 1}"#);
    // The file of an earlier call is not the output of this call.
    assert_error(
        call(run("true"), &mut cx),
        &["did not write", "metrics.json"],
    );
    assert_error(call(run("exit 3"), &mut cx), &["exit code 3"]);
}

#[test]
fn a_file_of_json_must_be_json() {
    let folder = folder();
    let mut cx = in_folder(folder.path());
    let mut read = |name: &str, content: &str| {
        let text = format!("printf '{content}' > \"$1/{name}\"");
        call(script(&text, name), &mut cx)
    };
    let cut_off = "{\"loss\": 0.5,\\n \"acc\": 0.";
    for name in ["m.json", "M.JSON"] {
        assert_error(
            read(name, cut_off),
            &[name, "is not valid JSON: line 2, column 10"],
        );
    }
    assert_error(read("m.json", "oops"), &["line 1, column 1"]);
    assert_error(read("m.json", ""), &["m.json` is empty", "JSON"]);
    assert_error(read("m.json", "\\n"), &["m.json` is empty"]);
    assert_error(read("m.json", "\"\\377\""), &["not valid JSON: line 1"]);
    assert_error(
        read("m.json", "[NaN,\\n18446744073709551616]"),
        &["line 2, column 1", "18446744073709551616", "64 bits"],
    );
    assert_eq!(read("m.json", "[NaN, 1]").unwrap().to_string(), "[NaN, 1]");
    // Other extensions do not determine a format.
    assert_eq!(read("m.txt", "{oops").unwrap(), Value::from("{oops"));
    assert_eq!(read("m.out", "[1]\\n").unwrap().to_string(), "[1]");
}

#[test]
fn a_file_of_json_lines_is_a_list() {
    let folder = folder();
    let mut cx = in_folder(folder.path());
    let mut read = |content: &str| {
        let text = format!("printf '{content}' > \"$1/m.jsonl\"");
        call(script(&text, "m.jsonl"), &mut cx)
    };
    assert_eq!(
        read("{\"a\": 1}\\n\\n{\"a\": NaN}\\n").unwrap().to_string(),
        r#"[{"a": 1}, {"a": NaN}]"#
    );
    assert_eq!(read("1").unwrap().to_string(), "[1]");
    assert_eq!(read("").unwrap().to_string(), "[]");
    assert_error(
        read("{\"a\": 1}\\n{\"a\": "),
        &["m.jsonl` is not valid JSON lines: line 2, column 6"],
    );
}

#[test]
fn the_content_of_a_file_can_be_asked_for() {
    let folder = folder();
    let read = |content: FileType, text: &str| {
        let output = OutputSpec::File(FileOutput {
            path: "m.json".to_owned(),
            content,
        });
        let text = format!("printf '{text}' > \"$1/m.json\"");
        let command = script_of_sh(&text, &["{path}"], output);
        call(command, &mut in_folder(folder.path()))
    };
    assert_eq!(read(FileType::Text, "[1]\\n").unwrap(), Value::from("[1]"));
    assert_eq!(read(FileType::Number, "2.5\\n").unwrap(), Value::Float(2.5));
    assert_error(
        read(FileType::Number, "x"),
        &["m.json` is not a number: `x`"],
    );
    assert_eq!(read(FileType::Any, "[1").unwrap(), Value::from("[1"));
    assert_eq!(
        read(FileType::Jsonl, "1\\n2").unwrap().to_string(),
        "[1, 2]"
    );
}

#[test]
fn a_program_may_append_to_its_file() {
    let folder = folder();
    let mut cx = in_folder(folder.path());
    let append = || script(r#"echo 1 >> "$1/log.jsonl""#, "log.jsonl");
    for expected in ["[1]", "[1, 1]", "[1, 1, 1]"] {
        assert_eq!(call(append(), &mut cx).unwrap().to_string(), expected);
    }
    // Its removal was not requested.
    assert_error(
        call(script("true", "log.jsonl"), &mut cx),
        &["did not write"],
    );
    let left = cx.path().unwrap().join("log.jsonl");
    assert_eq!(fs::read_to_string(left).unwrap(), "1\n1\n1\n");
}

#[test]
fn what_was_there_never_passes_as_new_however_soon_it_comes() {
    let folder = folder();
    let path = folder.path().join("out.txt");
    let path = path.to_str().unwrap();
    for _ in 0..20 {
        fs::write(path, "old").unwrap();
        let run = words(&["true"], OutputSpec::file(path));
        assert_error(call(run, &mut plain()), &["did not write"]);
        assert_eq!(fs::read_to_string(path).unwrap(), "old");
    }
}

#[test]
fn the_same_bytes_written_again_are_new_however_soon_they_come() {
    let folder = folder();
    let path = folder.path().join("out.txt");
    let path = path.to_str().unwrap();
    let writes = [
        "printf same > \"$1\"",
        "printf same > \"$1.new\"; mv \"$1.new\" \"$1\"",
        // Like `cp -p`, this keeps the modification time of the previous content.
        "cp -p \"$1\" \"$1.old\"; cat \"$1.old\" > \"$1\"; touch -r \"$1.old\" \"$1\"",
    ];
    for write in writes.iter().cycle().take(30) {
        fs::write(path, "same").unwrap();
        let run = script_of_sh(write, &[path], OutputSpec::file(path));
        assert_eq!(call(run, &mut plain()).unwrap(), Value::from("same"));
    }
}

#[test]
fn a_file_outside_the_folder_has_to_change() {
    let folder = folder();
    let path = folder.path().join("out.txt");
    fs::write(&path, "old").unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let opened = File::options().write(true).open(&path).unwrap();
    opened.set_modified(long_ago).unwrap();
    let path = path.to_str().unwrap();

    let run = |script: &str| script_of_sh(script, &[path], OutputSpec::file(path));
    assert_error(call(run("true"), &mut plain()), &["did not write"]);
    let value = call(run("printf old > \"$1\""), &mut plain()).unwrap();
    assert_eq!(value, Value::from("old"));
}

#[test]
fn a_file_cannot_leave_the_folder() {
    let folder = folder();
    let mut cx = context(Config::new().with("name", "../x"), Some(folder.path()));
    let run = words(&["true"], OutputSpec::file("a/{name}"));
    assert_error(call(run, &mut cx), &["outside the experiment's folder"]);
    let in_memory = words(&["true"], OutputSpec::file("a"));
    assert_error(call(in_memory, &mut plain()), &["kept in memory"]);
}

#[test]
fn what_is_not_a_regular_file_is_refused_at_once() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    let pipe = pipe.to_str().unwrap();
    let run = script_of_sh("mkfifo \"$1\"", &[pipe], OutputSpec::file(pipe));
    assert_error(call(run, &mut plain()), &["not a regular file"]);
    let run = words(&["true"], OutputSpec::file("/dev"));
    assert_error(call(run, &mut plain()), &["not a regular file"]);
}

#[test]
fn two_programs_cannot_write_one_file_at_once_whatever_it_is_called() {
    let folder = folder();
    let real = folder.path().join("real");
    fs::create_dir(&real).unwrap();
    symlink(&real, folder.path().join("link")).unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // The first program reports that it runs, and waits for permission to continue.
    let begun = at("begun");
    let proceed = at("go-on");
    let made = std::process::Command::new("mkfifo")
        .args([&begun, &proceed])
        .status()
        .unwrap();
    assert!(made.success());
    let first = at("real/m.json");
    let waits = script_of_sh(
        r#"echo > "$1"; cat "$2" > /dev/null; echo 1 > "$3""#,
        &[&begun, &proceed, &first],
        OutputSpec::file(first.as_str()),
    );
    let waits = ProgramCallable::new(waits);
    thread::scope(|scope| {
        let one = scope.spawn(|| waits.call(&mut plain()).map(super::value));
        fs::read(&begun).unwrap();
        for name in ["real/m.json", "link/m.json", "real/../link/./m.json"] {
            let path = at(name);
            let other = script_of_sh("echo 2 > \"$1\"", &[&path], OutputSpec::file(path.as_str()));
            assert_error(
                call(other, &mut plain()),
                &["another program", "at the same time", "`{id}`"],
            );
        }
        fs::write(&proceed, "").unwrap();
        assert_eq!(one.join().unwrap().unwrap(), Value::Int(1));
    });
    let path = at("link/m.json");
    let later = script_of_sh("echo 3 > \"$1\"", &[&path], OutputSpec::file(path.as_str()));
    assert_eq!(call(later, &mut plain()).unwrap(), Value::Int(3));
}
