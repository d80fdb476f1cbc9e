//! Placeholders at all positions of a shell command, with values that try to escape from them, in
//! dash and in bash. No value may be executed or changed.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

#[path = "shell_words.rs"]
mod words;

const SHELLS: [&str; 2] = ["dash", "bash"];

/// Values, most of which create the file `ran` if a shell evaluates them.
const PAYLOADS: [&str; 38] = [
    "",
    " ",
    "plain",
    "two words",
    "*",
    "[a-z]*",
    "~",
    "-n",
    "-v",
    "-c",
    "eval",
    "$HOME",
    "${HOME}",
    "$(touch ran)",
    "`touch ran`",
    "$((1+1))",
    "\\$(touch ran)",
    "; touch ran",
    "& touch ran &",
    "| touch ran",
    "\ntouch ran\n",
    "\r\ntouch ran",
    "' ; touch ran ; '",
    "\" ; touch ran ; \"",
    "\\' ; touch ran ; \\'",
    "\\\" ; touch ran ; \\\"",
    "'\"'\"'; touch ran; '\"'\"'",
    ") ; touch ran ; (",
    ")) ; touch ran ; ((",
    "} ; touch ran ; {",
    ";; esac ; touch ran ; case a in a)",
    "a[$(touch ran)]",
    "a[$(touch ran)]=1",
    "x[`touch ran`]+1",
    "] ; touch ran ; [",
    "E\ntouch ran\n",
    "# \ntouch ran",
    "é\u{1F980}\u{1b}[31m\\",
];

fn command(text: &str) -> Result<ShellCommand, Misplaced> {
    ShellCommand::new(Template::parse(text).unwrap(), Shell::Sh)
}

/// Runs a command in a folder with this value for each of its placeholders.
fn run(command: &ShellCommand, shell: &str, value: &str, folder: &Path) -> Output {
    let value = [value];
    let values: Vec<&[&str]> = vec![&value; command.places.len()];
    run_with(command, shell, &values, folder)
}

/// Runs a command in a folder with these values for each of its placeholders.
fn run_with(command: &ShellCommand, shell: &str, values: &[&[&str]], folder: &Path) -> Output {
    let counts: Vec<usize> = values.iter().map(|values| values.len()).collect();
    let mut process = Command::new(shell);
    process
        .arg0("sh")
        .args(["-c", &command.script(&counts), "sh"])
        .args(values.concat());
    let process = process.current_dir(folder).stdin(Stdio::null());
    process.env("HOME", "/nowhere").output().unwrap()
}

/// Commands that print their value unchanged, and the strings before and after it.
const ALLOWED: [(&str, &str, &str); 33] = [
    ("printf '[%s]' {x}", "[", "]"),
    ("printf '[%s]' a{x}b", "[a", "b]"),
    ("printf '[%s]' \"{x}\"", "[", "]"),
    ("printf '[%s]' \"a {x} 'b'\"", "[a ", " 'b']"),
    ("printf '[%s]' \"a\"{x}'b'", "[a", "b]"),
    ("printf '[%s]' \"a\\\"\"{x}", "[a\"", "]"),
    ("printf '[%s]' it\\'s{x}", "[it's", "]"),
    ("printf '[%s]' --x={x}", "[--x=", "]"),
    ("printf '[%s]' 'don'\\''t '{x}", "[don't ", "]"),
    ("printf '[%s]' $HOME{x}", "[/nowhere", "]"),
    ("printf '[%s]' ${{HOME}}/{x}", "[/nowhere/", "]"),
    ("printf '[%s]' \"$HOME{x}\"", "[/nowhere", "]"),
    ("printf '[%s]' $#{x}", "[0", "]"),
    ("x={x}; printf '[%s]' \"$x\"", "[", "]"),
    ("x=a{x}b y=1; printf '[%s]' \"$x\"", "[a", "b]"),
    ("x=\"{x}\"; printf '[%s]' \"$x\"", "[", "]"),
    ("export x={x}; printf '[%s]' \"$x\"", "[", "]"),
    ("x={x} printenv x | head -c -1", "", ""),
    ("for x in {x}; do printf '[%s]' \"$x\"; done", "[", "]"),
    (
        "for x in a {x}\ndo\n[ \"$x\" = a ] || printf '[%s]' \"$x\"\ndone",
        "[",
        "]",
    ),
    ("set -- {x}; printf '[%s]' \"$1\"", "[", "]"),
    ("f() {{ printf '[%s]' \"$1\" {x}; }}; f a", "[a][", "]"),
    ("(printf '[%s]' {x})", "[", "]"),
    ("{{ printf '[%s]' {x}; }}", "[", "]"),
    ("true && printf '[%s]' {x} # it's", "[", "]"),
    ("if [ {x} = {x} ]; then printf '[%s]' {x}; fi", "[", "]"),
    (
        "case {x} in nothing) ;; *) printf '[%s]' {x} ;; esac",
        "[",
        "]",
    ),
    ("printf '[%s]' $(true {x})a\"{x}\"", "[a", "]"),
    ("printf '[%s]' \"$(printf '%s.' {x})\"", "[", ".]"),
    ("printf '[%s]' \"$(printf '%s.' \"a{x}\")\"", "[a", ".]"),
    ("printf '[%s]' `printf a` {x}", "[a][", "]"),
    ("sh -c 'printf \"[%s]\" \"$1\"' sh {x}", "[", "]"),
    ("printf '[%s]' a#{x} $((1 + 1)) 2>/dev/null", "[a#", "][2]"),
];

