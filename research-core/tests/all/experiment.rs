//! Building experiments, and what their units see and save.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use research_core::domain::{Config, Identity, Value};
use research_core::executor::ExecutorContext;
use research_core::units::UnitBody;
use research_core::{
    BuildError, Context, Event, Experiment, ExperimentBuilder, ExperimentNumber, ExperimentRecord,
    Expression, Output, Serialized, Shared, UnitError, When, e, e_all, e_unit, ec, ec_all, ep, it,
    o, r, s,
};
use serde::{Deserialize, Serialize};

pub(crate) fn context(experiment: &Experiment, config: Config) -> ExecutorContext {
    seeded(experiment, config, None)
}

/// Returns a context for an experiment. `seed` replaces the experiment's own seed.
fn seeded(experiment: &Experiment, config: Config, seed: Option<u64>) -> ExecutorContext {
    let identity = Identity {
        config: &config,
        repetition: 2,
        updates: 0,
        seed: 1,
        occurrence: 0,
    };
    let record = ExperimentRecord {
        id: identity.id(""),
        place: 0,
        seed: seed.unwrap_or(identity.seed()),
        repetition: 2,
        updates: 0,
        config: config.clone(),
    };
    experiment.context(ExperimentNumber(0), Arc::new(record), None)
}

/// Calls all units once, in order, as an executor would.
pub(crate) fn run(experiment: &Experiment, context: &mut ExecutorContext) -> Result<(), UnitError> {
    for (position, unit) in experiment.units().iter().enumerate() {
        let UnitBody::Callable(body) = unit.body() else {
            panic!("a callable")
        };
        let output = body.call(context)?;
        unit.save(&output, context)?;
        context.set_output(position, output);
    }
    Ok(())
}

