//! Recording the environment of a run, in a separate thread.

mod commands;
mod facts;
mod files;

use std::path::PathBuf;
use std::thread::JoinHandle;

use research_core::EnvMeta;
use research_exec::devices::{DeviceProbe, NvmlProbe, ProbeError};

pub use commands::{EnvError, check_env, collect_env};
pub use facts::system_facts;
pub use files::{EnvTexts, read_env, write_env};

/// The file with facts about the program and the machine.
const SYSTEM: &str = "system.txt";

/// The thread that records the environment.
pub(crate) struct Recording(Option<JoinHandle<Recorded>>);

/// The recorded environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) texts: EnvTexts,
    /// The reason that some of it could not be recorded.
    pub(crate) failure: Option<String>,
}

impl Recording {
    /// Starts recording; the texts are written into the folder of the research, if it has one.
    pub(crate) fn begin(program: &str, metas: &[EnvMeta], folder: Option<PathBuf>) -> Self {
        let (program, metas) = (program.to_owned(), metas.to_vec());
        let record = move || match record(&program, &metas) {
            Ok(texts) => {
                let written = folder.map_or(Ok(()), |folder| write_env(&folder, &texts));
                Recorded {
                    texts,
                    failure: written.err().map(|error| error.to_string()),
                }
            }
            Err(error) => Recorded {
                texts: EnvTexts::new(),
                failure: Some(error.to_string()),
            },
        };
        let thread = std::thread::Builder::new().name("environment".to_owned());
        // Without a thread nothing is recorded, which `finish` reports.
        Self(thread.spawn(record).ok())
    }

    /// Waits for the end of the recording.
    pub(crate) fn finish(self) -> Recorded {
        let recorded = self.0.and_then(|thread| thread.join().ok());
        recorded.unwrap_or_else(|| Recorded {
            texts: EnvTexts::new(),
            failure: Some("cannot start the thread that records the environment".to_owned()),
        })
    }
}

fn record(program: &str, metas: &[EnvMeta]) -> Result<EnvTexts, EnvError> {
    let mut facts = system_facts(program);
    facts.extend(devices(&mut NvmlProbe::new()));
    let width = facts.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0) + 2;
    let lines = facts.iter();
    let text = lines
        .map(|(name, text)| format!("{name:<width$}{text}\n"))
        .collect();
    let mut texts = collect_env(metas)?;
    texts.insert(SYSTEM.to_owned(), text);
    Ok(texts)
}

/// Returns facts about devices from their driver.
fn devices(probe: &mut dyn DeviceProbe) -> Vec<(String, String)> {
    let driver = match probe.driver() {
        Ok(driver) => driver,
        Err(ProbeError::NoDriver { .. }) => return Vec::new(),
        Err(error) => return vec![("driver".to_owned(), error.to_string())],
    };
    let mut facts = vec![("driver".to_owned(), driver)];
    match probe.devices() {
        Ok(devices) => {
            for device in devices {
                let memory = probe.memory(&device.uuid).ok();
                let memory = memory.map(|memory| format!(", {} MiB", memory.total >> 20));
                let text = format!(
                    "{}{} ({})",
                    device.name,
                    memory.unwrap_or_default(),
                    device.uuid
                );
                facts.push((format!("device {}", device.index), text));
            }
        }
        Err(error) => facts.push(("devices".to_owned(), error.to_string())),
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use research_exec::devices::ScriptedProbe;

    #[test]
    fn devices_are_recorded_with_their_driver() {
        let facts = devices(&mut ScriptedProbe::new(["A", "B"], 8 << 30));
        assert_eq!(facts.len(), 3, "{facts:?}");
        assert_eq!(facts[0].0, "driver");
        assert!(facts[2].1.starts_with("B, 8192 MiB ("), "{facts:?}");
        assert!(devices(&mut ScriptedProbe::without_driver()).is_empty());
    }
}