#[test]
fn no_value_runs_or_changes_where_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    for (text, before, after) in ALLOWED {
        let command = command(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        for (shell, value) in SHELLS
            .iter()
            .flat_map(|shell| PAYLOADS.map(|value| (shell, value)))
        {
            let output = run(&command, shell, value, folder.path());
            let printed = String::from_utf8_lossy(&output.stdout);
            let expected = format!("{before}{value}{after}");
            assert_eq!(
                printed, expected,
                "{text} in {shell} with {value:?}: {output:?}"
            );
            assert!(
                !folder.path().join("ran").exists(),
                "{text} in {shell} with {value:?}"
            );
        }
    }
}

#[test]
fn a_value_names_programs_and_files_and_no_builtins() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "{x} 'a[$(touch ran)]=1' 'a[$(touch ran)]'",
        "\"{x}\" b",
        "./{x}",
        "{x}/run",
        "exec {x}",
        "printf a > \"$(mktemp -d)\"/a{x}b",
        "if {x}; then echo a; fi",
    ] {
        let command = command(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        for (shell, value) in SHELLS
            .iter()
            .flat_map(|shell| PAYLOADS.map(|value| (shell, value)))
        {
            // The program refuses these at run time, when it knows the values.
            if !rules::evaluates_arguments(value.as_bytes()) {
                run(&command, shell, value, folder.path());
            }
            assert!(
                !folder.path().join("ran").exists(),
                "{text} in {shell} with {value:?}"
            );
        }
    }
    assert!(command("{x} b").unwrap().places[0].names_command);
    assert!(command("\"{x}\" b").unwrap().places[0].names_command);
    for name in ["eval", "printf", "read", "unset", "test", "["] {
        assert!(rules::evaluates_arguments(name.as_bytes()), "{name}");
    }
}

