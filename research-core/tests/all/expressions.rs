//! Expressions: their operands, missing values, and their descriptions.

use std::collections::BTreeMap;

use research_core::domain::{Config, Value};
use research_core::units::UnitBody;
use research_core::{
    BuildError, Context, Experiment, Expression, Shared, When, e, ec, it, last_saved, list_of,
    map_of, o, r, saved, text_of,
};

use crate::experiment::{context, run};

/// Returns the value of an expression in an experiment with `a = 3`, `rate = 0.5` and some outputs.
fn value(expression: impl Into<Expression>) -> Result<Value, String> {
    let experiment = Experiment::builder()
        .callable("list", || vec![10_i64, 20, 30], ())
        .callable("map", || BTreeMap::from([("p".to_owned(), 7_i64)]), ())
        .callable("object", || Shared::new(vec![1_u8, 2]), ())
        .build()
        .unwrap();
    let config = Config::from_pairs([("a", Value::from(3)), ("rate", Value::from(0.5))]);
    let mut context = context(&experiment, config);
    run(&experiment, &mut context).unwrap();
    context
        .read(&expression.into())
        .map_err(|error| error.to_string())
}

#[test]
fn expressions_are_computed() {
    let cases = [
        (ec("a") * 2, Value::from(6)),
        (2 * ec("a") - 1, Value::from(5)),
        (ec("a") / 2, Value::from(1.5)),
        (-ec("a") % 2, Value::from(1)),
        (ec("a").pow(2) + ec("rate"), Value::from(9.5)),
        (1.0 / ec("rate"), Value::from(2.0)),
        (ec("a").gt(2) & !ec("a").eq(4.0), Value::from(true)),
        (ec("a").le(ec("rate")) | ec("a").ne(3), Value::from(false)),
        (o("list").at(0), Value::from(10)),
        (o("list").at(-1), Value::from(30)),
        (o("list").at(it() + 1), Value::from(20)),
        (o("map").field("p"), Value::from(7)),
        (
            list_of((ec("a"), o("map"))).at(1).field("p"),
            Value::from(7),
        ),
        (
            map_of([("x", ec("a")), ("y", list_of((1, "z")))])
                .field("y")
                .at(1),
            Value::from("z"),
        ),
        (
            text_of("{}: {:.2} {{{}}}", (ec("a"), ec("rate"), o("list"))),
            Value::from("3: 0.50 {[10,20,30]}"),
        ),
        (ec("rate").map(f64::sqrt).lt(0.8), Value::from(true)),
        (
            o("object").map(|object: Shared<Vec<u8>>| object.len()),
            Value::from(2),
        ),
        (
            o("list").map(|list: Vec<i64>| (list.len(), "x")).at(0),
            Value::from(3),
        ),
    ];
    for (expression, expected) in cases {
        let text = expression.to_string();
        assert_eq!(value(expression), Ok(expected), "{text}");
    }
}

#[test]
fn operations_without_a_result_say_why() {
    let cases = [
        (
            ec("a") + "x",
            "`ec(\"a\") + \"x\"`: needs numbers, found the integer 3 and the string \"x\"",
        ),
        (
            o("list").at(5),
            "`o(\"list\").at(5)`: unknown field `5`: the list has 3 elements, from 0",
        ),
        (
            o("map").field("q"),
            "`o(\"map\").at(\"q\")`: unknown field `q`: the map has p",
        ),
        (
            ec("a").lt("x"),
            "`ec(\"a\") < \"x\"`: the integer 3 and the string \"x\" have no order",
        ),
        (
            !ec("a"),
            "`!ec(\"a\")`: needs true or false, found the integer 3",
        ),
        (
            (o("object") + 1) * 2,
            "`o(\"object\") + 1`: output of unit `object` is an object in memory; use `map`",
        ),
        (
            ec("a").map(|a: String| a),
            "config item `a`: expected a string, found integer `3`",
        ),
        (
            ec("a").map(|_: i64| Err::<i64, _>("too small")),
            "a function of config item `a`: too small",
        ),
    ];
    for (expression, expected) in cases {
        assert_eq!(value(expression), Err(expected.to_owned()));
    }
}

