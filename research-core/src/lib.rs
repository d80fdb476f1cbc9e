//! The middle of a research: what an experiment is, and the events in which it is told.
//!
//! An [`Experiment`] is an ordered list of [`Unit`]s that run at every iteration. What exists only
//! at run time (a config item, another unit's output) is written as a named [`Expression`]; what a
//! unit sees while it runs is its [`Context`]. Whatever happens is an [`Event`]; everything that
//! people look at (results, progress, status) is a fold of events.
//!
//! Storage, monitor and executors do not know each other: they meet here, in [`Storage`],
//! [`Subscriber`] and [`EventSink`].
//!
//! ```
//! use research_core::{Experiment, When, ec, o};
//!
//! let experiment = Experiment::builder()
//!     .callable("power", |a: f64, b: f64| a.powf(b), (ec("a"), ec("b")))
//!     .save_to("power")
//!     .callable("increment", |x: f64| x + 1.0, (o("power"),))
//!     .when(When::last())
//!     .save_to("increment")
//!     .build()?;
//! assert_eq!(experiment.units().len(), 2);
//! # Ok::<(), research_core::BuildError>(())
//! ```

mod branches;
mod builder;
mod check;
mod code;
mod column;
mod context;
mod deadline;
mod directory;
mod env;
mod event;
mod experiment;
mod expression;
mod folder;
mod function;
mod hooks;
mod inputs;
mod instance;
mod large;
mod log_level;
mod measure;
mod meeting;
mod memory;
mod options;
mod output;
mod output_stream;
mod pipeline;
mod plural;
mod regular_file;
mod root_scope;
mod run_clock;
mod saved;
mod shell;
mod unit;
mod update;
mod view;
mod when;

pub mod codec;

pub use branches::{BranchView, Branches};
pub use builder::ExperimentBuilder;
pub use check::{BuildError, unique_names};
pub use code::Code;
pub use column::{Column, ColumnBuilder, Iterations};
pub use context::{Context, ContextParts, RootSaved};
pub use deadline::Deadline;
pub use directory::path_from_folder;
pub use env::EnvMeta;
pub use event::{
    Event, ExceptionRecord, ExperimentNumber, ExperimentRecord, FailureKind, Outcome,
    ResourceUsage, Status, Timestamp, UnknownEvent, WorkerNumber,
};
pub use experiment::Experiment;
pub use expression::{
    Argument, Expression, ExpressionError, e, e_all, e_unit, ec, ec_all, ep, it, o, r, s,
};
pub use folder::{create_experiment_folder, create_folders, leave_experiment_folder};
pub use function::{Arguments, CallableFunction, FromArgument, GeneratorFunction};
pub use hooks::{ExecutorHooks, UnitResult};
pub use inputs::{Input, RootError, RootInputs, UnknownInput};
pub use instance::{Instance, InstanceFunction, MethodFunction};
pub use large::{LARGE_BYTES, LargeKind, LargeValue, LargeValueError, VALUES, sha256};
pub use log_level::LogLevel;
pub use measure::{Measure, SpanTime};
pub use meeting::{Delivery, EventSink, KeepOutput, SinkError, Storage, StorageError, Subscriber};
pub use memory::{MemorySize, ParseMemoryError};
pub use options::{
    ExecutorTarget, FsyncPolicy, Isolation, Redirect, ResearchRecord, RootView, RunOptions,
};
pub use output::{IntoOutput, Object, Output, Serialized, Shared};
pub use output_stream::OutputStream;
pub use plural::plural;
pub use rand_chacha::rand_core;
pub use regular_file::{append_to_regular, open_regular, open_regular_with, read_regular};
pub use research_domain as domain;
pub use root_scope::RootScope;
pub use run_clock::RunClock;
pub use saved::SharedSaved;
pub use shell::shell_word;
pub use unit::{CallableBody, Generator, GeneratorBody, Unit, UnitBody, UnitError};
pub use update::UpdateRecord;
pub use view::ResearchView;
pub use when::{ParseWhenError, When};
