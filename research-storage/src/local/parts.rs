//! The results of a log in parts, each small enough to be in memory.

use std::ops::Range;

use research_core::{Column, Event, ExperimentNumber, StorageError};
use research_domain::Value;

use crate::log::LogReader;
use crate::results::Results;

/// The log is divided into blocks of at least so many bytes, if parts are not smaller: they are read
/// or passed over.
const BLOCK: u64 = 256 << 10;

/// About what an experiment takes in memory that saves nothing.
const EXPERIMENT: u32 = 512;
/// About what each parameter adds.
const PARAMETER: usize = 64;

/// Reads the results of a log in parts: those of the experiments of some places after those of the
/// places before. What was appended after the log was first looked through is in none.
///
/// Each experiment takes 32 bytes, and a part what its experiments take, of which there is at least
/// one.
pub(super) struct Parts {
    log: LogReader,
    /// Where each block begins, and where the last one ends.
    blocks: Vec<u64>,
    experiments: Vec<Place>,
    /// Which experiments each part has.
    parts: Vec<Range<usize>>,
    /// The part that was read last.
    latest: Option<(usize, Results)>,
}

/// Where an experiment is.
struct Place {
    place: u64,
    number: u64,
    /// The blocks in which its latest attempt began and was last told of.
    first: u32,
    last: u32,
    /// About how much memory that attempt takes.
    bytes: u32,
}

impl Parts {
    /// Looks through a log for what its parts must be, so that each takes about so many bytes.
    pub(super) fn of(mut log: LogReader, bytes: usize) -> Result<Self, StorageError> {
        let block_bytes = BLOCK.min(bytes as u64);
        let mut blocks: Vec<u64> = Vec::new();
        let mut experiments = Vec::new();
        loop {
            let offset = log.offset();
            let Some(events) = log.next_batch()? else {
                break;
            };
            if blocks
                .last()
                .is_none_or(|last| offset - last >= block_bytes)
            {
                blocks.push(offset);
            }
            let block = u32::try_from(blocks.len() - 1).unwrap_or(u32::MAX);
            for event in &events {
                note(event, block, &mut experiments);
            }
        }
        blocks.push(log.offset());
        experiments.sort_unstable_by_key(|one| (one.place, one.number));
        let parts = divide(&experiments, bytes);
        Ok(Self {
            log,
            blocks,
            experiments,
            parts,
            latest: None,
        })
    }

    /// How many parts there are.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// The results of a part; the one that was read last is still there.
    pub(super) fn read(&mut self, part: usize) -> Result<&Results, StorageError> {
        let latest = self.latest.take().filter(|(latest, _)| *latest == part);
        let results = match latest {
            Some((_, results)) => results,
            None => self.fold(part)?,
        };
        Ok(&self.latest.insert((part, results)).1)
    }

    fn fold(&mut self, part: usize) -> Result<Results, StorageError> {
        let experiments = &self.experiments[self.parts[part].clone()];
        let places = experiments
            .iter()
            .map(|one| (ExperimentNumber(one.number), one.place));
        let mut results = Results::of_part(places.collect());
        for blocks in blocks_of(experiments) {
            self.log.seek(self.blocks[blocks.start]);
            let end = self.blocks[blocks.end];
            while self.log.offset() < end
                && let Some(events) = self.log.next_batch()?
            {
                results.extend(&events);
            }
        }
        Ok(results)
    }
}

/// Notes what an event says of where an experiment is.
fn note(event: &Event, block: u32, experiments: &mut Vec<Place>) {
    let (number, bytes) = match event {
        Event::ExperimentStarted {
            experiment, record, ..
        } => {
            let parameters = record.config.len().saturating_mul(PARAMETER);
            let begun = Place {
                place: record.place,
                number: experiment.0,
                first: block,
                last: block,
                bytes: EXPERIMENT.saturating_add(u32::try_from(parameters).unwrap_or(u32::MAX)),
            };
            match find(experiments, *experiment) {
                Ok(known) => experiments[known] = begun,
                Err(position) => experiments.insert(position, begun),
            }
            return;
        }
        Event::Moved { experiment, place } => {
            if let Ok(known) = find(experiments, *experiment) {
                experiments[known].place = *place;
            }
            return;
        }
        Event::Values {
            experiment, column, ..
        } => (experiment, column_bytes(column)),
        Event::Exception {
            experiment,
            exception,
            ..
        } => {
            let backtrace = exception.backtrace.as_ref().map_or(0, String::len);
            (experiment, exception.message.len() + backtrace)
        }
        Event::LargeValue { experiment, .. } => (experiment, 4 * PARAMETER),
        Event::Progress { experiment, .. } | Event::ExperimentEnded { experiment, .. } => {
            (experiment, 0)
        }
        _ => return,
    };
    if let Ok(known) = find(experiments, *number) {
        let known = &mut experiments[known];
        known.last = block;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        known.bytes = known.bytes.saturating_add(bytes);
    }
}

/// Where an experiment is among those sorted by their numbers, or would be. They begin nearly in
/// the order of their numbers, so that what is new is put in near the end.
fn find(experiments: &[Place], number: ExperimentNumber) -> Result<usize, usize> {
    match experiments.last() {
        Some(last) if last.number < number.0 => Err(experiments.len()),
        _ => experiments.binary_search_by_key(&number.0, |one| one.number),
    }
}

fn column_bytes(column: &Column) -> usize {
    let iterations = size_of::<u64>() * column.len();
    iterations
        + match column {
            Column::Float(_) | Column::Int(_) => size_of::<u64>() * column.len(),
            Column::Bool(values) => values.len(),
            Column::Text(values) => {
                let lengths = values.iter().map(String::len);
                lengths.sum::<usize>() + size_of::<String>() * values.len()
            }
            Column::Value(values) => values.iter().map(value_bytes).sum(),
        }
}

fn value_bytes(value: &Value) -> usize {
    let within = match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => 0,
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(values) => values.iter().map(value_bytes).sum(),
        Value::Map(entries) => {
            let of_entry = |(key, value): &(String, Value)| {
                size_of::<String>() + key.len() + value_bytes(value)
            };
            entries.iter().map(of_entry).sum()
        }
    };
    size_of::<Value>() + within
}

/// Divides experiments into parts that take about so many bytes each.
fn divide(experiments: &[Place], bytes: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut begin, mut taken) = (0, 0);
    for (position, experiment) in experiments.iter().enumerate() {
        taken += experiment.bytes as usize;
        if taken >= bytes {
            parts.push(begin..position + 1);
            (begin, taken) = (position + 1, 0);
        }
    }
    if begin < experiments.len() {
        parts.push(begin..experiments.len());
    }
    parts
}

/// The blocks in which experiments are, as ranges in the order of the log.
fn blocks_of(experiments: &[Place]) -> Vec<Range<usize>> {
    let range = |one: &Place| one.first as usize..one.last as usize + 1;
    let mut found: Vec<Range<usize>> = experiments.iter().map(range).collect();
    found.sort_unstable_by_key(|range| range.start);
    found.dedup_by(|next, one| {
        let joins = next.start <= one.end;
        if joins {
            one.end = one.end.max(next.end);
        }
        joins
    });
    found
}
