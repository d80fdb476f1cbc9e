//! Writing tables from events: 10,000 experiments with 100 iterations of 2 variables, a million
//! rows.

use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput};
use research::base::{Event, Storage};
use research::domain::{Config, option};
use research::storage::{
    Format, LocalStorage, Results, StoredResearch, SummaryOptions, TableOptions,
};

const EXPERIMENTS: u64 = 10_000;
const ITERATIONS: u64 = 100;
const ROWS: u64 = EXPERIMENTS * ITERATIONS;

fn events() -> Vec<Event> {
    (0..EXPERIMENTS).flat_map(experiment).collect()
}

/// The events of one experiment.
fn experiment(number: u64) -> [Event; 4] {
    let config = Config::from_pairs([("width", number / 10)])
        .with("lr", 1.0 / (number / 10 + 1) as f64)
        .with("model", "small");
    crate::events::experiment(number, config, ITERATIONS)
}

/// Stores the events in a folder, one experiment per commit.
fn kept(events: &[Event], base: &Path) -> PathBuf {
    let mut storage = LocalStorage::create(base, &crate::events::record(base)).unwrap();
    for events in events.chunks(4) {
        storage.append(events).unwrap();
        storage.commit(false).unwrap();
    }
    storage.folder().to_owned()
}

fn load(folder: &Path) -> Results {
    let mut results = Results::new();
    for events in StoredResearch::load(folder).unwrap().events().unwrap() {
        results.extend(&events.unwrap());
    }
    results
}

pub(crate) fn tables(c: &mut Criterion) {
    let events = events();
    let results: Results = events.iter().collect();
    let all = TableOptions::new();
    let mut group = c.benchmark_group("tables");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10);
    group.bench_function("fold", |b| {
        b.iter(|| black_box(events.iter().collect::<Results>()));
    });
    let base = tempfile::tempdir().unwrap();
    let folder = kept(&events, base.path());
    group.bench_function("load_folder", |b| b.iter(|| black_box(load(&folder))));
    group.bench_function("folder_to_csv", |b| {
        b.iter(|| {
            let results = load(&folder);
            let table = results.to_table(&all).unwrap();
            table.write(Format::Csv, &mut io::sink()).unwrap();
        });
    });
    for format in Format::ALL {
        group.bench_function(format.as_str(), |b| {
            b.iter(|| {
                let table = results.to_table(&all).unwrap();
                table.write(format, &mut io::sink()).unwrap();
            });
        });
    }
    group.bench_function("row_count", |b| {
        b.iter(|| black_box(results.to_table(&all).unwrap().row_count()));
    });
    group.bench_function("summary", |b| {
        let best = SummaryOptions::new().last(10).sort_by("loss");
        b.iter(|| black_box(results.summary(&all, &best).unwrap().row_count()));
    });
    let domain = option("width", 0..500) * option("lr", [0.5, 0.25]) * option("model", ["small"]);
    let of_domain = TableOptions::new().domain(domain);
    group.bench_function("domain_filter", |b| {
        b.iter(|| black_box(results.to_table(&of_domain).unwrap().row_count()));
    });
    group.finish();
}
