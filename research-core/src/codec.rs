//! The one place that knows how events become bytes: bincode 2, with a limit on every decode.
//!
//! The bytes are bincode's standard configuration: little-endian, variable-length integers.
//! bincode is not self-describing, so what is encoded here must not use `skip_serializing_if`,
//! `untagged` and their like.

use std::io;

use bincode::error::EncodeError as Refused;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod payload;

pub use payload::{PAYLOAD_FORMAT, PayloadError, begins_with_event, decode_payload, encode_event};

/// The most that one encoded message may take, in bytes.
pub const MESSAGE_LIMIT: usize = 256 << 20;

/// A message could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The encoder refused it.
    #[error("cannot encode a message: {0}")]
    Refused(#[from] Refused),
    /// No decoder would read it back, because it exceeds the limit.
    #[error("an event of {bytes} bytes is too large to be read back")]
    TooLarge {
        /// How long it is.
        bytes: usize,
    },
}

/// Bytes that are not a message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// They do not follow the format.
    #[error("cannot decode bytes: {0}")]
    Malformed(#[from] bincode::error::DecodeError),
    /// There is more than one message.
    #[error("{0} extra bytes after a message")]
    LeftOver(usize),
}

/// Appends the encoded message to a buffer.
///
/// # Errors
/// The type cannot be encoded (an iterator of unknown length, for instance).
pub fn encode_into<T: Serialize + ?Sized>(
    message: &T,
    buffer: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    bincode::serde::encode_into_std_write(message, buffer, bincode::config::standard())?;
    Ok(())
}

/// Writes the encoded message, so that it need not be in memory.
///
/// # Errors
/// Those of the output, and a type that cannot be encoded.
pub fn encode_to<T: Serialize + ?Sized>(
    message: &T,
    output: &mut impl io::Write,
) -> io::Result<()> {
    let encoded =
        bincode::serde::encode_into_std_write(message, output, bincode::config::standard());
    match encoded {
        Ok(_) => Ok(()),
        Err(Refused::Io { inner, .. }) => Err(inner),
        Err(error) => Err(io::Error::other(EncodeError::from(error))),
    }
}

/// Decodes a message that takes all of the bytes.
///
/// # Errors
/// The bytes are malformed, longer than the message, or over the limit.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    decode_within::<T, MESSAGE_LIMIT>(bytes)
}

/// Decodes the first of several messages that follow one another, and says how many bytes it took.
///
/// # Errors
/// The bytes are malformed, or the message exceeds the limit.
pub fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), DecodeError> {
    let config = bincode::config::standard().with_limit::<MESSAGE_LIMIT>();
    Ok(bincode::serde::decode_from_slice(bytes, config)?)
}

/// Decodes a message that takes all of the bytes, whose number alone limits what it may take in
/// memory: for files of large values.
///
/// # Errors
/// The bytes are malformed, or longer than the message.
pub fn decode_large<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    // What a value takes in memory is up to some thirty times what it takes in bytes.
    match bytes.len() {
        0..0x80_0000 => decode_within::<T, MESSAGE_LIMIT>(bytes),
        0x80_0000..0x800_0000 => decode_within::<T, { 4 << 30 }>(bytes),
        0x800_0000..0x8000_0000 => decode_within::<T, { 64 << 30 }>(bytes),
        _ => decode_within::<T, { 1 << 40 }>(bytes),
    }
}

fn decode_within<T: DeserializeOwned, const LIMIT: usize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let config = bincode::config::standard().with_limit::<LIMIT>();
    let (message, used) = bincode::serde::decode_from_slice(bytes, config)?;
    match bytes.len() - used {
        0 => Ok(message),
        left => Err(DecodeError::LeftOver(left)),
    }
}
