//! Determines which experiments may share a task with root units, and which parameters root units
//! see.

use research_core::executor::RootScope;
use research_core::units::{RootError, UnknownInput};
use research_core::{Experiment, ResearchRecord, RootView, RunOptions};
use research_domain::{AUXILIARY_KEYS, Config, Domain, suggest};
use research_exec::Grouping;

/// Root units that branches cannot share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BranchByError {
    /// It is unknown which experiments may share a root unit.
    #[error(
        "with `branches`, the experiments of a task share its root units, but {0}: \
         declare the parameters that root units use, `branch_by = [\"lr\"]` (`[]` if they use \
         none), or set `branches` to 1"
    )]
    Undeclared(UnknownInput),
    /// A root unit uses an undeclared parameter.
    #[error("root units use `{key}`, which is not in `branch_by`: add it")]
    Missing {
        /// The parameter.
        key: String,
    },
    /// A declared parameter is not in the domain.
    #[error("`branch_by`: unknown parameter `{key}`; {hint}")]
    UnknownKey {
        /// The parameter.
        key: String,
        /// The most similar parameter, or all of them.
        hint: String,
    },
    /// A value that root units use differs between branches.
    #[error(
        "root units use `{key}`, which is not the same in all configs of `branches`: they run \
         once for all branches"
    )]
    BranchConfig {
        /// The key.
        key: String,
    },
    /// A root unit cannot be shared by any branches.
    #[error(transparent)]
    Root(#[from] RootError),
}

/// Returns the parameters that root units see, which are the same for each number of branches.
///
/// # Errors
/// Branches would share a root unit that may differ between them.
pub fn root_view(
    experiment: &Experiment,
    options: &RunOptions,
    domain: &Domain,
    is_updated: bool,
) -> Result<RootView, BranchByError> {
    if !experiment.has_roots() {
        return Ok(RootView::First);
    }
    let parameters = domain.parameters();
    let is_added = |configs: &[Config], key: &str| configs.iter().any(|one| one.contains(key));
    let is_of_domain = |key: &str| {
        parameters.iter().any(|known| known.name() == key) || AUXILIARY_KEYS.contains(&key)
    };
    let is_key = |key: &str| {
        is_of_domain(key)
            || is_added(&options.worker_configs, key)
            || is_added(&options.branch_configs, key)
    };
    let inputs = experiment.root_inputs(is_key);
    let view = match (&options.branch_by, inputs.unknown) {
        (Some(declared), _) => {
            let wrong = declared.iter().find(|key| !is_key(key) || *key == "device");
            if let Some(key) = wrong.filter(|_| !is_updated) {
                let known = parameters.iter().map(|known| known.name());
                return Err(BranchByError::UnknownKey {
                    key: key.clone(),
                    hint: suggest::hint(key, known.chain(["repetition", "updates"])),
                });
            }
            let used = |key: &&String| is_of_domain(key) && *key != "device";
            let missing = inputs.keys.iter().filter(used);
            if let Some(key) = missing.into_iter().find(|key| !declared.contains(key)) {
                return Err(BranchByError::Missing { key: key.clone() });
            }
            shared(declared.clone(), true)
        }
        (None, None) => {
            let mut keys = inputs.keys;
            keys.extend(["repetition", "updates"].map(str::to_owned));
            keys.remove("device");
            shared(keys.into_iter().collect(), false)
        }
        (None, Some(_)) if options.branches == 1 => RootView::First,
        (None, Some(unknown)) => return Err(BranchByError::Undeclared(unknown)),
    };
    if options.branches > 1 {
        experiment.check_roots()?;
        check_branch_configs(&view, &options.branch_configs)?;
    }
    Ok(view)
}

fn shared(keys: Vec<String>, is_declared: bool) -> RootView {
    RootView::Shared { keys, is_declared }
}

fn check_branch_configs(view: &RootView, configs: &[Config]) -> Result<(), BranchByError> {
    let RootView::Shared { keys, .. } = view else {
        return Ok(());
    };
    let differs = |key: &&String| {
        configs
            .windows(2)
            .any(|pair| pair[0].get(key) != pair[1].get(key))
    };
    match keys.iter().find(differs) {
        Some(key) => Err(BranchByError::BranchConfig { key: key.clone() }),
        None => Ok(()),
    }
}

/// The rules by which the tasks of a run are formed.
pub(crate) struct Tasks {
    pub(crate) view: RootView,
    pub(crate) grouping: Grouping,
    pub(crate) warning: Option<String>,
}

impl Tasks {
    /// Returns the rules for a new run, or for a resumed research with this record, whose root
    /// units see the same parameters as before.
    pub(crate) fn new(
        view: Result<RootView, BranchByError>,
        options: &RunOptions,
        before: Option<&ResearchRecord>,
    ) -> Result<Self, BranchByError> {
        let recorded = before.map(|record| &record.options.root_view);
        let was_first = recorded == Some(&RootView::First);
        match view {
            Err(BranchByError::Undeclared(unknown)) if was_first => Ok(Self {
                view: RootView::First,
                grouping: Grouping::Alone,
                warning: Some(format!(
                    "each experiment gets a task of its own, because root {unknown}: \
                     declare the parameters that root units use with `branch_by`"
                )),
            }),
            Err(error) => Err(error),
            Ok(view) => {
                let grouping = match &view {
                    RootView::First => Grouping::Any,
                    RootView::Shared { keys, .. } => {
                        Grouping::By(RootScope::new(keys.clone(), options.seed))
                    }
                };
                Ok(Self {
                    view: if was_first { RootView::First } else { view },
                    grouping,
                    warning: None,
                })
            }
        }
    }
}
