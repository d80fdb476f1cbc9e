//! Assigns devices to workers and their branches.

use research_core::domain::Value;

use super::plan::DevicesError;

/// Returns the devices of each branch of each worker: `[worker][branch]` is a list of names, which
/// is empty for a branch without a device.
///
/// `devices` is one of
/// - nothing: no devices;
/// - one device, an integer or a string: all share it;
/// - a list of devices, spread over all branches of all workers in order: with fewer devices than
///   branches, several branches share a device; with more devices, each branch has several, and the
///   list is repeated if it does not divide evenly;
/// - a list with an entry for each worker: nothing, a device, a list of devices that is spread over
///   the branches of that worker, or a list with an entry for each branch. A list has this form if
///   one of its entries is a list or nothing.
///
/// ```
/// use research_core::domain::Value;
/// use research_exec::devices::get_devices;
///
/// let devices = get_devices(&Value::from(vec![0, 1, 2, 3]), 2, 1)?;
/// assert_eq!(devices, [[["0", "1"]], [["2", "3"]]]);
///
/// let per_worker = Value::from(vec![vec![0], vec![1, 2]]);
/// assert_eq!(get_devices(&per_worker, 2, 1)?, [vec![vec!["0"]], vec![vec!["1", "2"]]]);
/// # Ok::<(), research_exec::devices::DevicesError>(())
/// ```
///
/// # Errors
/// A value is not a device, or a list does not have one entry for each worker or branch.
pub fn get_devices(
    devices: &Value,
    workers: u32,
    branches: u32,
) -> Result<Vec<Vec<Vec<String>>>, DevicesError> {
    let (workers, branches) = (workers.max(1) as usize, branches.max(1) as usize);
    let Some(entries) = nested(devices) else {
        let slots = spread(&flat(devices)?, workers * branches);
        return Ok(slots.chunks(branches).map(<[_]>::to_vec).collect());
    };
    if entries.len() != workers {
        return Err(DevicesError::Workers {
            entries: entries.len(),
            workers,
        });
    }
    let of_worker = |(worker, entry): (usize, &Value)| match nested(entry) {
        None => Ok(spread(&flat(entry)?, branches)),
        Some(entries) if entries.len() == branches => entries.iter().map(flat).collect(),
        Some(entries) => Err(DevicesError::Branches {
            worker,
            entries: entries.len(),
            branches,
        }),
    };
    entries.iter().enumerate().map(of_worker).collect()
}

/// Returns the entries of a list that has one for each worker or branch.
fn nested(devices: &Value) -> Option<&[Value]> {
    let Value::List(entries) = devices else {
        return None;
    };
    let is_group = |entry: &Value| matches!(entry, Value::List(_) | Value::Null);
    entries.iter().any(is_group).then_some(entries)
}

/// Returns the names of devices, in order.
fn flat(devices: &Value) -> Result<Vec<String>, DevicesError> {
    match devices {
        Value::Null => Ok(Vec::new()),
        Value::List(entries) => entries.iter().map(name).collect(),
        one => Ok(vec![name(one)?]),
    }
}

fn name(device: &Value) -> Result<String, DevicesError> {
    match device {
        Value::Int(number) if *number >= 0 => Ok(number.to_string()),
        Value::Text(text) if is_name(text) => Ok(text.trim().to_owned()),
        other => Err(DevicesError::NoDevice {
            found: other.to_string(),
        }),
    }
}

/// Whether a string can be the name of a device. Commas separate devices in `CUDA_VISIBLE_DEVICES`.
fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains([',', '\0', '\n'])
}

/// Spreads devices over slots.
fn spread(devices: &[String], slots: usize) -> Vec<Vec<String>> {
    if devices.is_empty() {
        return vec![Vec::new(); slots];
    }
    if devices.len() < slots {
        let slots_each = slots / devices.len();
        let even = devices
            .iter()
            .flat_map(|device| std::iter::repeat_n(device, slots_each));
        // The remaining slots share the first devices.
        let all = even.chain(devices.iter().take(slots % devices.len()));
        return all.map(|device| vec![device.clone()]).collect();
    }
    let devices_each = devices.len().div_ceil(slots);
    let mut round = devices.iter().cycle().cloned();
    let slot = |_| round.by_ref().take(devices_each).collect();
    (0..slots).map(slot).collect()
}
