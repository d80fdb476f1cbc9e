//! Run thousands of experiments over a space of parameters, each in its own process, on the
//! available processors, and never lose a result.
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
//! `run` returns a [`CompletedRun`], whose [`results`](CompletedRun::results) are tables, single
//! values, CSV or JSON; `results.parquet` beside the log is for other programs. Failed experiments
//! are not errors of `run`: [`report`](CompletedRun::report) counts them,
//! [`logs`](CompletedRun::logs) show the reasons, and [`retries`](Research::retries),
//! [`timeout`](Research::timeout) and
//! [`redo_failed`](Research::redo_failed) control them. [`resume`](Research::resume) continues an
//! interrupted run, and [`CompletedRun::load`] reads an earlier one. With the feature `file`,
//! `research::file` loads research files.
//!
//! # Workers are forked, or the program is executed again
//!
//! If the program has one thread when `run` is called, workers are forked from it. They have the
//! values that closures captured, and no code runs twice. A random generator from before `run`
//! gives the same numbers in all workers: use [`Context::rng`]. Exit handlers and destructors of
//! the program do not run in workers.
//!
//! Threads do not survive a fork. If the program has several when `run` is called (a thread pool,
//! an async runtime, a test harness), the program is executed again with the same arguments for
//! each worker; when it reaches the same `run`, it becomes the worker and ends there. Each worker
//! repeats what the program does before `run`, unless `main` starts with [`worker_entry`]. Under
//! `cargo test`, a worker runs the test that called `run`. A worker fails if its `run` has another
//! domain, other units or other options than the leader.
//!
//! A unit can run another research only with [`Isolation::None`]. A program that a unit starts can
//! run any research, up to three levels deep.
//!
//! `docs/embedding.md` has more about async programs, tests, threads and subscribers.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod active;
mod backend;
mod builder;
mod changes;
mod check;
mod cleanup;
mod completed_run;
mod control;
mod devices;
mod environment;
mod error;
mod experiment;
mod failed;
#[cfg(feature = "file")]
pub mod file;
mod fingerprint;
mod identity;
mod parallelism;
mod place;
mod prepared;
mod profile;
mod report;
mod reproduce;
mod resume_plan;
mod resume_state;
mod roots;
mod run;
mod run_files;
mod run_history;
mod stop;
mod subscribers;
#[cfg(feature = "parquet")]
mod tables;
mod units;
mod update;
mod usage;
mod view;
mod worker;
mod worker_arrivals;

pub use builder::Research;
pub use cleanup::remove;
pub use completed_run::{CompletedRun, StoredResults};
pub use control::cancel;
pub use error::ResearchError;
pub use experiment::StoredExperiment;
pub use parallelism::Parallelism;
pub use profile::{ExperimentTime, Profile, ProfileOptions, UnitSpan, UnitTime};
pub use report::{ExperimentReport, FailureReport, SavedVariable, UnitCommand};
pub use reproduce::{Difference, Reproduction};
pub use research_core::{
    Branches, BuildError, Context, Delivery, EnvMeta, Event, ExecutorHooks, ExecutorTarget,
    Experiment, ExperimentBuilder, Expression, FailureKind, FsyncPolicy, Instance, Isolation,
    LargeValue, LogLevel, MemorySize, Outcome, OutputStream, Redirect, ResearchRecord, RunOptions,
    Serialized, Shared, Status, Subscriber, Timestamp, Unit, UnitError, UnitResult, When, e, e_all,
    e_unit, ec, ec_all, ep, it, last_saved, list_of, map_of, o, r, s, saved, text_of,
};
pub use research_domain as domain;
pub use research_domain::{Config, Domain, Value, option};
pub use research_exec as exec;
pub use research_exec::{Executor, NewDomain, Report, ResumePlan, SpanProfile, StatusCounts};
pub use research_monitor as monitor;
#[cfg(feature = "plot")]
pub use research_plot as plot;
pub use research_process as process;
pub use research_results as results;
pub use research_results::{Format, Results, SummaryOptions, Table, TableOptions};
pub use roots::{BranchByError, root_view};
pub use stop::{StopHandle, stop};
pub use update::{IntoUpdate, ProgramUpdate, UpdateContext};
pub use usage::UsageSampler;
pub use worker::{worker_entry, worker_entry_with};

/// The storage of researches, with their results, plots and recorded environment.
pub mod storage {
    pub use crate::environment::{
        EnvError, EnvTexts, check_env, collect_env, read_env, system_facts, write_env,
    };
    #[cfg(feature = "parquet")]
    pub use crate::tables::{ReplaceTables, write_tables};
    #[cfg(feature = "plot")]
    pub use research_plot::*;
    pub use research_results::*;
    pub use research_storage::*;
}

/// The crate `research-core`, without the items that only executors use: a unit cannot change the
/// state of its executor.
///
/// ```
/// use research::{Context, Experiment};
///
/// Experiment::builder().unit("first", |cx: &mut Context| Ok(cx.iteration() == 0));
/// ```
///
/// ```compile_fail,E0599
/// use research::{Context, Experiment};
///
/// Experiment::builder().unit("first", |cx: &mut Context| Ok(cx.set_iteration(0)));
/// ```
///
/// ```compile_fail,E0603
/// use research::base::executor::ExecutorContext;
/// ```
///
/// It is not called `core`, so `use research::*` hides no crate of Rust:
///
/// ```
/// use research::*;
///
/// assert_eq!(core::mem::size_of::<WorkerNumber>(), std::mem::size_of::<u32>());
/// # use research::base::WorkerNumber;
/// ```
pub mod base {
    pub use research_core::*;

    /// Hides the module of this name.
    #[allow(
        hidden_glob_reexports,
        reason = "users of the facade have no access to it"
    )]
    mod executor {}
}

/// The Rust programs of the tutorial and of the page on embedding, as doctests.
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
