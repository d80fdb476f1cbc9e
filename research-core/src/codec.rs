//! The encoding of events: bincode 2, with a limit on every decode. No other module encodes.
//!
//! The bytes are bincode's standard configuration: little-endian, variable-length integers. bincode
//! is not self-describing, so encoded types must not use `skip_serializing_if`, `untagged` and
//! similar attributes.

use std::io;

use bincode::error::EncodeError as Refused;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod payload;

pub use payload::{PAYLOAD_FORMAT, PayloadError, begins_with_event, decode_payload, encode_event};

/// The size limit of one encoded message, in bytes.
pub const MESSAGE_LIMIT: usize = 256 << 20;

/// A message could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The encoder refused the message.
    #[error("cannot encode a message: {0}")]
    Refused(#[from] Refused),
    /// The message exceeds the limit, so that no decoder would read it.
    #[error("an event of {bytes} bytes is too large to be read back")]
    TooLarge {
        /// The length of the message.
        bytes: usize,
    },
}

/// Bytes that are not a message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes do not follow the format.
    #[error("cannot decode bytes: {0}")]
    Malformed(#[from] bincode::error::DecodeError),
    /// More bytes follow the message.
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

/// Writes the encoded message to `output`, without a copy in memory.
///
/// # Errors
/// The output returns an error, or the type cannot be encoded.
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

/// Decodes one message, which must use all bytes.
///
/// # Errors
/// The bytes are malformed, longer than the message, or over the limit.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    decode_within::<T, MESSAGE_LIMIT>(bytes)
}

/// Decodes the first of several consecutive messages. Returns it with its length in bytes.
///
/// # Errors
/// The bytes are malformed, or the message exceeds the limit.
pub fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), DecodeError> {
    let config = bincode::config::standard().with_limit::<MESSAGE_LIMIT>();
    Ok(bincode::serde::decode_from_slice(bytes, config)?)
}

/// Decodes one message, which must use all bytes, from a file of a large value. Only the length of
/// the file limits the memory that the message may take.
///
/// # Errors
/// The bytes are malformed, or longer than the message.
pub fn decode_large<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    // A value takes up to about thirty times as much memory as it takes bytes.
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
