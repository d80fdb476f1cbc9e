//! The setup of a leader.

use std::io;
use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender};
use research_core::executor::RunClock;
use research_core::{Experiment, Isolation, RunOptions, WorkerNumber};

use super::dispatch::{Dispatch, DispatchHandle};
use super::in_process::InProcess;
use super::memory_monitor::{MemoryMonitor, MonitoredMemory};
use super::shutdown::ShutdownDeadlines;
use super::subscribers::Subscribers;
use super::updates::Updates;
use super::writer::Writer;
use super::{Job, Leader, RunError};
use crate::devices::{MemoryAdmission, MemoryRules};
use crate::scheduler::{Input, Scheduler, Settings};
use crate::transport::messages::{Init, PROTOCOL};

impl Leader {
    /// Creates all parts of a leader and starts its threads, but no workers.
    pub(super) fn new(
        job: Job,
        inputs: Sender<Input>,
        inbox: Receiver<Input>,
    ) -> Result<Self, RunError> {
        let Job {
            experiment,
            options,
            source,
            storage,
            mut subscribers,
            ..
        } = job;
        let rules = job.updater.as_ref().map(|updater| updater.rules());
        let mut updates = None;
        if let Some(updater) = job.updater {
            let started = Updates::start(updater, inputs.clone());
            let (running, subscriber) = started.map_err(no_thread("domain update"))?;
            subscribers.push(subscriber);
            updates = Some(running);
        }
        let in_process = options.isolation == Isolation::None;
        let settings = Settings {
            updates: rules.unwrap_or_default(),
            ..settings_of(&options, &experiment)
        };
        let rules = MemoryRules::of(&options, settings.shared_process);
        let admission = rules
            .filter(|_| !job.devices.is_empty())
            .map(|rules| MemoryAdmission::new(rules, job.devices.clone()));
        let sampled = admission.as_ref().map(|_| MonitoredMemory {
            probe: job.probe,
            devices: job.devices.ids().map(str::to_owned).collect(),
            in_process,
            mark: job.mark.clone(),
        });
        let memory_monitor = sampled.map(|sampled| MemoryMonitor::start(sampled, inputs.clone()));
        let memory_monitor = memory_monitor
            .transpose()
            .map_err(no_thread("device memory"))?;
        let experiments_folder = storage.experiments_folder().map(PathBuf::from);
        let subscribers = Subscribers::start(subscribers);
        let subscribers = subscribers.map_err(no_thread("subscriber"))?;
        let writer = Writer::start(storage, subscribers).map_err(no_thread("writer"))?;
        let n_iters = options.n_iters.or(experiment.default_n_iters());
        let init = Init {
            protocol: PROTOCOL,
            worker: WorkerNumber(0),
            options,
            experiments_folder,
            // Code in this process may have initialised the devices already, so it is too late to
            // hide them by variables. Programs are processes of their own, and get the variables.
            devices: if in_process && !experiment.is_processes() {
                job.devices.of_process(WorkerNumber(0))
            } else {
                job.devices.of_worker(WorkerNumber(0))
            },
            source: job.recorded_source,
            epoch: RunClock::epoch(),
        };
        Ok(Self {
            in_process: in_process.then(|| InProcess::new(experiment, &init, &job.mark)),
            init,
            n_iters,
            target: job.target,
            launcher: job.launcher,
            listeners: Vec::new(),
            mark: job.mark,
            handle: DispatchHandle::new(Dispatch::new(
                Scheduler::new(settings, source).with_admission(admission),
                writer,
            )),
            memory_monitor,
            devices: job.devices,
            shutdown: ShutdownDeadlines::default(),
            inbox,
            _letters: inputs,
            updates,
            waiting: Vec::new(),
            warnings: job.warnings,
            failure: None,
            outcome: None,
        })
    }
}

/// Returns the error for a thread that cannot be started.
fn no_thread(purpose: &'static str) -> impl FnOnce(io::Error) -> RunError {
    move |source| RunError::NoThread { purpose, source }
}

/// Returns the settings of the scheduler, without update rules.
fn settings_of(options: &RunOptions, experiment: &Experiment) -> Settings {
    Settings {
        workers: if options.isolation == Isolation::None {
            1
        } else {
            options.workers
        },
        retries: options.retries,
        retry_delay: options.retry_delay,
        double_retry_delay: options.double_retry_delay,
        max_failures: options.max_failures,
        timeout: options.timeout.filter(|_| match options.isolation {
            // For code, each worker enforces the timeouts of its executors.
            Isolation::Experiment => experiment.is_processes(),
            Isolation::Worker => true,
            Isolation::None => false,
        }),
        shared_process: options.isolation != Isolation::Experiment && !experiment.is_processes(),
        updates: Vec::new(),
        added: Some(options.clone()),
    }
}