/// Commands in which a shell would evaluate the value, or would not see it.
const REFUSED: [(&str, &str); 79] = [
    ("echo '{x}'", "single quotes"),
    ("echo `echo {x}`", "backquotes"),
    ("echo \"`echo {x}`\"", "backquotes"),
    ("echo $(( {x} ))", "`$((…))`"),
    ("echo \"$(( 1 + (2 * {x}) ))\"", "`$((…))`"),
    ("echo $[ {x} ]", "`$[…]`"),
    ("echo $[1] {x}", "`$[…]`"),
    ("(( {x} ))", "`((…))`"),
    ("for ((i = {x}; i < 1; i++)); do true; done", "`((…))`"),
    ("a[{x}]=1", "subscript"),
    ("a[\"{x}\"]=1", "subscript"),
    ("a=([{x}]=1)", "array"),
    ("a=(1 {x})", "array"),
    ("a+=({x})", "array"),
    ("echo $'{x}'", "`$'…'`"),
    ("echo $'a\\'' {x}", "`$'…'` with a backslash"),
    ("echo $\"{x}\"", "`$\"…\"`"),
    ("echo ${x}", "after a `$`"),
    ("echo \"${x}\"", "after a `$`"),
    ("echo ${{y:-{x}}}", "`${…}`"),
    ("echo \"${{y#{x}}}\"", "`${…}`"),
    ("echo ${{y:-'}}'}} {x}", "`${…}`"),
    ("echo \\{x}", "backslash"),
    ("echo \"\\{x}\"", "backslash"),
    ("cat <<E\n{x}\nE", "here-document"),
    ("cat <<'E'\n{x}\nE", "here-document"),
    ("cat <<-E{x}\n\nE{x}", "here-document"),
    ("echo # {x}", "comment"),
    ("# {x}", "comment"),
    ("(echo)#{x}", "comment"),
    ("case a in {x}) echo;; esac", "pattern of `case`"),
    ("case a in b|\"{x}\") echo;; esac", "pattern of `case`"),
    ("case a in (b) echo;; {x}) echo;; esac", "pattern of `case`"),
    ("[[ {x} -eq 1 ]]", "`[[ … ]]`"),
    ("[[ 1 == 1 && \"{x}\" -eq 1 ]]", "`[[ … ]]`"),
    ("eval {x}", "`eval`"),
    ("eval \"echo {x}\"", "`eval`"),
    ("a=1 eval {x}", "`eval`"),
    ("if eval {x}; then true; fi", "`eval`"),
    ("2>/dev/null eval {x}", "`eval`"),
    ("2> /dev/null ev\\al {x}", "`eval`"),
    ("\"eval\" {x}", "`eval`"),
    ("time -p eval {x}", "`eval`"),
    ("builtin eval {x}", "`builtin`"),
    ("command eval {x}", "`command`"),
    ("let {x}", "`let`"),
    ("let \"y = {x}\"", "`let`"),
    ("declare -i y; y={x}", "`declare`"),
    ("declare {x}", "`declare`"),
    ("typeset -i y={x}", "`typeset`"),
    ("f() {{ local -i y={x}; }}; f", "`local -i`"),
    ("export {x}", "`export`"),
    ("unset {x}", "`unset`"),
    ("read {x}", "`read`"),
    ("printf -v {x} a", "`printf`"),
    ("printf {x} a", "`printf`"),
    ("test -v {x}", "`test`"),
    ("[ {x} {x} ]", "`[`"),
    ("trap {x} EXIT", "`trap`"),
    ("alias y={x}", "`alias`"),
    ("RANDOM={x}", "`RANDOM`"),
    ("PS4={x}; set -x; true", "`PS4`"),
    ("sh -c {x}", "script of another shell"),
    (
        "timeout 5 bash -e -o pipefail -c \"echo {x}\"",
        "script of another shell",
    ),
    ("bash <<<{x}", "script of another shell"),
    ("ssh host {x}", "`ssh`"),
    ("{{eval,{x}}}", "braces"),
    ("ev{x} a", "part of a command's name"),
    ("${{y:-}}sh -c {x}", "name is an expansion"),
    ("$y {x}", "name is an expansion"),
    ("$(echo eval) {x}", "name is an expansion"),
    ("$'eval' {x}", "name is an expansion"),
    ("{{eval,a}} {x}", "name is an expansion"),
    ("env ${{y:-}}sh -c {x}", "script of another shell"),
    ("$y/bin/sh -c {x}", "script of another shell"),
    ("sh ${{y:-}} -c {x}", "script of another shell"),
    ("sh -c ${{y:-}} {x}", "script of another shell"),
    ("printf -v ${{y:-}} {x} a", "`printf`"),
    ("[ -v ${{y:-}} {x} ]", "`[`"),
];

#[test]
fn a_placeholder_is_refused_where_a_shell_evaluates_it() {
    for (text, place) in REFUSED {
        let error = command(text).map(|_| ()).expect_err(text);
        let found = error.place.as_deref().unwrap_or_default();
        assert!(found.contains(place), "{text}: {error:?}");
        assert_eq!(error.name, "x");
        let at = text
            .chars()
            .skip(error.column - 1)
            .take(3)
            .collect::<String>();
        assert_eq!(at, "{x}", "{text}: {error:?}");
    }
}

