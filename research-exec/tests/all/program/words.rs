//! Placeholders for any number of words.

use research_core::domain::{Config, Value};
use research_core::{Context, Output};
use research_exec::program::{
    KnownBefore, OutputSpec, ProgramCommand, ProgramError, ProgramSpec, Run, TemplateError,
};

use super::{assert_error, call, command, context, words};

/// Returns the arguments that the program receives, each in brackets.
fn arguments(arguments: &[&str], context: &mut Context) -> String {
    let script = "for x; do printf '[%s]' \"$x\"; done";
    let command = words(
        &[&["sh", "-c", script, "sh"], arguments].concat(),
        OutputSpec::Text,
    );
    call(command, context).unwrap().to_string()
}

/// Returns the same for a program that a shell starts.
fn arguments_of_shell(arguments: &str, context: &mut Context) -> String {
    let run = format!("printf '[%s]' first {arguments}");
    let command = command(Run::Line(run), true, OutputSpec::Text);
    let printed = call(command, context).unwrap().to_string();
    printed.strip_prefix("[first]").unwrap().to_owned()
}

fn config() -> Config {
    Config::new()
        .with("lr", 0.1)
        .with("n_estimators", 5)
        .with("warm_start", true)
        .with("quiet", false)
        .with("max_depth", Value::Null)
        .with("hidden", vec![8, 16])
        .with("note", "-rf $(touch x); 'it''s'")
        .with("empty", "")
}

#[test]
fn flags_are_those_of_the_config() {
    let mut cx = context(config(), None);
    let expected = "[--lr=0.1][--n-estimators=5][--warm-start][--hidden=[8,16]]\
                    [--note=-rf $(touch x); 'it''s'][--empty=]";
    assert_eq!(arguments(&["{flags}"], &mut cx), expected);
    assert_eq!(arguments_of_shell("{flags}", &mut cx), expected);
    let spread = expected.replace("[--hidden=[8,16]]", "[--hidden][8][16]");
    assert_eq!(arguments(&["{flags*}"], &mut cx), spread);
    assert_eq!(arguments_of_shell("{flags*}", &mut cx), spread);

    let mut cx = context(Config::new(), None);
    assert_eq!(arguments(&["{flags}"], &mut cx), "");
    assert_eq!(arguments_of_shell("{flags}", &mut cx), "");

    // A parameter or a unit of this name has precedence, so older commands keep their meaning.
    let mut cx = context(Config::new().with("flags", "-x").with("a", 1), None);
    assert_eq!(arguments(&["{flags}", "a{flags}"], &mut cx), "[-x][a-x]");
    assert_eq!(
        arguments_of_shell("{flags} \"a{flags}\"", &mut cx),
        "[-x][a-x]"
    );
}

#[test]
fn no_element_of_a_list_is_a_flag_of_its_own() {
    let config = Config::new().with("files", vec!["a", "--delete"]);
    let mut cx = context(config, None);
    let parts = ["`{flags*}`", "`--delete` of `files`", "use `{flags}`"];
    assert_error(
        call(words(&["echo", "{flags*}"], OutputSpec::Text), &mut cx),
        &parts,
    );
    let shell = command(
        Run::Line("echo {flags*}".to_owned()),
        true,
        OutputSpec::Text,
    );
    assert_error(call(shell, &mut cx), &parts);
    assert_eq!(
        arguments(&["{flags}"], &mut cx),
        "[--files=[\"a\",\"--delete\"]]"
    );

    let mut cx = context(Config::new().with("range", vec![-1, 2]), None);
    assert_eq!(arguments(&["{flags*}"], &mut cx), "[--range][-1][2]");
}

