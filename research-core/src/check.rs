//! Checks of an experiment before it runs.

use std::collections::{HashMap, HashSet};

use crate::build_error::BuildError;
use crate::experiment::Experiment;
use crate::expression::{Kind as Leaf, nearest};
use crate::output::Save;
use crate::unit::{ObjectType, Unit, UnitBody};

/// A unit's reference to another unit.
#[derive(Debug)]
pub(crate) struct Reference {
    from: usize,
    name: String,
    kind: Kind,
    /// Whether the referring unit also accepts a missing value.
    is_optional: bool,
}

#[derive(Debug)]
enum Kind {
    /// The output of the unit.
    Output,
    /// The instance of this type.
    Instance(ObjectType),
    /// Batches of this type.
    Batches(ObjectType),
    /// The properties of the unit that are known before it runs.
    Description,
}

impl Reference {
    pub(crate) fn output(from: usize, unit: &str) -> Self {
        Self {
            from,
            name: unit.to_owned(),
            kind: Kind::Output,
            is_optional: false,
        }
    }

    pub(crate) fn instance<T: 'static>(from: usize, instance: &str) -> Self {
        Self {
            from,
            name: instance.to_owned(),
            kind: Kind::Instance(ObjectType::of::<T>()),
            is_optional: false,
        }
    }

    pub(crate) fn batches<T: 'static>(from: usize, pipeline: &str) -> Self {
        Self {
            from,
            name: pipeline.to_owned(),
            kind: Kind::Batches(ObjectType::of::<T>()),
            is_optional: false,
        }
    }

    /// Returns the reference of a unit to another one in an expression.
    pub(crate) fn of(from: usize, leaf: &Leaf, is_optional: bool) -> Option<Self> {
        let (name, kind) = match leaf {
            Leaf::Output { unit, .. } => (unit, Kind::Output),
            Leaf::Unit { name } => (name, Kind::Description),
            _ => return None,
        };
        Some(Self {
            from,
            name: name.to_string(),
            kind,
            is_optional,
        })
    }
}

/// Checks that every output and instance that a unit reads will exist when the unit runs.
pub(crate) fn check_references(units: &[Unit], references: &[Reference]) -> Result<(), BuildError> {
    if let Some(unit) = units.iter().find(|unit| unit.sees_all && !unit.root) {
        return Err(BuildError::AllOutsideRoot {
            unit: unit.name.clone(),
        });
    }
    for reference in references {
        check_reference(units, reference)?;
    }
    Ok(())
}

fn check_reference(units: &[Unit], reference: &Reference) -> Result<(), BuildError> {
    let Reference {
        from, name, kind, ..
    } = reference;
    let unit = &units[*from];
    let target = units.iter().position(|unit| unit.name == *name);
    let other = target.map(|at| &units[at]);
    match kind {
        Kind::Instance(expected) => check_instance(units, unit, other, name, expected)?,
        Kind::Batches(expected) => check_batches(units, unit, other, name, expected)?,
        Kind::Output | Kind::Description => {}
    }
    let Some(target) = target else {
        return Err(BuildError::UnknownUnit {
            unit: unit.name.clone(),
            name: name.clone(),
            hint: nearest(name, units.iter().map(Unit::name)),
        });
    };
    // A unit that is certainly due in the first iteration needs outputs from earlier in that
    // iteration.
    let is_first = unit.when.is_due(0, None, false) && !unit.is_saving();
    let is_late = target >= *from || !units[target].when.is_due(0, Some(1), true);
    let is_waiting = matches!(kind, Kind::Description) && units[target].instance.is_none();
    if is_first && is_late && !is_waiting && !reference.is_optional {
        return Err(BuildError::NotRunYet {
            unit: unit.name.clone(),
            name: name.clone(),
        });
    }
    Ok(())
}

fn check_instance(
    units: &[Unit],
    unit: &Unit,
    target: Option<&Unit>,
    name: &str,
    expected: &ObjectType,
) -> Result<(), BuildError> {
    match target.and_then(|target| target.instance) {
        Some(found) if found.id == expected.id => Ok(()),
        Some(found) => Err(BuildError::WrongInstance {
            unit: unit.name.clone(),
            name: name.to_owned(),
            expected: expected.name,
            found: found.name,
        }),
        None => {
            let instances = units.iter().filter(|unit| unit.instance.is_some());
            Err(BuildError::UnknownInstance {
                unit: unit.name.clone(),
                name: name.to_owned(),
                hint: nearest(name, instances.map(Unit::name)),
            })
        }
    }
}

/// Finds the pipelines of branch pipelines. They exist: `check_references` has run before.
pub(crate) fn find_sources(units: &mut [Unit]) {
    for at in 0..units.len() {
        let source = units[at].source.as_ref();
        units[at].source_position =
            source.and_then(|source| units.iter().position(|unit| unit.name == *source));
    }
}