#[test]
fn what_comes_after_a_place_that_was_passed_over_is_allowed() {
    for text in [
        "echo 'a' {x}",
        "echo `date` {x}",
        "echo $((1 + (2))) {x}",
        "echo ${{y:-a}} {x}",
        "echo $'a' {x}",
        "echo $\"a\" {x}",
        "# it's\necho {x}",
        "case a in a|b) echo {x};; (c) echo {x} ;; esac; echo {x}",
        "case $(case a in a) echo b;; esac) in b) echo {x};; esac\necho {x}",
        "[[ -n $HOME && a == b ]]; echo {x}",
        "export PATH; echo {x}",
        "cat <<< {x} ; echo {x}",
        "f() {{ case $1 in a) return;; esac; }}; f {x}",
        "while read -r line; do echo \"$line\" {x}; done < {x}",
        "echo a >> {x} 2>&1",
        "timeout 5 bash -e script.sh {x}",
        "trap 'rm -f tmp' EXIT; echo {x}",
        "$HOME/bin/python train.py -c {x}",
        "timeout $T ./train -c {x}",
        "./run-$MODE.sh {x}",
        "bash $HOME/script.sh {x}",
        "sh -c \"$SCRIPT\" sh {x}",
        "printf \"$FORMAT\" {x}",
    ] {
        assert_eq!(command(text).map(|_| ()), Ok(()), "{text}");
    }
}

/// The pieces of random commands.
const PIECES: [&str; 65] = [
    "{x*}",
    " {x*} ",
    " {x?} ",
    "{x}",
    "{x}",
    "{x}",
    "{x}",
    "{x}",
    "{x}",
    "{x}",
    "{x}",
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\"",
    "\"",
    "'",
    "`",
    "$",
    "$(",
    "$((",
    "))",
    ")",
    "(",
    "((",
    "{{",
    "}}",
    "${{y:-",
    "${{y#",
    "}}",
    "[",
    "]",
    "[[ ",
    " ]]",
    "$[",
    "a[",
    "]=",
    "y=",
    "y+=",
    "(",
    "case a in ",
    "a) ",
    ";; ",
    "esac ",
    "eval ",
    "let ",
    "echo ",
    "test ",
    "[ ",
    "printf ",
    "unset ",
    "export ",
    "<<E\n",
    "\nE\n",
    "#",
    "\\",
    ";",
    "&&",
    "|",
    "$'",
    "$\"",
    "sh -c ",
    "-v ",
];

#[test]
fn commands_made_at_random_run_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = PAYLOADS.iter().filter(|payload| payload.contains("touch"));
    let payloads: Vec<&str> = payloads.copied().collect();
    let pieces = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 1..14);
    let mut runner = TestRunner::new(Config {
        cases: 4_000,
        failure_persistence: None,
        ..Config::default()
    });
    let choice = (
        pieces,
        prop::sample::select(payloads),
        prop::sample::select(SHELLS.to_vec()),
    );
    let result = runner.run(&choice, |(pieces, value, shell)| {
        let text = pieces.concat();
        let Ok(template) = Template::parse(&text) else {
            return Ok(());
        };
        let Ok(command) = ShellCommand::new(template, Shell::Sh) else {
            return Ok(());
        };
        if !command.places.is_empty() {
            let (one_value, several) = ([value], [value, "-v", "a", value]);
            let places = command.template.placeholders();
            let values = places.map(|one| match (one.is_spread, one.is_optional) {
                (true, _) => &several[..],
                (false, true) => &[],
                (false, false) => &one_value[..],
            });
            run_with(&command, shell, &values.collect::<Vec<_>>(), folder.path());
            let has_run = std::fs::remove_file(folder.path().join("ran")).is_ok();
            prop_assert!(!has_run, "{text} in {shell} with {value:?}");
        }
        Ok(())
    });
    result.unwrap();
}

#[test]
fn a_preview_is_what_users_would_type() {
    let known = |one: &Placeholder| match one.name.as_str() {
        "x" => Some(vec!["it's \"$HOME\"".to_owned()]),
        "list" => Some(vec!["a b".to_owned(), "c".to_owned()]),
        "none" => Some(Vec::new()),
        _ => None,
    };
    let preview = |text: &str| command(text).unwrap().preview(known);
    assert_eq!(preview("echo {x} {y}"), r#"echo 'it'\''s "$HOME"' {y}"#);
    assert_eq!(preview("echo \"a {x}\""), r#"echo "a it's \"\$HOME\"""#);
    assert_eq!(preview("echo ${{HOME}}"), "echo ${HOME}");
    assert_eq!(preview("echo {list*} {none?} {y?}"), "echo 'a b' 'c'  {y?}");
}
