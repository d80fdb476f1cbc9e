//! Process control on Linux, for programs that start many processes: starting them, signalling them
//! through pidfds, waiting for them, killing process groups and adopted orphans, and measuring
//! their resource usage.
//!
//! This crate uses no other crate of the workspace. All code that is specific to Linux is here,
//! except for file locks, which belong to `research-storage`.

mod child;
mod command;
mod control_socket;
mod descriptors;
mod facts;
mod groups;
mod lineage;
mod oom;
mod pidfd;
mod procfs;
mod reaper;
mod signals;
mod spawn;
mod strays;
mod usage;

pub use child::{ChildProcess, describe_exit};
pub use command::{CommandOutput, run_command};
pub use control_socket::{ControlSocket, send_request};
pub use descriptors::{close_on_exec, is_socket, leave_terminal, redirect_stdin_to_null};
pub use facts::{MachineFacts, ProcessTreeUsage, TreePart, TreeSampler, host_name};
pub use groups::{
    GroupOwner, GroupSlot, forget_groups, kill_descendants_and_exit, kill_group,
    kill_groups_and_exit, running_groups, signal_groups, terminate_with_descendants,
};
pub use lineage::{Lineage, MAX_DEPTH, NestedRun, Origin, nesting_depth, started_as_worker};
pub use oom::{OOM_HINT, OomKills, oom_killed_program, watch_oom_kills};
pub use pidfd::{ProcessHandle, poll_timeout, terminate_process, wait_readable};
pub use procfs::{ProcessStat, is_single_threaded, read_system_file};
pub use reaper::{become_subreaper, kill_children};
pub use signals::{
    disposition, make_children_waitable, reset_signals, set_default_action,
    survive_file_size_limit, survive_job_warnings,
};
pub use spawn::{Launch, SpawnError, Started};
pub use strays::{MARK, descends_from_run, kill_marked, kill_strays, mark_of_worker, new_mark};
pub use usage::{EndedPrograms, ResourceUsage, UsageMeter, reap_program, take_programs};
