//! Measures how fast events are appended to a log and read back.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use research_core::{Column, Event, ExperimentNumber, Iterations};
use research_storage::{FsyncPolicy, LogReader, LogWriter};

/// The number of values in a column, and the number of columns written in a run.
const CASES: [(usize, u64); 3] = [(1, 200_000), (100, 10_000), (10_000, 200)];

/// The number of columns that are committed together.
const GROUP: usize = 100;

fn columns(len: usize) -> Vec<Event> {
    let column = |number| Event::Values {
        experiment: ExperimentNumber(number),
        variable: "validation_loss".into(),
        iterations: Iterations::Run {
            first: 0,
            count: len as u64,
        },
        column: Column::Float((0..len).map(|i| 1.0 / (i + 1) as f64).collect()),
    };
    (0..GROUP as u64).map(column).collect()
}

/// Writes a log, and returns its length.
fn write(path: &Path, group: &[Event], columns: u64, policy: FsyncPolicy) -> u64 {
    let file = std::fs::File::create(path).expect("the folder can be written");
    let mut writer = LogWriter::begin(file, path, policy).expect("a log can be begun");
    for _ in 0..columns / GROUP as u64 {
        for event in group {
            writer
                .append(std::slice::from_ref(event))
                .expect("there is room");
        }
        writer.commit(false).expect("there is room");
    }
    writer.commit(true).expect("there is room");
    std::fs::metadata(path).expect("it was written").len()
}

fn read(path: &Path) -> usize {
    let reader = LogReader::open(path).expect("it was written");
    reader
        .map(|events| black_box(events.expect("it is whole")).len())
        .sum()
}

fn log(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("events.log");
    for (len, columns_written) in CASES {
        let group = columns(len);
        let bytes = write(&path, &group, columns_written, FsyncPolicy::Never);
        let values = columns_written * len as u64;
        let mut group_of = |unit: &str, throughput| {
            let mut cases = criterion.benchmark_group(format!("{len} values an event, {unit}"));
            cases.sample_size(10).throughput(throughput);
            for policy in [FsyncPolicy::Never, FsyncPolicy::Experiment] {
                cases.bench_function(format!("append, {policy:?}"), |bencher| {
                    bencher.iter(|| write(&path, &group, columns_written, policy));
                });
            }
            cases.bench_function("read", |bencher| bencher.iter(|| read(&path)));
            cases.finish();
        };
        group_of("bytes", Throughput::Bytes(bytes));
        group_of("values", Throughput::Elements(values));
    }
}

criterion_group!(benches, log);
criterion_main!(benches);
