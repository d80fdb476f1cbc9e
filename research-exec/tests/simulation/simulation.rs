//! Simulations of the scheduler: workers crash, messages are lost, late, repeated or stale, the run
//! is stopped, and the domain is updated. Invariants are checked at every step. Each check takes
//! constant time, so a million experiments on ten thousand workers can be simulated.
//!
//! Each simulation follows from a seed. A seed that fails is printed, and replays exactly with
//! `cargo xtask sim --seed S --seeds 1` and the same numbers of workers and configs.

mod device_cases;
mod devices;
mod ledger;
mod source;
mod world;

use std::time::Instant;

use research_core::Outcome;

use world::{Size, World};

/// The summary of a simulation.
struct Simulated {
    size: Size,
    /// The number of experiments taken from the domains, and the outcome of the run.
    end: (u64, Outcome),
    inputs: u64,
    seconds: f64,
}

/// Simulates one run. Every eighth seed has the largest size; others have fewer workers and
/// configs.
fn simulate(seed: u64, largest: Size) -> Simulated {
    let mut world = World::new(seed, largest);
    let begin = Instant::now();
    world.run();
    Simulated {
        size: world.size(),
        end: world.end(),
        inputs: world.inputs(),
        seconds: begin.elapsed().as_secs_f64(),
    }
}

/// Simulates the runs of some seeds, and passes a summary of each to `tell`.
fn simulate_all(seeds: impl Iterator<Item = u64>, largest: Size, tell: impl Fn(u64, &Simulated)) {
    for seed in seeds {
        let Size {
            workers, configs, ..
        } = largest;
        match std::panic::catch_unwind(|| simulate(seed, largest)) {
            Ok(simulated) => tell(seed, &simulated),
            Err(_) => panic!(
                "seed {seed} fails; replay it with: cargo xtask sim --seed {seed} --seeds 1 \
                 --workers {workers} --configs {configs}"
            ),
        }
    }
}

#[test]
fn every_run_ends_and_every_experiment_ends_once() {
    let small = Size {
        workers: 8,
        configs: 60,
        has_devices: true,
    };
    simulate_all(0..3000, small, |_, _| {});
}

#[test]
fn hundreds_of_workers_run_thousands_of_experiments() {
    let medium = Size {
        workers: 500,
        configs: 10_000,
        has_devices: true,
    };
    simulate_all(0..16, medium, |_, _| {});
}

#[test]
fn a_seed_replays_exactly() {
    let size = Size {
        workers: 8,
        configs: 60,
        has_devices: true,
    };
    for seed in 0..50 {
        let mut histories = [0, 1].map(|_| {
            let mut world = World::new(seed, size);
            world.run();
            world.history()
        });
        let [one, other] = &mut histories;
        assert_eq!(one, other, "seed {seed}");
    }
}

/// The long form, which `cargo xtask sim` runs; environment variables set its size.
#[test]
#[ignore = "takes long: cargo xtask sim"]
fn long() {
    let number = |name: &str, default: u64| {
        let set = std::env::var(name).ok();
        set.map_or(default, |text| text.parse().expect("it is a number"))
    };
    let first = number("SIM_SEED", 0);
    let seeds = number("SIM_SEEDS", 16);
    let largest = Size {
        workers: number("SIM_WORKERS", 10_000)
            .try_into()
            .expect("workers are counted in 32 bits"),
        configs: number("SIM_CONFIGS", 1_000_000),
        has_devices: true,
    };
    simulate_all(first..first + seeds, largest, |seed, simulated| {
        let Simulated {
            size:
                Size {
                    workers,
                    configs,
                    has_devices,
                },
            end: (experiments, outcome),
            inputs,
            seconds,
        } = simulated;
        let rate = *inputs as f64 / seconds;
        let devices = if *has_devices {
            " that share devices"
        } else {
            ""
        };
        eprintln!(
            "seed {seed}: {workers} workers{devices}, {configs} configs at first, {experiments} \
             experiments, {outcome:?}: {inputs} events in {seconds:.2} s, {rate:.0}/s"
        );
    });
}
