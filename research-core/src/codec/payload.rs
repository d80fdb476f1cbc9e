//! The payload of a frame of the event log: events, one after another.
//!
//! A payload of format 2 begins with a byte that holds the format; then each event has the number
//! of its kind, the version of its kind, the length of its fields, and the fields. A payload of
//! format 1 has events with the number of their kind and the fields of version 1 alone. So one
//! table, `kinds!`, describes both: a later version of a kind adds fields after those of earlier
//! versions.

use serde::de::DeserializeOwned;

use super::{DecodeError, EncodeError, MESSAGE_LIMIT, decode_first, encode_into};
use crate::event::{Event, UnknownEvent};

/// The format of the payloads that this program writes, and the newest that it reads.
pub const PAYLOAD_FORMAT: u8 = 2;

/// Set in the first byte of a payload of format 2 or later, whose other bits are the format. A
/// payload of format 1 begins with the number of a kind, which is lower.
const FORMAT_BIT: u8 = 0x80;

/// The last kind of format 1.
const LAST_OF_FORMAT_1: u8 = 17;

/// A longer event may exceed the limit of a decoder, which counts the bytes that values take in
/// memory: up to eight for each byte of the payload.
const SURELY_READABLE: usize = MESSAGE_LIMIT / 8;

/// The longest fields whose length takes one byte.
const SHORT: usize = 250;

/// A payload cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Its format is newer than this program.
    #[error("it has format {0}")]
    Newer(u8),
    /// The payload has no event.
    #[error("it has no events")]
    Empty,
    /// The header of an event is invalid.
    #[error("the header of an event is invalid")]
    Header,
    /// The fields of an event are invalid.
    #[error(transparent)]
    Fields(#[from] DecodeError),
}

/// The rest of a payload or of the fields of an event.
struct Bytes<'p>(&'p [u8]);

impl Bytes<'_> {
    fn read<T: DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        let (value, used) = decode_first(self.0)?;
        self.0 = &self.0[used..];
        Ok(value)
    }

    /// Reads the length of the fields of an event.
    fn read_length(&mut self) -> Result<usize, DecodeError> {
        match self.0 {
            [short, rest @ ..] if usize::from(*short) <= SHORT => {
                self.0 = rest;
                Ok(usize::from(*short))
            }
            _ => Ok(usize::try_from(self.read::<u64>()?).unwrap_or(usize::MAX)),
        }
    }
}

/// The table of kinds: number, name, the fields of version 1, and for each later version its number
/// and the fields that it adds, which are empty in events of the versions before it.
///
/// Numbers, names of versions, and the types of fields never change: a field that needs another
/// type is added under a new name in a new version.
macro_rules! kinds {
    ($(
        $number:literal $kind:ident($($first:ident),*)
        $($version:literal($($later:ident),*))*;
    )*) => {
        fn encode(event: &Event, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
            match event {
                $(Event::$kind { $($first,)* $($($later,)*)* } => {
                    let start = begin($number, newest($number), buffer);
                    // Nested tuples encode to the bytes of their fields alone.
                    encode_into(&(($($first,)*), $(($($later,)*),)*), buffer)?;
                    end(start, buffer)
                })*
                Event::Unknown(UnknownEvent { kind, version, body }) => {
                    let start = begin(*kind, *version, buffer);
                    buffer.extend_from_slice(body);
                    end(start, buffer)
                }
            }
        }

        /// Reads the fields of an event; `None` if the kind is unknown.
        fn fields(kind: u8, version: u8, bytes: &mut Bytes) -> Result<Option<Event>, DecodeError> {
            Ok(Some(match kind {
                // One call for all fields is faster than one for each version.
                $($number if version >= newest($number) => {
                    let (($($first,)*), $(($($later,)*),)*) = bytes.read()?;
                    Event::$kind { $($first,)* $($($later,)*)* }
                })*
                $($number => {
                    let ($($first,)*) = bytes.read()?;
                    $(let ($($later,)*) = match version >= $version {
                        true => bytes.read()?,
                        false => Default::default(),
                    };)*
                    Event::$kind { $($first,)* $($($later,)*)* }
                })*
                _ => return Ok(None),
            }))
        }

        /// Returns the newest known version of a kind; 0 for an unknown kind.
        #[inline]
        fn newest(kind: u8) -> u8 {
            match kind {
                $($number => *[1 $(, $version)*].last().unwrap_or(&1),)*
                _ => 0,
            }
        }
    };
}

kinds! {
    0 RunStarted(at, pid, workers, total, n_iters) 2(epoch) 3(host);
    1 WorkerStarted(at, worker, pid) 2(host, engine);
    2 WorkerLost(at, worker, reason);
    3 ExperimentStarted(at, experiment, attempt, worker, pid, record) 2(epoch, added);
    4 Values(experiment, variable, iterations, column);
    5 Progress(at, experiment, iterations);
    6 Message(at, experiment, level, text);
    7 Exception(at, experiment, exception) 2(command);
    8 ExperimentEnded(at, experiment, attempt, status, reason, iterations) 2(usage);
    9 RunEnded(at, outcome);
    10 Moved(experiment, place);
    11 Profile(experiment, unit, measure, iterations, values);
    12 DomainUpdated(at, update);
    13 Output(experiment, stream, text);
    14 LargeValue(experiment, variable, iteration, value);
    15 WorkerWaits(at, worker, reason);
    16 Spans(experiment, unit, spans);
    17 Device(experiment, device);
    18 WorkerRejoined(at, worker, pid, epoch);
    19 ExperimentCancelled(at, experiment, status, reason);
    20 Asked(at, ask, config, parent, known);
    21 Told(at, ask, experiment, objectives);
}

