//! Facts about the machine, and the resource usage of running process trees.

use std::collections::HashSet;
use std::fs;

use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System,
};

use crate::lineage::{Lineage, Origin};
use crate::procfs::ProcessStat;

/// Facts about this machine; `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineFacts {
    /// The host name.
    pub host: Option<String>,
    /// The version of the kernel.
    pub kernel: Option<String>,
    /// The Linux distribution with its version.
    pub distribution: Option<String>,
    /// The model of the processor.
    pub processor: Option<String>,
    /// The number of processors that this process may use.
    pub processors: Option<usize>,
    /// The memory of the machine, in bytes.
    pub memory: Option<u64>,
    /// The memory that new programs could get, in bytes.
    pub available_memory: Option<u64>,
}

impl MachineFacts {
    /// Collects the facts.
    #[must_use]
    pub fn collect() -> Self {
        let mut system = System::new().ok();
        if let Some(system) = &mut system {
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
            system.refresh_cpu_list(CpuRefreshKind::nothing());
        }
        let system = system.as_ref();
        let cpu = system.and_then(|system| system.cpus().first());
        let processor = cpu.map(|cpu| cpu.brand().trim().to_owned());
        Self {
            host: host_name(),
            kernel: System::kernel_version().ok(),
            distribution: System::long_os_version().ok(),
            processor: processor.filter(|name| !name.is_empty()),
            processors: std::thread::available_parallelism().ok().map(usize::from),
            memory: system.map(System::total_memory),
            available_memory: system.map(System::available_memory),
        }
    }
}

/// Returns the name of this host, if it is known.
#[must_use]
pub fn host_name() -> Option<String> {
    System::host_name().ok()
}

/// The resource usage of a process tree at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessTreeUsage {
    /// The number of processes.
    pub processes: usize,
    /// Resident memory in bytes; pages that processes share count once for each.
    pub memory: u64,
    /// Processor time in seconds that the running processes, and the children that they have
    /// reaped, have used since they started.
    pub cpu_seconds: f64,
}

/// The processes of a tree that are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreePart {
    /// All processes.
    Whole,
    /// The processes that a worker runs: all except the worker itself and an executor that waits
    /// for its task.
    RunByWorker,
}

/// Samples process trees. It only reads `/proc`, so it needs nothing from the sampled processes.
#[derive(Debug)]
pub struct TreeSampler(System);

impl TreeSampler {
    /// Creates a sampler; `None` if the system shows no processes.
    #[must_use]
    pub fn new() -> Option<Self> {
        System::new().ok().map(Self)
    }

    /// Returns the usage of a process and its descendants; `None` if there are no such processes.
    pub fn sample(&mut self, pid: u32, part: TreePart) -> Option<ProcessTreeUsage> {
        let tree = match part {
            TreePart::Whole => descendants(vec![pid]),
            TreePart::RunByWorker => descendants(run_by_worker(pid)),
        };
        let tree: Vec<Pid> = tree.into_iter().map(Pid::from_u32).collect();
        self.0.refresh_processes_specifics(
            ProcessesToUpdate::Some(&tree),
            true,
            ProcessRefreshKind::nothing()
                .with_memory()
                .with_cpu()
                .without_tasks(),
        );
        let processes = tree.iter().filter_map(|pid| self.0.process(*pid));
        let used = processes.fold(ProcessTreeUsage::default(), |sum, process| {
            let reaped = ProcessStat::of(process.pid().as_u32());
            let reaped = reaped.map_or(0.0, |stat| stat.reaped_cpu_seconds());
            ProcessTreeUsage {
                processes: sum.processes + 1,
                memory: sum.memory + process.memory(),
                cpu_seconds: sum.cpu_seconds + process.accumulated_cpu_time() as f64 / 1e3 + reaped,
            }
        });
        (used.processes > 0).then_some(used)
    }
}

/// Returns the pids of these processes and their descendants.
fn descendants(mut found: Vec<u32>) -> Vec<u32> {
    let mut seen: HashSet<u32> = found.iter().copied().collect();
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        let children = children(*parent);
        found.extend(children.into_iter().filter(|child| seen.insert(*child)));
        next += 1;
    }
    found
}

fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let threads = fs::read_dir(format!("/proc/{parent}/task"));
    for thread in threads.into_iter().flatten().flatten() {
        // A thread that has ended in the meantime has no children.
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let children = children.split_whitespace();
        found.extend(children.filter_map(|pid| pid.parse::<u32>().ok()));
    }
    found
}

/// Returns the children of a worker that run its task. A worker that executes its executors starts
/// the next one when the last one gets its task, so of two the younger one is waiting.
fn run_by_worker(worker: u32) -> Vec<u32> {
    let mut found = children(worker);
    let is_executed = |pid: &u32| {
        let lineage = i32::try_from(*pid).ok().and_then(Lineage::of_process);
        lineage.is_some_and(|lineage| lineage.origin == Origin::Executor)
    };
    let mut executed: Vec<u32> = found.iter().copied().filter(is_executed).collect();
    executed.sort_by_key(|pid| ProcessStat::of(*pid).map(|stat| stat.start_ticks));
    if let [_, .., waiting] = *executed {
        found.retain(|pid| *pid != waiting);
    }
    found
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_tree_includes_grandchildren() {
        // `read` waits on the pipe until the test closes it.
        let mut shell = Command::new("sh")
            .args(["-c", "(sh -c 'echo ready; read _'; :) ; :"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = std::io::BufReader::new(shell.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        let mut sampler = TreeSampler::new().unwrap();
        let whole = sampler.sample(shell.id(), TreePart::Whole).unwrap();
        let inner = sampler.sample(shell.id(), TreePart::RunByWorker).unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert_eq!(line, "ready\n");
        assert!(whole.processes >= 2, "{whole:?}");
        assert_eq!(inner.processes, whole.processes - 1);
        assert!(inner.memory > 100 << 10 && inner.memory < whole.memory);
        assert_eq!(sampler.sample(shell.id(), TreePart::Whole), None);
    }

    #[test]
    fn the_machine_has_memory_and_a_kernel() {
        let facts = MachineFacts::collect();
        assert!(facts.memory >= facts.available_memory && facts.available_memory > Some(0));
        assert!(facts.kernel.is_some() && facts.processors.is_some());
    }
}
