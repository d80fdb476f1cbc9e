//! How a started program learns that it is to be a worker.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::printed::EndNumbers;

/// The environment variable that carries the invitation.
pub(crate) const VARIABLE: &str = "RESEARCH_WORKER";

/// What the leader (or, for an executor, the worker) tells the program that it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The process that invites. Programs that units start inherit the variable, and see by this
    /// that it is not meant for them.
    parent: u32,
    role: Role,
    /// Which `run` of the program is meant.
    pub target: Target,
}

/// Which `run` of a program a worker belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The name of the research.
    pub name: String,
    /// A fingerprint of the domain, the units and the options of the run.
    pub fingerprint: u64,
    /// A fingerprint of its name and units alone, for a program that does not know more of its run yet.
    pub units: u64,
    /// How many runs with the same fingerprint the program had done or tried before.
    pub earlier: u32,
    /// Where the runs that the program did or tried before are noted, if there were any: a worker
    /// that comes past them needs their results, and must not run them again.
    pub earlier_runs: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Connect to this server of the leader and serve.
    Worker { server: String },
    /// Run one task for the worker that is the parent.
    Executor {
        /// Where it is to print then.
        printed_to: EndNumbers,
    },
}

impl Invitation {
    pub(crate) fn new(role: Role, target: Target) -> Self {
        Self {
            parent: std::process::id(),
            role,
            target,
        }
    }

    /// The invitation that this process was started with, if it was.
    #[must_use]
    pub fn received() -> Option<&'static Self> {
        static RECEIVED: OnceLock<Option<Invitation>> = OnceLock::new();
        let received = RECEIVED.get_or_init(|| {
            let text = std::env::var(VARIABLE).ok()?;
            let invitation: Self = serde_json::from_str(&text).ok()?;
            let is_parent = i32::try_from(invitation.parent)
                .is_ok_and(|parent| nix::unistd::getppid().as_raw() == parent);
            is_parent.then_some(invitation)
        });
        received.as_ref()
    }

    pub(crate) fn role(&self) -> &Role {
        &self.role
    }

    /// The environment variable's name and value.
    pub(crate) fn variable(&self) -> Result<(&'static str, String), serde_json::Error> {
        Ok((VARIABLE, serde_json::to_string(self)?))
    }
}
