//! What is other in a research file than in the one that a research was begun with.

use super::ResearchFile;
use super::unit::UnitFile;

impl ResearchFile {
    /// What is other in the units than in those of a file from before, a line each: what changes
    /// what they do, so not their timeouts.
    #[must_use]
    pub fn changes_of_units(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for unit in &before.units {
            match self.units.iter().find(|now| now.name == unit.name) {
                Some(now) => changes.extend(compared(unit, now)),
                None => changes.push(format!("unit `{}` is gone", unit.name)),
            }
        }
        for unit in &self.units {
            if before.units.iter().all(|old| old.name != unit.name) {
                changes.push(format!("unit `{}` is new", unit.name));
            }
        }
        let names = |file: &Self| -> Vec<String> {
            let names = file.units.iter().map(|unit| unit.name.clone());
            names.collect()
        };
        if changes.is_empty() && names(self) != names(before) {
            changes.push("the units stand in another order".to_owned());
        }
        changes
    }
}

fn compared(before: &UnitFile, now: &UnitFile) -> Vec<String> {
    let name = &now.name;
    let mut changes = Vec::new();
    let mut compare = |key: &str, before: &dyn std::fmt::Debug, now: &dyn std::fmt::Debug| {
        let (before, now) = (format!("{before:?}"), format!("{now:?}"));
        if before != now {
            changes.push(format!(
                "`{key}` of unit `{name}` was {before}, and is {now}"
            ));
        }
    };
    compare("run", &before.program.run, &now.program.run);
    compare("shell", &before.program.shell, &now.program.shell);
    compare("output", &before.program.output, &now.program.output);
    compare("mode", &before.mode, &now.mode);
    compare("save_to", &before.save, &now.save);
    compare("when", &before.when, &now.when);
    compare("root", &before.root, &now.root);
    changes
}
