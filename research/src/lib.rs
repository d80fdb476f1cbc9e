//! Run thousands of experiments over a space of parameters, each in its own process, on the
//! processors that you have, and never lose a result.
//!
//! A [`Research`] has a [`Domain`] of parameters and units that run for each config of it. Its
//! workers are forked from the program, so units may be any closures; each experiment runs
//! in a fresh process; what happens is appended to a log on disk, and results are read from that.
//!
//! ```no_run
//! use research::{Research, ec, o, option};
//!
//! let power = |a: f64, b: f64| a.powf(b);
//! let research = Research::new("power")
//!     .domain(option("a", [2.0, 3.0]) * option("b", [2.0, 3.0, 4.0]))
//!     .callable("power", power, (ec("a"), ec("b")))
//!     .save_to("power")
//!     .callable("increment", |x: f64| x + 1.0, (o("power"),))
//!     .save_to("increment")
//!     .n_reps(3)
//!     .workers(2)
//!     .seed(42)
//!     .run()?;
//! println!("{}", research.results().table()?);
//! # Ok::<(), research::ResearchError>(())
//! ```
//!
//! `run` gives a [`Finished`], whose [`results`](Finished::results) are tables, single values, or
//! CSV and JSON; beside the log stands `results.parquet` for other programs. What fails is no error
//! of `run`: [`report`](Finished::report) counts it, [`logs`](Finished::logs) say why, and
//! [`retries`](Research::retries), [`timeout`](Research::timeout) and
//! [`redo_failed`](Research::redo_failed) are for that. A run that was interrupted is gone on with by
//! [`resume`](Research::resume), and an earlier one read by [`Finished::load`].
//!
//! # Workers are forked, or the program is executed once more
//!
//! Where the program has one thread when `run` is called, workers are forked from it. They have all that
//! closures have captured, and nothing happens twice. What is drawn from a generator of random numbers
//! that was there before `run` is the same in all workers: draw from [`Context::rng`]. What waits for an
//! exit handler or a destructor of the program does not happen in workers.
//!
//! Threads do not survive a fork. Where the program has several when `run` is called (a pool, an async
//! runtime, a test harness), each worker is the program executed once more with the same arguments; when
//! it comes to the same `run`, it turns into the worker and ends there. What the program does before that,
//! each worker does once more: give [`worker_entry`] the research at the beginning of `main` to keep that
//! from happening. Under `cargo test` a worker runs the one test that called `run`. A worker whose
//! `run` has another domain, other units or options than the leader's refuses to work.
//!
//! A unit can run another research with [`Isolation::None`] only. A program that a unit starts can run any
//! research, up to three within each other.
//!
//! `docs/embedding.md` has more about async programs, tests, threads and subscribers.

mod active;
mod audience;
mod builder;
mod changes;
mod check;
mod cleanup;
mod devices;
mod earlier;
mod environment;
mod error;
mod experiment;
mod failed;
#[cfg(feature = "file")]
pub mod file;
mod finished;
mod identity;
mod log_entry;
mod parallelism;
mod profile;
mod reproduce;
mod resume_plan;
mod resume_state;
mod roots;
mod run;
mod run_files;
mod stop;
mod storing;
mod units;
mod update;
mod view;
mod worker;
mod worker_arrivals;

pub use builder::Research;
pub use cleanup::remove;
pub use error::ResearchError;
pub use experiment::StoredExperiment;
pub use finished::{Finished, StoredResults};
pub use log_entry::LogEntry;
pub use parallelism::Parallelism;
pub use profile::{Profile, ProfileOptions, UnitSpan, UnitTime};
pub use reproduce::{Difference, Reproduction};
pub use research_core as core;
pub use research_core::{
    Branches, BuildError, Context, Delivery, EnvMeta, Event, ExecutorHooks, ExecutorTarget,
    Experiment, ExperimentBuilder, Expression, FailureKind, FsyncPolicy, Instance, Isolation,
    LargeValue, LogLevel, MemorySize, Outcome, OutputStream, Redirect, ResearchRecord, RunOptions,
    Serialized, Shared, Status, Subscriber, Timestamp, Unit, UnitError, UnitResult, When, e, e_all,
    e_unit, ec, ec_all, ep, it, o, r, s,
};
pub use research_domain as domain;
pub use research_domain::{Config, Domain, Value, option};
pub use research_exec as exec;
pub use research_exec::{Executor, NewDomain, Report, ResumePlan, SpanProfile, StatusCounts};
pub use research_monitor as monitor;
pub use research_process as process;
pub use research_storage as storage;
pub use research_storage::{Format, Results, SummaryOptions, Table, TableOptions};
pub use roots::{BranchByError, root_view};
pub use stop::stop;
pub use update::{IntoUpdate, ProgramUpdate, UpdateContext};
pub use worker::{worker_entry, worker_entry_with};

/// The Rust programs of the tutorial and of the page on embedding, so that the tests run them.
#[cfg(doctest)]
mod tutorial {
    #[doc = include_str!("../../docs/tutorial/1-introduction.md")]
    struct Introduction;
    #[doc = include_str!("../../docs/tutorial/2-domains.md")]
    struct Domains;
    #[doc = include_str!("../../docs/tutorial/3-results.md")]
    struct Results;
    #[doc = include_str!("../../docs/tutorial/4-branches-and-pipelines.md")]
    struct BranchesAndPipelines;
    #[doc = include_str!("../../docs/embedding.md")]
    struct Embedding;
}
