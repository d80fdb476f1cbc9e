//! Descriptions of programs: their text form, and errors in them.

use proptest::prelude::*;
use research_core::codec;
use research_exec::program::{
    FileOutput, FileType, Groups, OutputSpec, ProgramCommand, ProgramError, ProgramSpec,
    RegexOutput, RegexType, Run,
};

fn error(toml: &str) -> ProgramError {
    ProgramCommand::new(&toml::from_str(toml).unwrap()).unwrap_err()
}

#[test]
fn research_files_say_it_plainly() {
    let spec = |toml: &str| toml::from_str::<ProgramSpec>(toml).unwrap();
    assert_eq!(
        spec(r#"run = ["a", "b"]"#),
        ProgramSpec::new(Run::List(vec!["a".to_owned(), "b".to_owned()]))
    );
    let long = spec("run = 'a | b'\nshell = true\noutput = { regex = 'x=(\\S+)' }");
    assert_eq!(long.run, Run::Line("a | b".to_owned()));
    assert_eq!(long.output, OutputSpec::regex(r"x=(\S+)"));
    let output = |output: &str| spec(&format!("run = 'a'\noutput = {output}")).output;
    assert_eq!(output("'text'"), OutputSpec::Text);
    assert_eq!(output("'number'"), OutputSpec::Number);
    assert_eq!(output("{ file = 'm.json' }"), OutputSpec::file("m.json"));
    assert_eq!(output("{ json = 'lines' }"), OutputSpec::Json);
    let chatty = output("{ json = 'lines', skip_others = true }");
    assert_eq!(chatty, OutputSpec::JsonAmongOthers);
    assert_eq!(
        output("{ file = 'm', type = 'json' }"),
        OutputSpec::File(FileOutput {
            path: "m".to_owned(),
            content: FileType::Json
        })
    );
    assert_eq!(
        output("{ regex = '(a)(b)', type = 'text', groups = 'all' }"),
        OutputSpec::Regex(RegexOutput {
            pattern: "(a)(b)".to_owned(),
            value_type: RegexType::Text,
            groups: Groups::All
        })
    );
}

#[test]
fn other_types_are_refused_in_words() {
    let error = |toml: &str| toml::from_str::<ProgramSpec>(toml).unwrap_err().to_string();
    let text = error("run = 3");
    assert!(
        text.contains("a command: a list of texts, or one text"),
        "{text}"
    );
    let text = error("run = 'a'\noutput = 'jsn'");
    assert!(text.contains("`jsn`") && text.contains("`json`"), "{text}");
}

#[test]
fn mistakes_are_found_before_a_run() {
    let no_program = ProgramError::NoProgram;
    for toml in [
        "run = []",
        "run = ''",
        "run = [\"\"]",
        "run = ' '",
        "run = ' '\nshell = true",
    ] {
        assert_eq!(error(toml), no_program, "{toml}");
    }
    let cases = [
        ("run = 'a \"b'", "unclosed quote"),
        ("run = 'train --lr {lr'", "column 12"),
        ("run = ['a', '}']", "column 1"),
        ("run = ['a']\nshell = true", "needs a string"),
        (
            "run = 'a'\noutput = { regex = '(' }",
            "regular expression `(`",
        ),
        ("run = 'a'\noutput = { file = '{' }", "not closed"),
        ("run = 'a'\noutput = { file = '' }", "empty"),
        (
            "run = \"echo '{x}'\"\nshell = true",
            "column 7 of `run`: `{x}` stands inside single quotes",
        ),
        (
            "run = 'echo $(( {x} ))'\nshell = true",
            "write `x={x}` before, and `\"$x\"` here",
        ),
    ];
    for (toml, part) in cases {
        let text = error(toml).to_string();
        assert!(text.contains(part), "{toml}: {text}");
    }
    let fine = "run = \"cat <<<'a'{x} < {x}; echo \\\"a\\\"{x} it\\\\'s # don't\\n{x} {x}#{x} \
         'y'\"\nshell = true";
    ProgramCommand::new(&toml::from_str(fine).unwrap()).unwrap();
}

#[test]
fn names_are_checked_against_what_there_is() {
    let toml = "run = 'a {lr} {power.x} {power} {id} {repetition} {lr.0} {sub.unit.y}'\n\
                output = { file = '{metrics}' }";
    let command = ProgramCommand::new(&toml::from_str(toml).unwrap()).unwrap();
    let names: Vec<&str> = command.names().collect();
    let all = [
        "lr",
        "power.x",
        "power",
        "id",
        "repetition",
        "lr.0",
        "sub.unit.y",
        "metrics",
    ];
    assert_eq!(names, all);
    let units = ["power", "lr", "sub.unit", "metrics"];
    let read = command.units_read(&["lr"], &units).unwrap();
    assert_eq!(read, ["power", "sub.unit", "metrics"]);

    let error = command.units_read(&["lr"], &["powr"]).unwrap_err();
    assert_eq!(error.name, "power.x");
    assert!(
        error.to_string().contains("did you mean `{powr}`?"),
        "{error}"
    );
    let error = command.units_read(&["lr"], &[]).unwrap_err();
    assert!(
        error.to_string().contains("there are lr, id, path"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        words in prop::collection::vec(".{0,8}", 0..4), line in ".{0,20}", list: bool, shell: bool,
        output in 0..6usize,
    ) {
        let run = if list { Run::List(words) } else { Run::Line(line.clone()) };
        let outputs = [
            OutputSpec::Json, OutputSpec::Text, OutputSpec::Number,
            OutputSpec::regex(line.clone()), OutputSpec::file(line), OutputSpec::JsonAmongOthers,
        ];
        let (shell, output) = (shell.into(), outputs[output].clone());
        let spec = ProgramSpec { shell, output, ..ProgramSpec::new(run) };
        let text = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(&serde_json::from_str::<ProgramSpec>(&text).unwrap(), &spec);
        let mut bytes = Vec::new();
        codec::encode_into(&spec, &mut bytes).unwrap();
        prop_assert_eq!(&codec::decode::<ProgramSpec>(&bytes).unwrap(), &spec);
    }

    #[test]
    fn no_description_panics(line in "[a{}'\"\\\\# .$(|\\n]{0,20}", shell: bool) {
        let spec = ProgramSpec { shell: shell.into(), ..ProgramSpec::new(Run::Line(line)) };
        let _ = ProgramCommand::new(&spec);
    }
}