#[test]
fn what_is_missing_is_none_or_an_error_or_not_saved() {
    let experiment = Experiment::builder()
        .callable("late", || 1_i64, ())
        .when(When::at(1))
        .callable("before", |late: Option<i64>| late.is_none(), (o("late"),))
        .save_to("before")
        .callable("sum", |sum: Option<i64>| sum, (o("late") + ec("a"),))
        .save_to("sum")
        .callable("other", |other: Option<String>| other, (ec("other"),))
        .save_to("other")
        .save(o("late").map(|late: Option<i64>| late.unwrap_or(-1)), "or")
        .save(list_of((o("late"), 1)), "skipped")
        .save(ec("other"), "skipped_item")
        .build()
        .unwrap();
    let mut context = context(&experiment, Config::from_pairs([("a", 1)]));
    for unit in &experiment.units()[1..] {
        match unit.body() {
            UnitBody::Callable(body) => {
                let output = body.call(&mut context).unwrap();
                unit.save(&output, &mut context).unwrap();
            }
            UnitBody::Save {
                expression,
                variable,
            } => context.save_expression(expression, variable).unwrap(),
            _ => panic!("a callable, or what saves"),
        }
    }
    let expected = [
        ("before", Value::from(true)),
        ("or", Value::from(-1)),
        ("other", Value::Null),
        ("sum", Value::Null),
    ];
    let expected: BTreeMap<_, _> = expected
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    assert_eq!(crate::experiment::saved(&mut context), expected);
    let error = context.read::<i64>(&(o("late") * 2)).unwrap_err();
    let text =
        "unit `late` has no output yet: it failed, is not due, or must come before this unit";
    assert_eq!(error.to_string(), text);
    // A `Value` could be null, but a missing output is an error all the same.
    assert!(context.read::<Value>(&o("late")).is_err());
}

#[test]
fn mistakes_in_expressions_are_found_when_the_experiment_is_built() {
    let error = |expression: Expression| {
        let built = Experiment::builder().save(expression, "x").build();
        built.unwrap_err().to_string()
    };
    let of_unknown = error(list_of((1, map_of([("x", o("loss").at(0) + 1)]))));
    assert_eq!(
        of_unknown,
        "unit `save_x` refers to unknown unit `loss`; available: save_x"
    );
    assert_eq!(
        error(text_of("{} {}", (1,))),
        "unit `save_x`: `{} {}` has 2 placeholders for 1 values"
    );
    assert_eq!(
        error(text_of("{x}", (1,))),
        "unit `save_x`: `{x}`: unknown placeholder `{x}`; use {} or {:.3}"
    );
    // The output of a later unit is an error for an argument that cannot be missing.
    let built = |late: Expression, is_optional: bool| {
        let builder = Experiment::builder()
            .callable("late", || 1_i64, ())
            .when(When::at(1));
        match is_optional {
            true => builder.callable("u", |late: Option<i64>| late, (late,)),
            false => builder.callable("u", |late: i64| late, (late,)),
        }
        .build()
    };
    assert!(built(o("late") + 1, true).is_ok());
    let late = built(list_of((o("late"), 1)).at(0), false).unwrap_err();
    assert!(matches!(late, BuildError::NotRunYet { .. }), "{late}");
}

