//! `research devices`: lists the devices of the machine.

use std::io::Write;

use clap::Args;
use research::base::MemorySize;
use research::exec::devices::{DeviceInfo, DeviceProbe, NvmlProbe, ProbeError};
use serde::Serialize;

pub use super::list::Format;
use super::{CommandError, text_table, write_json};
use crate::exit::Exit;
use crate::terminal;

/// List the devices that can be assigned to experiments
#[derive(Debug, Args)]
#[command(
    long_about = "\
List the devices that can be assigned to experiments, as reported by the NVIDIA driver: index, name,
UUID, total and free memory, and the version of the driver.",
    after_help = "\
Examples:
  research devices
  research devices --format json"
)]
pub struct Arguments {
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// A row of the list.
#[derive(Debug, Serialize)]
struct Line {
    index: u32,
    name: String,
    uuid: String,
    /// The total memory in bytes.
    total_memory: Option<u64>,
    free_memory: Option<u64>,
    driver: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    show(&mut NvmlProbe::new(), arguments, out)
}

/// Prints the devices that `probe` finds.
///
/// # Errors
/// The driver fails, or the output cannot be written.
pub fn show(
    probe: &mut dyn DeviceProbe,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let found = probe.devices();
    let lines: Vec<Line> = match &found {
        Ok(devices) => devices.iter().map(|device| line(device, probe)).collect(),
        Err(ProbeError::NoDriver { .. }) => Vec::new(),
        Err(error) => return Err(error.clone().into()),
    };
    match (arguments.format, &found) {
        (Format::Json, _) => write_json(out, &lines)?,
        (Format::Table, Err(no_driver)) => writeln!(out, "no devices: {no_driver}")?,
        (Format::Table, Ok(_)) if lines.is_empty() => {
            writeln!(out, "no devices: the NVIDIA driver reports none")?;
        }
        (Format::Table, Ok(_)) => print(&lines, out)?,
    }
    Ok(Exit::Success)
}

/// A device whose memory is unknown is listed without it.
fn line(device: &DeviceInfo, probe: &mut dyn DeviceProbe) -> Line {
    let memory = probe.memory(&device.uuid);
    if let Err(error) = &memory {
        terminal::message(format_args!("device {}: {error}", device.index));
    }
    Line {
        index: device.index,
        name: device.name.clone(),
        uuid: device.uuid.clone(),
        total_memory: memory.as_ref().ok().map(|memory| memory.total),
        free_memory: memory.as_ref().ok().map(|memory| memory.free),
        driver: probe.driver().ok(),
    }
}

fn print(lines: &[Line], out: &mut dyn Write) -> Result<(), CommandError> {
    let titles = ["index", "name", "UUID", "total", "free", "driver"];
    let size = |bytes: Option<u64>| bytes.map(|bytes| MemorySize(bytes).to_string());
    let row = |line: &Line| {
        vec![
            line.index.to_string(),
            line.name.clone(),
            line.uuid.clone(),
            size(line.total_memory).unwrap_or_default(),
            size(line.free_memory).unwrap_or_default(),
            line.driver.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    Ok(text_table::print(out, &titles, &rows)?)
}
