//! The resource usage of running experiments, for status reports.

use research_core::{Isolation, ResearchRecord};
use research_monitor::StatusReport;
use research_process::{ProcessStat, ProcessTreeUsage, TreePart, TreeSampler};

/// Samples the memory and the processor time of running experiments. It reads `/proc`, so the run
/// has no additional work.
#[derive(Debug)]
pub struct UsageSampler(Option<TreeSampler>);

impl Default for UsageSampler {
    fn default() -> Self {
        Self::new()
    }
}

impl UsageSampler {
    /// Creates a sampler. On a system that shows no processes it finds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(TreeSampler::new())
    }

    /// Sets the usage of the running experiments of a report, for a run on this machine. If a
    /// worker runs several experiments, their usage is unknown, and so is the processor time of
    /// experiments that share a process with earlier ones.
    pub fn sample(&mut self, report: &mut StatusReport, record: &ResearchRecord) {
        let (Some(sampler), Some(leader)) = (&mut self.0, report.pid) else {
            return;
        };
        let isolation = record.options.isolation;
        for worker in &mut report.workers {
            let [running] = worker.running.as_mut_slice() else {
                continue;
            };
            if let Some(used) = sample(sampler, isolation, leader, running.pid) {
                running.memory = Some(used.memory);
                let is_its_own = isolation == Isolation::Experiment;
                running.cpu_seconds = is_its_own.then_some(used.cpu_seconds);
            }
        }
    }
}

/// Returns the usage of the experiment of a worker. A process with this pid may be another one by
/// now.
fn sample(
    sampler: &mut TreeSampler,
    isolation: Isolation,
    leader: u32,
    worker: u32,
) -> Option<ProcessTreeUsage> {
    if isolation == Isolation::None {
        return (worker == leader).then(|| sampler.sample(worker, TreePart::Whole))?;
    }
    let parent = ProcessStat::of(worker)?.parent;
    if u32::try_from(parent) != Ok(leader) {
        return None;
    }
    let part = match isolation {
        Isolation::Experiment => TreePart::RunByWorker,
        _ => TreePart::Whole,
    };
    sampler.sample(worker, part)
}