#[test]
fn lists_are_words_on_request() {
    let config = Config::new()
        .with("list", vec!["a b", "$(touch x)", "-c", ""])
        .with("none", Vec::<i64>::new())
        .with("null", Value::Null)
        .with("one", 3);
    let mut cx = context(config, None);
    for (written, expected) in [
        ("{list*}", "[a b][$(touch x)][-c][]"),
        ("{none*}", ""),
        ("{null*}", ""),
        ("{one*}", "[3]"),
        ("{gone*?}", ""),
    ] {
        assert_eq!(arguments(&[written], &mut cx), expected, "{written}");
        assert_eq!(arguments_of_shell(written, &mut cx), expected, "{written}");
    }
    assert_error(
        call(words(&["echo", "{gone*}"], OutputSpec::Text), &mut cx),
        &["`{gone}`: unknown config item"],
    );
}

#[test]
fn a_word_is_left_out_where_its_value_is_missing() {
    let config = Config::new().with("null", Value::Null).with("lr", 0.5);
    let mut cx = context(config, None);
    let all = [
        "--lr={lr?}",
        "--null={null?}",
        "--x={gone?}",
        "{gone.x?}",
        "{device?}",
        "{power?}",
    ];
    assert_eq!(arguments(&all, &mut cx), "[--lr=0.5]");
    assert_eq!(
        arguments_of_shell("{lr?} {null?} {gone?} {power?}", &mut cx),
        "[0.5]"
    );
    assert_eq!(arguments(&["{null}"], &mut cx), "[null]");
    cx.set_output(0, Output::Value(7.into()));
    assert_eq!(arguments(&["{power?}", "{power.x?}"], &mut cx), "[7]");
}

#[test]
fn words_stand_where_any_number_of_words_can() {
    let new = |words: &[&str]| {
        let run = Run::List(words.iter().map(|word| (*word).to_owned()).collect());
        ProgramCommand::new(&ProgramSpec::new(run))
    };
    for word in ["a{x*}", "{x*}{y}", "{flags*}/a", "{x*?}a"] {
        let error = new(&["echo", word]).unwrap_err();
        let ProgramError::Template(error @ TemplateError::OneWord { .. }) = error else {
            panic!("{word}: {error:?}");
        };
        assert_eq!(error.text(), word);
    }
    for program in ["{x?}", "{x*}", "a{x?}"] {
        assert_eq!(
            new(&[program, "a"]).unwrap_err(),
            ProgramError::ProgramOfWords,
            "{program}"
        );
    }
    for file in ["{x?}", "a{x*}"] {
        let spec = ProgramSpec {
            output: OutputSpec::file(file),
            ..ProgramSpec::new(Run::Line("true".to_owned()))
        };
        assert!(
            matches!(ProgramCommand::new(&spec), Err(ProgramError::File(_))),
            "{file}"
        );
    }
    let misplaced = |word: &str| {
        let command = new(&["echo", word]).unwrap();
        command.has_misplaced_flags(&["x"], &["unit"])
    };
    assert!(!misplaced("{flags}") && !misplaced("{flags*}") && !misplaced("a{x}"));
    assert!(misplaced("a{flags}"));
    let command = new(&["echo", "a{flags}"]).unwrap();
    assert!(!command.has_misplaced_flags(&["flags"], &[]));
    assert!(new(&["{flags}"]).unwrap().has_misplaced_flags(&[], &[]));
    let mut cx = context(Config::new(), None);
    assert_error(
        call(command, &mut cx),
        &["`{flags}` is a word of its own of `run`"],
    );
}

#[test]
fn previews_have_the_words() {
    let config = config();
    let known = KnownBefore {
        config: &config,
        built_in: &[],
    };
    let preview = |run: &str, shell: bool| {
        let spec = ProgramSpec {
            shell: shell.into(),
            ..ProgramSpec::new(Run::Line(run.to_owned()))
        };
        ProgramCommand::new(&spec).unwrap().preview(&known)
    };
    let run = "a {hidden*} --depth={max_depth?} --lr={lr?} {unit?} {unit*}";
    assert_eq!(preview(run, false), "a 8 16 --lr=0.1 {unit?} {unit*}");
    assert_eq!(
        preview("a {hidden*} {lr?} {unit?}", true),
        "a '8' '16' '0.1' {unit?}"
    );
    assert!(preview("a {flags*}", false).starts_with("a --lr=0.1 --n-estimators=5 --warm-start"));
}
