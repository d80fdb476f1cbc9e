//! The inputs of root units, which must be equal for all experiments of a task.

use std::collections::BTreeSet;

use crate::experiment::Experiment;
use crate::expression::NamePath;
use crate::inputs::Input;
use crate::unit::Unit;

/// The inputs of the root units of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootInputs {
    /// The keys of the config items that they are known to read.
    pub keys: BTreeSet<String>,
    /// The first unit whose inputs are not all known, and the reason.
    pub unknown: Option<UnknownInput>,
}

/// A unit that may read anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unit `{unit}` {reason}")]
pub struct UnknownInput {
    /// The unit.
    pub unit: String,
    /// The reason.
    pub reason: String,
}

/// A root unit that cannot do the same for several branches as for each alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// It calls a method of an instance that each branch has for itself.
    #[error(
        "root unit `{unit}` uses the instance `{instance}`, which each branch has for itself: \
         make `{instance}` a root too, or remove `root` from `{unit}`"
    )]
    BranchInstance {
        /// The unit.
        unit: String,
        /// The instance.
        instance: String,
    },
    /// It is a generator whose items depend on when branches end.
    #[error(
        "root unit `{unit}` is a generator that is due at `last`, which is another iteration for \
         each branch \
         that ends early: leave `last` out of its `when`, or remove `root`"
    )]
    LastGenerator {
        /// The unit.
        unit: String,
    },
}

impl Experiment {
    /// Whether the experiment has root units.
    #[must_use]
    pub fn has_roots(&self) -> bool {
        self.units().iter().any(Unit::is_root)
    }

    /// Returns the inputs of its root units. `is_key` says whether configs have a key: a name in a
    /// command is a key if possible, else a unit.
    #[must_use]
    pub fn root_inputs(&self, is_key: impl Fn(&str) -> bool) -> RootInputs {
        let mut inputs = RootInputs::default();
        let shares_instance = |unit: &Unit| unit.is_root() && unit.instance.is_some();
        let has_shared_instance = self.units().iter().any(shares_instance);
        for unit in self.units().iter().filter(|unit| !unit.is_saving()) {
            let unknown = if unit.is_root() {
                self.add_root(unit, &is_key, &mut inputs.keys)
            } else if has_shared_instance {
                self.reaches_shared_instance(unit)
            } else {
                None
            };
            inputs.unknown = inputs.unknown.or_else(|| {
                let unit = unit.name().to_owned();
                unknown.map(|reason| UnknownInput { unit, reason })
            });
        }
        inputs
    }

    /// Adds the keys that a root unit reads. Returns the reason that it may read more, if so.
    fn add_root(
        &self,
        unit: &Unit,
        is_key: &impl Fn(&str) -> bool,
        keys: &mut BTreeSet<String>,
    ) -> Option<String> {
        let Some(inputs) = unit.body().inputs() else {
            return Some("is a closure, which may read anything".to_owned());
        };
        let mut unknown = None;
        let is_unit = |name: &str| self.position(name).is_some();
        for input in inputs {
            let input = match input {
                Input::Name(name) => resolve(&name, is_key, is_unit),
                Input::Flags if is_key("flags") || is_unit("flags") => {
                    resolve("flags", is_key, is_unit)
                }
                other => other,
            };
            let reason = match input {
                Input::Item(key) | Input::Name(key) => {
                    keys.insert(key);
                    None
                }
                Input::Unit(name) => self.unit_of_branch(&name).map(|_| {
                    format!("reads the output of unit `{name}`, which runs in each branch")
                }),
                Input::Flags => {
                    Some("reads `{flags}`, which are all parameters of the config".to_owned())
                }
                // `check_roots` refuses this.
                Input::Instance(_) => None,
                Input::Experiment(what) => Some(format!(
                    "reads {what}, which is not the same for all branches"
                )),
            };
            unknown = unknown.or(reason);
        }
        unknown
    }

    /// Returns the unit of this name, if it runs in each branch.
    fn unit_of_branch(&self, name: &str) -> Option<&Unit> {
        let unit = &self.units()[self.position(name)?];
        (!unit.is_root()).then_some(unit)
    }

    /// Returns the instance that a unit that runs in each branch may change, if all branches share
    /// it.
    fn reaches_shared_instance(&self, unit: &Unit) -> Option<String> {
        let Some(inputs) = unit.body().inputs() else {
            return Some(
                "is a closure, which may change an instance that is shared by all branches"
                    .to_owned(),
            );
        };
        inputs.into_iter().find_map(|input| match input {
            Input::Unit(name) | Input::Instance(name) if self.is_shared_instance(&name) => {
                Some(format!(
                    "runs in each branch, and may change the instance `{name}`, which they share"
                ))
            }
            _ => None,
        })
    }

    fn is_shared_instance(&self, unit: &str) -> bool {
        let unit = self.position(unit).map(|position| &self.units()[position]);
        unit.is_some_and(|unit| unit.is_root() && unit.instance.is_some())
    }

    /// Checks that root units can do for several branches what they do for each of them alone.
    ///
    /// # Errors
    /// A root unit cannot.
    pub fn check_roots(&self) -> Result<(), RootError> {
        for unit in self.units().iter().filter(|unit| unit.is_root()) {
            let name = || unit.name().to_owned();
            if unit.ends_experiment() && unit.when().differs_at_last() {
                return Err(RootError::LastGenerator { unit: name() });
            }
            for input in unit.body().inputs().unwrap_or_default() {
                let (Input::Unit(instance) | Input::Instance(instance)) = input else {
                    continue;
                };
                let other = self.unit_of_branch(&instance);
                if other.is_some_and(|other| other.instance.is_some()) {
                    let unit = name();
                    return Err(RootError::BranchInstance { unit, instance });
                }
            }
        }
        Ok(())
    }
}

/// Resolves a name in a command to a key or a unit, and the path to a part of its value.
fn resolve(name: &str, is_key: impl Fn(&str) -> bool, is_unit: impl Fn(&str) -> bool) -> Input {
    match NamePath::find(name, |head| is_key(head) || is_unit(head)) {
        Some(path) if !is_key(path.name) => Input::Unit(path.name.to_owned()),
        Some(path) => Input::Item(path.name.to_owned()),
        None => Input::Item(name.to_owned()),
    }
}