fn check_batches(
    units: &[Unit],
    unit: &Unit,
    target: Option<&Unit>,
    name: &str,
    expected: &ObjectType,
) -> Result<(), BuildError> {
    match target.and_then(|target| target.batches) {
        Some(found) if found.id == expected.id => Ok(()),
        Some(found) => Err(BuildError::WrongBatch {
            unit: unit.name.clone(),
            name: name.to_owned(),
            expected: expected.name,
            found: found.name,
        }),
        None => {
            let pipelines = units.iter().filter(|unit| unit.batches.is_some());
            Err(BuildError::UnknownPipeline {
                unit: unit.name.clone(),
                name: name.to_owned(),
                hint: nearest(name, pipelines.map(Unit::name)),
            })
        }
    }
}

/// Checks that no unit stands between a pipeline with a full run and its branch pipelines.
pub(crate) fn check_full_runs(experiment: &Experiment) -> Result<(), BuildError> {
    for (position, unit) in experiment.units().iter().enumerate() {
        if !unit.full_run {
            continue;
        }
        if unit.batches.is_none() {
            return Err(BuildError::NoPipeline {
                unit: unit.name.clone(),
            });
        }
        let mut after = experiment.units()[experiment.block_end(position)..].iter();
        if let Some(step) = after.find(|step| step.source() == Some(position)) {
            return Err(BuildError::Scattered {
                unit: step.name.clone(),
                pipeline: unit.name.clone(),
            });
        }
    }
    Ok(())
}

/// Refuses settings that have no effect on this kind of unit.
pub(crate) fn check_settings(experiment: &Experiment) -> Result<(), BuildError> {
    let units = experiment.units();
    for (position, unit) in units.iter().enumerate() {
        let block = if unit.full_run {
            &units[position + 1..experiment.block_end(position)]
        } else {
            &[]
        };
        let root_step = block.iter().find(|step| step.root).map(|step| {
            let reason = "with full_run each branch processes the batches itself";
            (step, "root", reason)
        });
        let ignored = ignored_setting(unit).map(|(setting, reason)| (unit, setting, reason));
        if let Some((unit, setting, reason)) = ignored.or(root_step) {
            return Err(BuildError::NoEffect {
                unit: unit.name.clone(),
                setting,
                reason,
            });
        }
    }
    Ok(())
}

/// Returns a setting that has no effect on the unit's kind, and the reason.
fn ignored_setting(unit: &Unit) -> Option<(&'static str, &'static str)> {
    let save = match unit.save {
        Save::Nothing => None,
        Save::As(_) => Some("save_to"),
        Save::Parts(_) => Some("save_parts_to"),
        Save::Map => Some("save_output_dict"),
    };
    let unsaved = match &unit.body {
        UnitBody::Save { .. } => Some(
            "`save` saves one value under the name that it is given; \
             to save the parts of a value, return them from a callable",
        ),
        UnitBody::Dump(_) => Some("`dump` has no output"),
        _ if unit.instance.is_some() => {
            Some("an instance is an object in memory; save what its methods return")
        }
        _ if unit.batches.is_some() => {
            Some("batches are objects in memory; save what a branch pipeline returns")
        }
        UnitBody::Callable(_) | UnitBody::Generator(_) => None,
    };
    if let (Some(setting), Some(reason)) = (save, unsaved) {
        Some((setting, reason))
    } else if unit.is_saving() && unit.timeout.is_some() {
        Some(("timeout", "it runs no code"))
    } else if unit.is_saving() && unit.root {
        Some(("root", "values are saved in each branch"))
    } else {
        None
    }
}

impl Experiment {
    /// Checks that no two units save under one name: the later value would replace the earlier one
    /// in the same iteration. Keys of maps are not known before units run.
    ///
    /// # Errors
    /// Two units save under one name, or one unit does so twice.
    pub fn check_saved_names(&self) -> Result<(), BuildError> {
        let mut savers: HashMap<&str, &str> = HashMap::new();
        for unit in self.units() {
            let parts = match &unit.save {
                Save::Parts(names) => names.as_slice(),
                Save::Nothing | Save::As(_) | Save::Map => &[],
            };
            let single = match (&unit.save, &unit.body) {
                (Save::As(name), _) => Some(name.as_str()),
                (_, UnitBody::Save { variable, .. }) => Some(&**variable),
                _ => None,
            };
            for name in parts.iter().flatten().map(String::as_str).chain(single) {
                if let Some(first) = savers.insert(name, unit.name()) {
                    return Err(BuildError::OneName {
                        name: name.to_owned(),
                        first: first.to_owned(),
                        second: unit.name().to_owned(),
                    });
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn make_names_unique(units: &mut [Unit]) {
    let names = unique_names(units.iter().map(|unit| unit.name.as_str()));
    for (unit, name) in units.iter_mut().zip(names) {
        unit.name = name;
    }
}

/// Returns names of units, made unique as an experiment does: the first of several equal names is
/// kept, later ones get the postfix `_1`, `_2`, ….
///
/// ```
/// use research_core::units::unique_names;
///
/// assert_eq!(unique_names(["a", "b", "a", "a"]), ["a", "b", "a_1", "a_2"]);
/// ```
pub fn unique_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let unique = |name: &str| {
        let mut unique = name.to_owned();
        let mut number = 1_u64;
        while !taken.insert(unique.clone()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        unique
    };
    names.into_iter().map(unique).collect()
}
