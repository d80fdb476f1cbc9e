//! Templates: texts with placeholders.

use std::path::Path;

use proptest::prelude::*;
use research_core::domain::{Config, Value};
use research_core::{Context, Output};
use research_exec::program::Template;

use super::{context, folder, plain};

fn render(text: &str, context: &Context) -> Result<String, String> {
    let rendered = Template::parse(text).unwrap().render(context);
    let text = rendered.map_err(|error| error.to_string())?;
    Ok(text.into_string().unwrap())
}

#[test]
fn built_in_names() {
    let folder = folder();
    let config = Config::new().with("id", "hidden").with("seed", "hidden");
    let mut cx = context(config, Some(folder.path()));
    cx.set_iteration(3);
    let text = render("{id} {iteration} {repetition} {seed} {updates}", &cx).unwrap();
    assert_eq!(text, format!("0f3a9c1e00000042 3 2 {} 0", u32::MAX));
    let path = render("{path}", &cx).unwrap();
    assert_eq!(Path::new(&path), folder.path().join("0f3a9c1e00000042"));
    assert!(Path::new(&path).is_dir());

    let error = render("{path}", &plain()).unwrap_err();
    assert!(error.contains("folder"), "{error}");
}

#[test]
fn devices() {
    let with = |device: Value| {
        let mut config = Config::new();
        config.insert("device", device);
        render("{device}", &context(config, None))
    };
    assert_eq!(with("cuda:1".into()).unwrap(), "cuda:1");
    assert_eq!(with(vec![0, 2].into()).unwrap(), "0,2");
    assert!(with(Value::Null).unwrap_err().contains("no device"));
    assert!(
        render("{device}", &plain())
            .unwrap_err()
            .contains("no device")
    );
}

#[test]
fn values_are_printed() {
    let config = Config::new()
        .with("text", "it's \"x\"")
        .with("whole", -3)
        .with("tenth", 0.1)
        .with("small", 1e-5)
        .with("one", 1.0)
        .with("yes", true)
        .with("none", ())
        .with("list", vec!["a", "b c"]);
    let cx = context(config, None);
    let text = "{text}|{whole}|{tenth}|{small}|{one}|{yes}|{none}|{list}|{list.1}";
    let printed = render(text, &cx).unwrap();
    assert_eq!(
        printed,
        r#"it's "x"|-3|0.1|1e-5|1.0|true|null|["a","b c"]|b c"#
    );
}

#[test]
fn units_and_their_fields() {
    let config = Config::new()
        .with("later", "config")
        .with("a.b", 1)
        .with("a", vec![5, 6]);
    let mut cx = context(config, None);
    let inner = Value::Map(vec![("y".to_owned(), vec![1.5, 2.5].into())]);
    let map = Value::Map(vec![("x".to_owned(), inner)]);
    let not_run = render("{power.x}", &cx).unwrap_err();
    assert!(
        not_run.contains("unit `power` has no output yet"),
        "{not_run}"
    );

    cx.set_output(0, Output::Value(map));
    assert_eq!(render("{power}", &cx).unwrap(), r#"{"x":{"y":[1.5,2.5]}}"#);
    assert_eq!(render("{power.x.y.1}", &cx).unwrap(), "2.5");
    assert_eq!(
        render("{power.x.y[1]} {power[x].y[-2]}", &cx).unwrap(),
        "2.5 1.5"
    );
    // A parameter of the config has precedence over a unit, and a longer name over a shorter one.
    assert_eq!(render("{later} {a.b} {a.1}", &cx).unwrap(), "config 1 6");

    for (text, parts) in [
        ("{power.z}", ["unknown field `z`", "the map has x"]),
        ("{power.x.y.2}", ["unknown field `2`", "the list has 2"]),
        ("{power.x.y[-3]}", ["unknown field `-3`", "the list has 2"]),
        (
            "{power.x.y[1}",
            ["`{power.x.y[1}`", "did you mean `{power}`?"],
        ),
        ("{power.x.y.1.0}", ["unknown field `0`", "type is float"]),
        ("{power.}", ["unknown field ``", "the map has x"]),
        ("{power..x}", ["unknown field ``", "the map has x"]),
        ("{powr}", ["`{powr}`", "did you mean `{power}`?"]),
        (
            "{ power }",
            [
                "did you mean `{power}`?",
                "to write a brace, double it: `{{`",
            ],
        ),
    ] {
        let error = render(text, &cx).unwrap_err();
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{text}: {error}"
        );
    }

    // Of a repeated key, the last value counts, as in results.
    let twice = [1, 2].map(|value| ("x".to_owned(), Value::from(value)));
    cx.set_output(0, Output::Value(Value::Map(twice.into())));
    assert_eq!(render("{power.x}", &cx).unwrap(), "2");

    cx.set_output(0, Output::Object(std::sync::Arc::new(())));
    assert!(
        render("{power}", &cx)
            .unwrap_err()
            .contains("object in memory")
    );
}

#[test]
fn mistakes_have_columns() {
    let column = |text: &str| Template::parse(text).unwrap_err().column();
    assert_eq!(column("é{a"), 2);
    assert_eq!(column("{a{b}}"), 1);
    assert_eq!(column("{{{"), 3);
    assert_eq!(column("ab}"), 3);
    assert_eq!(column("a{}"), 2);
    assert_eq!(column("{ }"), 1);
    assert_eq!(render("{{a}} {{{{ }}", &plain()).unwrap(), "{a} {{ }");
}

proptest! {
    #[test]
    fn nothing_panics(text in "[{}.a-c é\\n]{0,30}") {
        if let Ok(template) = Template::parse(&text) {
            let names = template.names().count();
            if let Ok(rendered) = template.render(&plain()) {
                prop_assert_eq!(names, 0);
                prop_assert!(rendered.len() <= text.len());
            }
        }
    }

    #[test]
    fn doubled_braces_are_braces(text in ".{0,30}") {
        let doubled = text.replace('{', "{{").replace('}', "}}");
        prop_assert_eq!(render(&doubled, &plain()).unwrap(), text);
    }

    #[test]
    fn strings_are_put_in_as_they_are(value in ".{0,30}", before in "[a-z ]{0,5}") {
        let cx = context(Config::new().with("x", value.as_str()), None);
        let text = format!("{before}{{x}}");
        prop_assert_eq!(render(&text, &cx).unwrap(), format!("{before}{value}"));
    }

    #[test]
    fn floats_read_back(number: f64) {
        let cx = context(Config::new().with("x", number), None);
        let read: f64 = render("{x}", &cx).unwrap().parse().unwrap();
        prop_assert!(read.to_bits() == number.to_bits() || read.is_nan() && number.is_nan());
    }
}
