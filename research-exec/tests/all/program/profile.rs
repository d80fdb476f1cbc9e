//! Programs in a detailed profile.

use std::collections::BTreeMap;
use std::sync::Arc;

use research_core::Experiment;
use research_core::events::Measure;
use research_core::units::UnitBody;
use research_exec::program::{OutputSpec, ProgramCallable, ProgramGenerator};
use research_exec::{Executor, Series};

use super::words;

/// Returns the profile of a unit in two iterations.
fn measured(body: UnitBody) -> BTreeMap<Measure, Series> {
    let experiment = Experiment::builder().body("unit", body, true, &[]);
    let execution = Executor::new(experiment.build().unwrap())
        .n_iters(2)
        .profile(2)
        .run()
        .unwrap();
    let [branch] = execution.branches() else {
        panic!("one branch")
    };
    assert!(branch.status().is_success(), "{:?}", branch.ending);
    let of_unit = |(unit, measure): &(Option<String>, Measure)| unit.is_some().then_some(*measure);
    let profile = branch.profile.iter();
    profile
        .filter_map(|(key, series)| Some((of_unit(key)?, series.clone())))
        .collect()
}

#[test]
fn a_program_is_measured_and_not_who_waits_for_it() {
    let command = words(
        &["dd", "if=/dev/zero", "of=/dev/null", "bs=300M", "count=1"],
        OutputSpec::Json,
    );
    let measured = measured(UnitBody::Callable(Arc::new(ProgramCallable::new(command))));
    let all = |measure, least: f64| {
        let values = measured[&measure].iter();
        let values: Vec<f64> = values.map(|(_, value)| value.as_f64().unwrap()).collect();
        assert_eq!(values.len(), 2, "{measure:?}");
        assert!(values.iter().all(|value| *value > least), "{values:?}");
    };
    all(Measure::Seconds, 0.0);
    all(Measure::CpuSeconds, 0.0);
    all(Measure::PageFaults, 0.0);
    all(Measure::PeakMemory, 300.0 * 1024.0 * 1024.0);
}

#[test]
fn nothing_is_known_of_a_program_before_its_end() {
    let generator = |last: &str| {
        let command = words(&["seq", last], OutputSpec::Json);
        let generator = ProgramGenerator::new(command).unwrap();
        measured(UnitBody::Generator(Arc::new(generator)))
    };
    let measures =
        |measured: BTreeMap<Measure, Series>| -> Vec<Measure> { measured.into_keys().collect() };
    assert_eq!(measures(generator("1000000")), [Measure::Seconds]);
    let ended = generator("1");
    assert_eq!(ended[&Measure::Seconds].len(), 2);
    let used = &ended[&Measure::CpuSeconds];
    assert_eq!(used.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [1]);
}
