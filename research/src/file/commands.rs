//! The commands of the units of an experiment that has run.

use std::path::Path;

use research_core::units::unique_names;
use research_domain::{Config, Value};
use research_exec::program::{KnownBefore, ProgramCommand};

use super::output::Save;
use super::{ResearchFile, UnitFile};
use crate::report::{ExperimentReport, UnitCommand};

impl ResearchFile {
    /// Returns the commands of an experiment of a research in `folder`, with the saved outputs of
    /// units filled in.
    pub(crate) fn commands_of(&self, report: &ExperimentReport, folder: &Path) -> Vec<UnitCommand> {
        let path = folder.join("experiments").join(report.id.as_str());
        let path = std::path::absolute(&path).unwrap_or(path);
        let iteration = report.iterations.saturating_sub(1);
        let mut built_in = vec![
            ("id", report.id.to_string()),
            ("path", path.display().to_string()),
            ("iteration", iteration.to_string()),
            ("repetition", report.repetition.to_string()),
            ("seed", report.seed.to_string()),
        ];
        let device = report.added.get("device");
        built_in.extend(device.map(|device| ("device", device_names(device))));
        let names = unique_names(self.units.iter().map(|unit| unit.name.as_str()));
        let config = self.config_with_outputs(report, &names);
        let known = KnownBefore {
            config: &config,
            built_in: &built_in,
        };
        let commands = self.units.iter().zip(names).filter_map(|(unit, name)| {
            let command = ProgramCommand::new(&unit.program).ok()?;
            Some(UnitCommand {
                unit: name,
                command: command.preview(&known),
                is_recorded: false,
            })
        });
        commands.collect()
    }

    /// Returns the config, with the saved outputs of units under their names. A parameter hides a
    /// unit of its name.
    fn config_with_outputs(&self, report: &ExperimentReport, names: &[String]) -> Config {
        let mut config = report.config.clone();
        let added = report.added.iter();
        let auxiliary = [
            ("repetition", report.repetition),
            ("updates", report.updates),
        ];
        let auxiliary = auxiliary.map(|(key, value)| (key, Value::from(value)));
        let known = added
            .map(|(key, value)| (key, value.clone()))
            .chain(auxiliary);
        let outputs = self.units.iter().zip(names);
        let outputs =
            outputs.filter_map(|(unit, name)| Some((name.as_str(), output(unit, report)?)));
        for (key, value) in known.chain(outputs) {
            if !config.contains(key) {
                config.insert(key, value);
            }
        }
        config
    }
}

/// Returns the last output of a unit, as far as it was saved.
fn output(unit: &UnitFile, report: &ExperimentReport) -> Option<Value> {
    let saved = |name: &str| {
        let variable = report.values.iter().find(|one| one.name == name);
        variable.map(|variable| variable.last.clone())
    };
    match &unit.save {
        Save::Nothing => None,
        Save::To(name) => saved(name),
        Save::Parts(names) => {
            let parts = names.iter().map(|name| saved(name.as_deref()?));
            Some(Value::List(parts.collect::<Option<_>>()?))
        }
        // The log does not record which variables are its keys.
        Save::OutputDict => {
            let entries = report.values.iter();
            let entries = entries.map(|one| (one.name.clone(), one.last.clone()));
            Some(Value::Map(entries.collect()))
        }
    }
}

fn device_names(device: &Value) -> String {
    match device {
        Value::List(devices) => {
            let names: Vec<String> = devices.iter().map(Value::to_string).collect();
            names.join(",")
        }
        device => device.to_string(),
    }
}