/// Writes the header of an event, with room for a short length; returns where the fields begin.
fn begin(kind: u8, version: u8, buffer: &mut Vec<u8>) -> usize {
    buffer.extend_from_slice(&[kind, version, 0]);
    buffer.len()
}

/// Writes the length of the fields, which begin at `start` and end the buffer.
fn end(start: usize, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
    let length = buffer.len() - start;
    if length <= SHORT {
        buffer[start - 1] = length as u8;
        return Ok(());
    }
    let mut long = Vec::new();
    encode_into(&(length as u64), &mut long)?;
    buffer.splice(start - 1..start, long);
    Ok(())
}

/// Reads an event in the current format.
fn decode_event(bytes: &mut Bytes) -> Result<Event, PayloadError> {
    let Some((&[kind, version], rest)) = bytes.0.split_first_chunk() else {
        return Err(PayloadError::Header);
    };
    bytes.0 = rest;
    let length = bytes.read_length()?;
    let (body, rest) = bytes
        .0
        .split_at_checked(length)
        .ok_or(PayloadError::Header)?;
    bytes.0 = rest;
    let mut left = Bytes(body);
    match (fields(kind, version, &mut left), left.0.len()) {
        _ if version == 0 => Err(PayloadError::Header),
        (Ok(Some(event)), 0) => Ok(event),
        // Fields of newer versions follow the known fields, and are ignored.
        (Ok(Some(event)), _) if version > newest(kind) => Ok(event),
        (Ok(Some(_)), left) => Err(DecodeError::LeftOver(left).into()),
        (Err(error), _) if version <= newest(kind) => Err(error.into()),
        (Ok(None) | Err(_), _) => {
            let body = body.to_vec();
            Ok(Event::Unknown(UnknownEvent {
                kind,
                version,
                body,
            }))
        }
    }
}

/// Reads an event in format 1.
fn decode_event_1(bytes: &mut Bytes) -> Result<Event, PayloadError> {
    let (&kind, rest) = bytes.0.split_first().ok_or(PayloadError::Header)?;
    bytes.0 = rest;
    let event = match kind {
        0..=LAST_OF_FORMAT_1 => fields(kind, 1, bytes)?,
        _ => None,
    };
    event.ok_or(PayloadError::Header)
}

/// Reads the first event of the rest of a payload in a format.
fn decode_in(format: u8, bytes: &mut Bytes) -> Result<Event, PayloadError> {
    match format {
        1 => decode_event_1(bytes),
        PAYLOAD_FORMAT => decode_event(bytes),
        _ => Err(PayloadError::Newer(format)),
    }
}

/// Returns the format of a payload, and its events.
fn parts(payload: &[u8]) -> Result<(u8, Bytes<'_>), PayloadError> {
    match payload.split_first() {
        None => Err(PayloadError::Empty),
        Some((first, events)) if first & FORMAT_BIT != 0 => {
            let format = first & !FORMAT_BIT;
            match events.is_empty() {
                true => Err(PayloadError::Empty),
                false if format < PAYLOAD_FORMAT => Err(PayloadError::Header),
                false => Ok((format, Bytes(events))),
            }
        }
        Some(_) => Ok((1, Bytes(payload))),
    }
}

/// Appends an event to a payload in the current format, which begins with the first event.
///
/// # Errors
/// The event cannot be encoded, or no decoder could read it. The payload then ends with an
/// incomplete event.
pub fn encode_event(event: &Event, payload: &mut Vec<u8>) -> Result<(), EncodeError> {
    if payload.is_empty() {
        payload.push(FORMAT_BIT | PAYLOAD_FORMAT);
    }
    let start = payload.len();
    encode(event, payload)?;
    let encoded = &payload[start..];
    if encoded.len() > SURELY_READABLE && decode_event(&mut Bytes(encoded)).is_err() {
        let bytes = encoded.len();
        return Err(EncodeError::TooLarge { bytes });
    }
    Ok(())
}

/// Decodes the events of a payload in any known format.
///
/// # Errors
/// The format is newer than this program, or the payload is invalid.
pub fn decode_payload(payload: &[u8]) -> Result<Vec<Event>, PayloadError> {
    let (format, mut bytes) = parts(payload)?;
    let mut events = Vec::new();
    while !bytes.0.is_empty() {
        events.push(decode_in(format, &mut bytes)?);
    }
    Ok(events)
}

/// Whether a payload begins with an event, or has a newer format.
#[must_use]
pub fn begins_with_event(payload: &[u8]) -> bool {
    let first = parts(payload).and_then(|(format, mut bytes)| decode_in(format, &mut bytes));
    matches!(first, Ok(_) | Err(PayloadError::Newer(_)))
}
