//! Compares a research file with the one that a research was started with.

use research_exec::program::{FileType, OutputSpec};
use serde::Serialize;

use super::ResearchFile;
use super::output::default_type;
use super::unit::UnitFile;
use super::update::UpdateFile;
use super::write::UnitForm;

impl ResearchFile {
    /// Restores the form of `before` where the meaning is the same: white space and quotes of
    /// commands, the order of rules, and new defaults.
    #[must_use]
    pub fn with_forms_of(mut self, before: &Self) -> Self {
        for unit in &mut self.units {
            if let Some(old) = before.units.iter().find(|old| old.name == unit.name) {
                write_unit_as(unit, old);
            }
        }
        for (update, old) in self.updates.iter_mut().zip(&before.updates) {
            if update.shell == old.shell && update.run.means_the_same(&old.run, old.shell.is_some())
            {
                update.run.clone_from(&old.run);
            }
            if update.when.means_the_same(&old.when) {
                update.when.clone_from(&old.when);
            }
        }
        self
    }

    /// Lists the changes of units and updates since `before` that affect results; timeouts and
    /// limits of memory do not.
    #[must_use]
    pub fn changes_of_programs(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for unit in &before.units {
            match self.units.iter().find(|now| now.name == unit.name) {
                Some(now) => changes.extend(compared(unit, now)),
                None => changes.push(format!("unit `{}` was removed", unit.name)),
            }
        }
        for unit in &self.units {
            if before.units.iter().all(|old| old.name != unit.name) {
                changes.push(format!("unit `{}` was added", unit.name));
            }
        }
        let names = |file: &Self| -> Vec<String> {
            let names = file.units.iter().map(|unit| unit.name.clone());
            names.collect()
        };
        if changes.is_empty() && names(self) != names(before) {
            changes.push("the order of the units changed".to_owned());
        }
        for (number, (before, now)) in (1..).zip(before.updates.iter().zip(&self.updates)) {
            changes.extend(compared_updates(number, before, now));
        }
        let (old, new) = (before.updates.len(), self.updates.len());
        if old != new {
            changes.push(format!("the number of [[update]] was {old}, now {new}"));
        }
        changes
    }
}

fn write_unit_as(unit: &mut UnitFile, old: &UnitFile) {
    let shell = old.program.shell;
    if unit.program.shell == shell
        && unit
            .program
            .run
            .means_the_same(&old.program.run, shell.is_some())
    {
        unit.program.run.clone_from(&old.program.run);
    }
    if unit.when.means_the_same(&old.when) {
        unit.when.clone_from(&old.when);
    }
    if let (OutputSpec::File(now), OutputSpec::File(before)) =
        (&mut unit.program.output, &old.program.output)
    {
        let default = default_type(&now.path, &unit.save);
        // Records of versions without types keep their meaning.
        if before.content == FileType::Any && now.content == default {
            now.content = before.content;
        }
    }
}

fn compared(before: &UnitFile, now: &UnitFile) -> Vec<String> {
    let mut changes = Changes::of(format!("unit `{}`", now.name));
    let (before, now) = (UnitForm::of(before), UnitForm::of(now));
    changes.compare("run", before.run, now.run);
    changes.compare("shell", &before.shell, &now.shell);
    changes.compare("output", before.output, now.output);
    changes.compare("mode", &before.mode, &now.mode);
    changes.compare("save_to", &before.save_to, &now.save_to);
    let dictionaries = (before.save_output_dict, now.save_output_dict);
    changes.compare("save_output_dict", &dictionaries.0, &dictionaries.1);
    changes.compare("when", before.when, now.when);
    changes.compare("root", &before.root, &now.root);
    changes.compare("env", before.env, now.env);
    changes.compare("cwd", &before.cwd, &now.cwd);
    changes.compare("stdin", &before.stdin, &now.stdin);
    changes.found
}

fn compared_updates(number: usize, before: &UpdateFile, now: &UpdateFile) -> Vec<String> {
    let mut changes = Changes::of(format!("[[update]] {number}"));
    changes.compare("when", &before.when, &now.when);
    changes.compare("run", &before.run, &now.run);
    changes.compare("shell", &before.shell, &now.shell);
    changes.compare("n_configs", &before.n_configs, &now.n_configs);
    changes.compare("n_reps", &before.n_reps, &now.n_reps);
    changes.compare("repeat_each", &before.repeat_each, &now.repeat_each);
    changes.found
}

/// Collects the changes of a table of the file.
struct Changes {
    table: String,
    found: Vec<String>,
}

impl Changes {
    fn of(table: String) -> Self {
        Self {
            table,
            found: Vec::new(),
        }
    }

    /// Adds a change if the values differ, formatted as JSON.
    fn compare<T: Serialize + ?Sized>(&mut self, key: &str, before: &T, now: &T) {
        let shown = |value: &T| match serde_json::to_string(value) {
            Ok(text) if text == "null" => "not set".to_owned(),
            Ok(text) => text,
            Err(error) => error.to_string(),
        };
        let (before, now) = (shown(before), shown(now));
        if before != now {
            let table = &self.table;
            let change = format!("`{key}` of {table} was {before}, now {now}");
            self.found.push(change);
        }
    }
}
