//! The configs per second: forward, by random access, drawn, and selected.
#![expect(clippy::unwrap_used, reason = "a failing benchmark should stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use research_domain::{Configs, Domain, Iteration, Value, option, uniform};

/// 6 parameters with 10 values each.
fn grid() -> Configs {
    let options = (0..6).map(|number| option(format!("parameter_{number}"), 0..10));
    Domain::product(options)
        .configs(&Iteration::default())
        .unwrap()
}

fn forward(c: &mut Criterion) {
    let configs = grid();
    let size = 1_000_000;
    let mut group = c.benchmark_group("forward");
    group.throughput(Throughput::Elements(size)).sample_size(10);
    group.bench_function("names_and_values", |b| {
        b.iter(|| configs.iter().for_each(|item| drop(black_box(item))));
    });
    group.finish();
}

fn random_access(c: &mut Criterion) {
    let configs = grid();
    let size = 100_000u64;
    let mut group = c.benchmark_group("random_access");
    group.throughput(Throughput::Elements(size)).sample_size(20);
    group.bench_function("names_and_values", |b| {
        b.iter(|| {
            for number in 0..u128::from(size) {
                black_box(configs.get(number * 7919 % 1_000_000).unwrap());
            }
        });
    });
    group.finish();
}

fn sampled(c: &mut Criterion) {
    let domain = option("a", uniform(0.0, 1.0)) * option("b", uniform(0.0, 1.0));
    let size = 10_000u64;
    let configs = domain
        .configs(&Iteration::default().n_items(u128::from(size)))
        .unwrap();
    let mut group = c.benchmark_group("sampled");
    group.throughput(Throughput::Elements(size));
    group.bench_function("two_uniforms", |b| {
        b.iter(|| configs.iter().for_each(|item| drop(black_box(item))));
    });
    group.finish();
}

/// Conditions over lists, and a sample of a huge grid.
fn selected(c: &mut Criterion) {
    let grid = grid().domain().clone();
    let condition = grid.matching("parameter_0 < parameter_5 and parameter_2 != parameter_3");
    let digits = (0..18).map(|number| option(format!("d{number}"), 0..10));
    let sample = Domain::product(digits).sample(100_000);
    let mut group = c.benchmark_group("selected");
    for (name, domain) in [("condition", condition), ("sample", sample)] {
        let configs = domain.configs(&Iteration::default()).unwrap();
        let size = configs.size().unwrap().finite().unwrap();
        group
            .throughput(Throughput::Elements(u64::try_from(size).unwrap()))
            .sample_size(10);
        group.bench_function(name, |b| {
            b.iter(|| configs.iter().for_each(|item| drop(black_box(item))));
        });
    }
    group.finish();
}

fn values(c: &mut Criterion) {
    c.bench_function("value_from_f64", |b| {
        b.iter(|| Value::from_serialize(black_box(&1.5)).unwrap());
    });
}

criterion_group!(benches, forward, random_access, sampled, selected, values);
criterion_main!(benches);
