//! Queries, summaries and plots of a log with 20 million values: 20,000 experiments with 500
//! iterations of 2 variables.

use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput};
use research::base::{Event, Storage};
use research::domain::Config;
use research::storage::{
    Format, LocalStorage, LogResults, Plot, PlotOptions, QueryOptions, StoredResearch,
    SummaryOptions, TableOptions,
};

const EXPERIMENTS: u64 = 20_000;
const ITERATIONS: u64 = 500;
const VALUES: u64 = EXPERIMENTS * ITERATIONS * 2;

/// The events of one experiment.
fn experiment(number: u64) -> [Event; 4] {
    let config = Config::from_pairs([("width", number / 1000)])
        .with("lr", 1.0 / (number / 10 % 100 + 1) as f64)
        .with("model", "small");
    crate::events::experiment(number, config, ITERATIONS)
}

fn kept(base: &Path) -> PathBuf {
    let mut storage = LocalStorage::create(base, &crate::events::record(base)).unwrap();
    for number in 0..EXPERIMENTS {
        storage.append(&experiment(number)).unwrap();
        if number % 16 == 0 {
            storage.commit(false).unwrap();
        }
    }
    storage.commit(false).unwrap();
    storage.folder().to_owned()
}

pub(crate) fn readers(c: &mut Criterion) {
    let base = tempfile::tempdir().unwrap();
    let folder = kept(base.path());
    let load = || -> LogResults {
        let stored = StoredResearch::load(&folder).unwrap();
        LogResults::new(stored.events().unwrap()).unwrap()
    };
    let mut group = c.benchmark_group("readers");
    group
        .throughput(Throughput::Elements(VALUES))
        .sample_size(10);
    let questions = [
        ("query_mean", "select avg(loss) from results"),
        (
            "query_group",
            "select lr, avg(loss) from results group by lr",
        ),
        (
            "query_join",
            "select id, max(loss) from results join experiments using (id) group by id",
        ),
        (
            "query_one",
            "select iteration, loss from results where id = 'e000000000000777'",
        ),
    ];
    for (name, question) in questions {
        group.bench_function(name, |b| {
            let options = QueryOptions::new();
            b.iter(|| black_box(load().query(question, &options).unwrap().row_count()));
        });
    }
    group.bench_function("summary", |b| {
        let best = SummaryOptions::new().last(10).sort_by("loss");
        b.iter(|| {
            let results = load();
            let table = results.summary(&TableOptions::new(), &best).unwrap();
            black_box(table.row_count())
        });
    });
    group.bench_function("plot", |b| {
        let by_width = PlotOptions::new().group_by(["width"]);
        b.iter(|| {
            let plot = Plot::new(&load(), &TableOptions::new(), &by_width).unwrap();
            black_box(plot.to_svg().len())
        });
    });
    group.bench_function("csv", |b| {
        b.iter(|| {
            let results = load();
            let table = results.table(&TableOptions::new()).unwrap();
            table.write(Format::Csv, &mut io::sink()).unwrap()
        });
    });
    group.finish();
}
