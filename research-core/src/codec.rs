//! The one place that knows how events become bytes: bincode 2, with a limit on every decode.
//!
//! The bytes are bincode's standard configuration: little-endian, variable-length integers.
//! bincode is not self-describing, so what is encoded here must not use `skip_serializing_if`,
//! `untagged` and their like.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most that one encoded message may take, in bytes.
pub const MESSAGE_LIMIT: usize = 256 << 20;

/// A message could not become bytes.
#[derive(Debug, thiserror::Error)]
#[error("a message could not be encoded: {0}")]
pub struct EncodeError(#[from] bincode::error::EncodeError);

/// Bytes are no message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// They do not follow the format.
    #[error("bytes could not be decoded: {0}")]
    Malformed(#[from] bincode::error::DecodeError),
    /// There is more than one message.
    #[error("{0} bytes are left over after a message")]
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

/// Decodes a message that takes all of the bytes.
///
/// # Errors
/// The bytes are malformed, longer than the message, or over the limit.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (message, used) = decode_first(bytes)?;
    match bytes.len() - used {
        0 => Ok(message),
        left => Err(DecodeError::LeftOver(left)),
    }
}

/// Decodes the first of several messages that follow one another, and says how many bytes it took.
///
/// # Errors
/// The bytes are malformed, or the message is over the limit.
pub fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), DecodeError> {
    let config = bincode::config::standard().with_limit::<MESSAGE_LIMIT>();
    Ok(bincode::serde::decode_from_slice(bytes, config)?)
}