pub(crate) fn saved(context: &mut ExecutorContext) -> BTreeMap<String, Value> {
    let mut events: Vec<Event> = Vec::new();
    context.send_saved(&mut events).unwrap();
    let value = |event| match event {
        Event::Values {
            variable, column, ..
        } => (variable.to_string(), column.get(0).unwrap()),
        other => panic!("{other:?}"),
    };
    events.into_iter().map(value).collect()
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Settings {
    a: f64,
    name: String,
}

#[test]
fn arguments_are_read_and_outputs_are_forwarded() {
    let experiment = Experiment::builder()
        .callable("power", |a: f64, b: i32| a.powi(b), (ec("a"), 3))
        .save_to("power")
        .callable(
            "whole",
            |settings: Settings| Serialized(settings),
            (ec_all(false),),
        )
        .save_output_dict()
        .callable("shared", || Shared::new(vec![1_i64, 2, 3]), ())
        .callable(
            "sum",
            |v: Shared<Vec<i64>>| v.iter().sum::<i64>(),
            (o("shared"),),
        )
        .save_to("sum")
        .callable("pair", |i: u64, r: u64| (i, r), (it(), ec("repetition")))
        .save_parts_to([None, Some("repetition")])
        .unit("context", |cx: &mut Context| {
            let sum: i64 = cx.output("sum")?;
            cx.save("twice", 2 * sum)?;
            Ok(())
        })
        .build()
        .unwrap();
    let config = Config::from_pairs([("a", Value::from(2)), ("name", Value::from("x y"))]);
    let mut context = context(&experiment, config);
    run(&experiment, &mut context).unwrap();
    let expected = [
        ("power", Value::from(8.0)),
        ("a", Value::from(2.0)),
        ("name", Value::from("x y")),
        ("sum", Value::from(6)),
        ("repetition", Value::from(2)),
        ("twice", Value::from(12)),
    ];
    let expected = expected
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    assert_eq!(saved(&mut context), expected);
}

#[test]
fn wrong_arguments_name_what_was_expected() {
    let error = |experiment: Experiment| {
        let config = Config::from_pairs([("rate", "high")]);
        run(&experiment, &mut context(&experiment, config))
            .unwrap_err()
            .message()
            .to_owned()
    };
    let builder = Experiment::builder;
    let wrong = error(
        builder()
            .callable("u", |r: f64| r, (ec("rate"),))
            .build()
            .unwrap(),
    );
    assert!(
        wrong == "config item `rate`: expected f64, found string \"high\"",
        "{wrong}"
    );
    let unknown = error(
        builder()
            .callable("u", |r: f64| r, (ec("rat"),))
            .build()
            .unwrap(),
    );
    assert!(unknown.contains("did you mean `rate`?"), "{unknown}");
    let value = builder()
        .callable("u", |_: Shared<Vec<f64>>| 1, (ec("rate"),))
        .build()
        .unwrap();
    let value = error(value);
    assert!(
        value.starts_with("config item `rate` is a value, and this argument takes an object"),
        "{value}"
    );
    let early = builder()
        .callable("first", |x: f64| x, (o("second"),))
        .when(2)
        .callable("second", || 1.0, ())
        .build()
        .unwrap();
    let early = error(early);
    let why = "`second` has no output yet: it failed, is not due, or must come before this unit";
    assert!(early.contains(why), "{early}");
    let parts = builder()
        .callable("u", || (1, 2), ())
        .save_parts_to([Some("a")])
        .build()
        .unwrap();
    assert!(error(parts).contains("1 names and the unit put out 2 values"));
    let map = builder()
        .callable("u", || 1, ())
        .save_output_dict()
        .build()
        .unwrap();
    assert!(error(map).contains("needs a map"));
    let object = builder()
        .callable("u", || Shared::new(1), ())
        .save_to("x")
        .build()
        .unwrap();
    assert!(error(object).contains("an object in memory"));
    let failed = builder()
        .callable("u", || Err::<f64, _>("as it should"), ())
        .build()
        .unwrap();
    assert_eq!(error(failed), "as it should");
}

#[test]
fn what_cannot_be_is_found_when_it_is_built() {
    assert_eq!(
        Experiment::builder().build().unwrap_err(),
        BuildError::NoUnits
    );
    let early = Experiment::builder()
        .save_to("x")
        .callable("u", || 1, ())
        .build();
    assert_eq!(early.unwrap_err(), BuildError::SettingBeforeUnit);
    let twice = Experiment::builder()
        .callable("u", || 1, ())
        .save_to("x")
        .save_output_dict();
    assert!(matches!(
        twice.build().unwrap_err(),
        BuildError::SavedTwice { .. }
    ));
    let unknown = Experiment::builder()
        .callable("power", || 1, ())
        .callable("u", |x: i64| x, (o("powre"),))
        .build()
        .unwrap_err();
    assert!(
        unknown.to_string().contains("did you mean `power`?"),
        "{unknown}"
    );
}

/// No setting is silently ignored: one without effect on a kind of unit is refused.
#[test]
fn settings_without_effect_are_refused() {
    type Set = fn(ExperimentBuilder) -> ExperimentBuilder;
    let saves: [(&str, Set); 3] = [
        ("save_to", |unit| unit.save_to("x")),
        ("save_parts_to", |unit| {
            unit.save_parts_to([Some("x"), None])
        }),
        ("save_output_dict", ExperimentBuilder::save_output_dict),
    ];
    let runs: [(&str, Set); 2] = [
        ("timeout", |unit| unit.timeout(Duration::from_secs(1))),
        ("root", ExperimentBuilder::root),
    ];
    let saving: [Set; 2] = [
        |units| units.save(o("pair"), "saved"),
        |units| units.dump(["saved"]),
    ];
    let objects: [Set; 2] = [
        |units| units.instance("object", || Ok(1_i64), ()),
        |units| units.pipeline("batches", |_: &mut Context| Ok([1_i64, 2])),
    ];
    let pair = || Experiment::builder().callable("pair", || (1, 2), ());
    let refused = |builder: ExperimentBuilder, name: &str| {
        let error = builder.build().unwrap_err();
        let is_named = matches!(&error, BuildError::NoEffect { setting, .. } if *setting == name);
        assert!(is_named, "{name}: {error}");
    };
    for add in saving {
        for (name, set) in saves.into_iter().chain(runs) {
            refused(set(add(pair())), name);
        }
        assert!(add(pair()).when(2).dump_when(2).build().is_ok());
    }
    for add in objects {
        for (name, set) in saves {
            refused(set(add(pair())), name);
        }
        for (_, set) in runs {
            assert!(set(add(pair())).build().is_ok());
        }
    }
    let full_run = pair()
        .pipeline("batches", |_: &mut Context| Ok([1_i64, 2]))
        .full_run()
        .branch_pipeline("step", "batches", |_| Ok(()), |(), one: &i64, _| Ok(*one))
        .save_to("x");
    refused(full_run.root(), "root");
}

#[test]
fn units_of_one_name_get_postfixes() {
    let experiment = Experiment::builder()
        .callable("u", || 1, ())
        .callable("u", || 2, ())
        .when(When::last())
        .callable("u", || 3, ())
        .build()
        .unwrap();
    let names: Vec<&str> = experiment
        .units()
        .iter()
        .map(research_core::Unit::name)
        .collect();
    assert_eq!(names, ["u", "u_1", "u_2"]);
    assert_eq!(experiment.default_n_iters(), Some(1));
}

#[test]
fn the_random_generator_depends_on_the_record_alone() {
    let experiment = Experiment::builder()
        .callable("u", || 1, ())
        .build()
        .unwrap();
    let draw = |a: i64| {
        use research_core::rand_core::Rng;
        context(&experiment, Config::from_pairs([("a", a)]))
            .rng()
            .next_u64()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn outputs_are_values_or_objects() {
    let object = research_core::IntoOutput::into_output(Shared::new("text".to_owned())).unwrap();
    assert!(matches!(object, Output::Object(_)));
    assert_eq!(format!("{object:?}"), "Object(..)");
}

/// Seeds have 64 bits, integers 63: half of the seeds would not be integers.
#[test]
fn the_seed_in_the_map_of_the_experiment_is_that_of_programs() {
    #[derive(Deserialize)]
    struct Known {
        id: String,
        seed: u32,
    }
    let experiment = Experiment::builder()
        .callable("u", |known: Known| (known.id, known.seed), (e(),))
        .save_parts_to([None, Some("seed")])
        .build()
        .unwrap();
    let mut context = seeded(&experiment, Config::new(), Some(u64::MAX - 7));
    run(&experiment, &mut context).unwrap();
    let seed = ("seed".to_owned(), Value::from(u32::MAX));
    assert_eq!(saved(&mut context), [seed].into());
}

#[test]
fn expressions_are_called_in_errors_what_they_stand_for() {
    let named = [
        (ec("lr"), "config item `lr`"),
        (ec_all(false), "the config"),
        (o("power"), "output of unit `power`"),
        (e_unit("power"), "unit `power`"),
        (e_all(), "all branches"),
        (e(), "the experiment"),
        (ep(), "the experiment's folder"),
        (it(), "the iteration"),
        (r(), "the results so far"),
        (s(), "the storage"),
        (Expression::from(3), "constant 3"),
    ];
    for (expression, name) in named {
        assert_eq!(expression.to_string(), name);
    }
}