#[test]
fn inputs_of_an_expression_are_those_of_its_parts() {
    let experiment = Experiment::builder()
        .callable("first", |x: f64| x, (ec("a") * 2,))
        .root()
        .callable(
            "second",
            |x: f64| x,
            (list_of((o("first") + ec("b"), 1)).at(0),),
        )
        .root()
        .build()
        .unwrap();
    let inputs = experiment.root_inputs(|_| true);
    assert_eq!(inputs.keys.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(inputs.unknown, None);
    let experiment = Experiment::builder()
        .callable(
            "root",
            |x: u64| x,
            (saved("loss").map(|all: Vec<f64>| all.len()),),
        )
        .root()
        .build()
        .unwrap();
    let unknown = experiment
        .root_inputs(|_| true)
        .unknown
        .unwrap()
        .to_string();
    let text = "reads the values saved as `loss`, which is not the same for all branches";
    assert_eq!(unknown, format!("unit `root` {text}"));
}

#[test]
fn functions_in_expressions_are_part_of_the_code() {
    let built = |expression: Expression| {
        let experiment = Experiment::builder().save(expression, "x").build().unwrap();
        experiment.code()
    };
    let of = |factor: i64| built(ec("a").map(move |a: i64| a * factor));
    assert!(of(1).has_captures());
    assert_eq!(of(1), of(2));
    let plain = built(ec("a").map(|a: i64| a + 1));
    assert!(!plain.has_captures());
    assert_ne!(plain, built(ec("a").map(|a: i64| a + 2)));
    assert_ne!(built(ec("a") * 2), built(ec("a") * 3));
    assert!(!built(ec("a") * 2).has_captures());
}

#[test]
fn expressions_are_described_as_they_are_written() {
    let cases = [
        (o("u"), "output of unit `u`"),
        (saved("x"), "the values saved as `x`"),
        (last_saved("x").at(0), "`last_saved(\"x\").at(0)`"),
        ((ec("a") + 1) * -it(), "`(ec(\"a\") + 1) * (-it())`"),
        (
            map_of([("a", list_of((1,)))]),
            "`map_of([(\"a\", list_of((1,)))])`",
        ),
        (
            text_of("{}", (e().field("id"),)),
            "`text_of(\"{}\", (e().at(\"id\"),))`",
        ),
        (!o("u").map(|_: i64| true), "`!o(\"u\").map(…)`"),
        (r(), "the results so far"),
    ];
    for (expression, text) in cases {
        assert_eq!(expression.to_string(), text);
    }
}

#[test]
fn an_experiment_reads_what_it_has_saved() {
    let experiment = Experiment::builder()
        .callable("loss", |i: u64| i * 10, (it(),))
        .save_to("loss")
        .unit("sum", |cx: &mut Context| {
            let all: Vec<u64> = cx.saved("loss")?;
            Ok(all.iter().sum::<u64>())
        })
        .save_to("sum")
        .callable("last", |last: Option<u64>| last, (last_saved("last_loss"),))
        .save_to("before")
        .callable("again", |loss: u64| loss, (o("loss"),))
        .save_to("last_loss")
        .build()
        .unwrap();
    let mut context = context(&experiment, Config::new());
    let mut columns = Vec::new();
    for iteration in 0..4 {
        context.set_iteration(iteration);
        run(&experiment, &mut context).unwrap();
        // Values that were sent are still known.
        if iteration == 1 {
            columns.push(crate::experiment::saved(&mut context));
        }
    }
    assert_eq!(context.saved::<Vec<u64>>("sum").unwrap(), [0, 10, 30, 60]);
    assert_eq!(
        context.saved::<Vec<Option<u64>>>("before").unwrap(),
        [None, Some(0), Some(10), Some(20)]
    );
    assert_eq!(context.last_saved::<u64>("loss").unwrap(), 30);
    assert_eq!(
        context.saved::<Vec<u64>>("unknown").unwrap(),
        Vec::<u64>::new()
    );
    let error = context.last_saved::<u64>("unknown").unwrap_err();
    assert_eq!(error.to_string(), "nothing was saved as `unknown` yet");
}

#[test]
fn other_saved_values_are_kept_up_to_a_limit() {
    let experiment = Experiment::builder()
        .unit("unit", |cx: &mut Context| cx.iteration())
        .callable("named", |all: Vec<String>| all.len(), (saved("named"),))
        .build()
        .unwrap();
    let mut context = context(&experiment, Config::new());
    let text = "x".repeat(900 << 10);
    for iteration in 0..20 {
        context.set_iteration(iteration);
        context.save("named", &*text).unwrap();
        context.save("other", &*text).unwrap();
        crate::experiment::saved(&mut context);
    }
    assert_eq!(context.saved::<Vec<String>>("named").unwrap().len(), 20);
    let error = context
        .saved::<Vec<String>>("other")
        .unwrap_err()
        .to_string();
    assert!(error.contains("more than 16 MiB"), "{error}");
}

#[test]
fn plain_values_and_results_of_units_over_the_context_are_outputs() {
    let experiment = Experiment::builder()
        .unit("plain", |cx: &mut Context| cx.iteration())
        .save_to("plain")
        .callable(
            "with",
            |cx: &mut Context, a: i64| a + cx.config().len() as i64,
            (ec("a"),),
        )
        .save_to("with")
        .callable(
            "io",
            |cx: &mut Context| -> std::io::Result<String> { cx.path().map(|_| String::new()) },
            (),
        )
        .build()
        .unwrap();
    let mut context = context(&experiment, Config::from_pairs([("a", 3)]));
    let error = run(&experiment, &mut context).unwrap_err();
    assert!(error.message().contains("kept in memory"), "{error}");
    let saved = crate::experiment::saved(&mut context);
    assert_eq!(saved["plain"], Value::from(0));
    assert_eq!(saved["with"], Value::from(4));
}
