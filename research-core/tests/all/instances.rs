//! Instances, and errors of references that are found before anything runs.

use research_core::{
    BuildError, Experiment, ExperimentBuilder, Instance, When, e, e_all, e_unit, ec, o,
};

struct Model {
    weight: f64,
}

fn with_model() -> ExperimentBuilder {
    Experiment::builder().instance("model", |weight: f64| Ok(Model { weight }), (ec("weight"),))
}

fn error(builder: ExperimentBuilder) -> BuildError {
    builder.build().unwrap_err()
}

#[test]
fn a_method_needs_its_instance_and_its_type() {
    let misspelt = with_model().method("weight", "modle", |model: &mut Model| model.weight, ());
    assert_eq!(
        error(misspelt).to_string(),
        "unit `weight` needs unknown instance `modle`; did you mean `model`?"
    );
    let no_instance = with_model().callable("number", || 1, ()).method(
        "weight",
        "number",
        |model: &mut Model| model.weight,
        (),
    );
    assert!(matches!(
        error(no_instance),
        BuildError::UnknownInstance { .. }
    ));
    let other_type = with_model().method("text", "model", |text: &mut String| text.len(), ());
    let message = error(other_type).to_string();
    assert!(
        message.contains("`text` takes a alloc::string::String")
            && message.contains("is a all::instances::Model"),
        "{message}"
    );
}

#[test]
fn a_unit_that_can_not_have_run_yet_is_found() {
    let before = Experiment::builder()
        .callable("sum", |x: f64| x, (o("later"),))
        .callable("later", || 1.0, ());
    assert_eq!(
        error(before).to_string(),
        "unit `sum` runs in the first iteration and refers to `later`, which has not run by then: \
         put `later` before it, let `sum` be due later, or take an `Option`"
    );
    let too_rare = Experiment::builder()
        .callable("rare", || 1.0, ())
        .when(10)
        .callable("sum", |x: f64| x, (o("rare"),));
    assert!(matches!(error(too_rare), BuildError::NotRunYet { .. }));
    let fed_back = Experiment::builder()
        .callable("sum", |x: f64| x, (o("later"),))
        .when(2)
        .callable("later", || 1.0, ());
    assert!(fed_back.build().is_ok());
    let last = Experiment::builder()
        .callable("last", || 1.0, ())
        .when(When::last())
        .callable("sum", |x: f64| x, (o("last"),));
    assert!(last.build().is_ok(), "with one iteration it does run");
}

#[test]
fn all_branches_are_for_roots() {
    let builder = || {
        Experiment::builder().callable(
            "best",
            |_all: research_core::Shared<research_core::Branches>| 1,
            (e_all(),),
        )
    };
    assert!(matches!(
        error(builder()),
        BuildError::AllOutsideRoot { .. }
    ));
    assert!(builder().root().build().is_ok());
}

#[test]
fn expressions_name_units_and_instances() {
    let experiment = with_model()
        .callable(
            "x",
            |model: Instance<Model>| model.lock().unwrap().weight,
            (e_unit("model"),),
        )
        .callable("y", |id: research_core::domain::Value| id, (e(),))
        .save(o("x"), "x")
        .dump(["x"])
        .when(When::last())
        .build()
        .unwrap();
    assert_eq!(
        experiment.describe(),
        [
            "model (instance, when #0)",
            "x (callable, when 1)",
            "y (callable, when 1)",
            "save_x (save output of unit `x` as x, when 1)",
            "dump (dump x, when last)"
        ]
    );
    assert_eq!(experiment.default_n_iters(), Some(1));
}
