//! The research that the benches of readers and tables read.

use std::path::Path;

use research::base::{
    Column, Event, ExperimentNumber, ExperimentRecord, Iterations, ResearchRecord, RunOptions,
    Status, Timestamp, WorkerNumber,
};
use research::domain::{Config, ExperimentId, Rules};

/// The events of one experiment with two variables; each of ten repetitions of a config.
pub(crate) fn experiment(number: u64, config: Config, iterations: u64) -> [Event; 4] {
    let at = Timestamp(number);
    let attempt = 1;
    let record = ExperimentRecord {
        id: ExperimentId::parse(&format!("e{number:015x}")).unwrap(),
        place: number,
        config,
        repetition: number % 10,
        updates: 0,
        seed: number,
    };
    let experiment = ExperimentNumber(number);
    let values = |variable: &str, scale: f64| {
        let value = |iteration| scale / (iteration + number + 1) as f64;
        Event::Values {
            experiment,
            variable: variable.into(),
            iterations: Iterations::Run {
                first: 0,
                count: iterations,
            },
            column: Column::Float((0..iterations).map(value).collect()),
        }
    };
    [
        Event::ExperimentStarted {
            at,
            experiment,
            attempt,
            worker: WorkerNumber(0),
            pid: 1,
            record: Box::new(record),
            epoch: 0,
            added: Default::default(),
        },
        values("loss", 1.0),
        values("accuracy", 0.5),
        Event::ExperimentEnded {
            at,
            experiment,
            attempt,
            status: Status::Finished,
            reason: None,
            iterations,
            usage: Default::default(),
        },
    ]
}

/// Returns the record of the research in `directory`.
pub(crate) fn record(directory: &Path) -> ResearchRecord {
    ResearchRecord {
        format: ResearchRecord::FORMAT,
        rules: Rules::LATEST,
        name: "bench".to_owned(),
        created: 0,
        program: "bench".to_owned(),
        build: None,
        directory: directory.to_owned(),
        directory_from_folder: None,
        domain: "width=[1]".to_owned(),
        options: RunOptions::default(),
        units: Vec::new(),
        commands: Vec::new(),
        updates: Vec::new(),
        source: None,
        source_file: None,
    }
}
