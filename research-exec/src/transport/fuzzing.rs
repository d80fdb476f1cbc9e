//! The entry point of the fuzz target for messages: the transport is not public.

use research_core::codec;

use super::frame::{FrameDecoder, FrameKind, push_frame};
use super::messages::{Ended, Hello, Init, Task, Termination};

/// Decodes bytes as a stream of frames, in pieces of `piece` bytes, and returns the number of
/// frames whose message could be decoded. Every decoded message must survive being encoded and
/// decoded again.
///
/// # Panics
/// A decoded message does not survive encoding.
pub(crate) fn decode_stream(bytes: &[u8], piece: usize) -> usize {
    let mut decoder = FrameDecoder::default();
    let mut decoded = 0;
    for piece in bytes.chunks(piece.max(1)) {
        decoder.feed(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => decoded += usize::from(decode(frame.kind, frame.payload)),
                Ok(None) => break,
                // Readers of such a stream stop here, too.
                Err(_) => return decoded,
            }
        }
    }
    decoded
}

fn decode(kind: FrameKind, payload: &[u8]) -> bool {
    match kind {
        FrameKind::Init => survives::<Init>(kind, payload),
        FrameKind::Run => survives::<Task>(kind, payload),
        FrameKind::Quit => true,
        FrameKind::Hello => survives::<Hello>(kind, payload),
        FrameKind::Events => survives::<Vec<research_core::Event>>(kind, payload),
        FrameKind::Ended | FrameKind::Last => survives::<Ended>(kind, payload),
        FrameKind::StorageFailed => survives::<String>(kind, payload),
        FrameKind::ExecutorDied => survives::<Termination>(kind, payload),
    }
}

fn survives<T: serde::Serialize + serde::de::DeserializeOwned>(
    kind: FrameKind,
    payload: &[u8],
) -> bool {
    let Ok(message) = codec::decode::<T>(payload) else {
        return false;
    };
    let mut frame = Vec::new();
    push_frame(&mut frame, kind, 0, &message).expect("a decoded message fits into a frame");
    let mut decoder = FrameDecoder::default();
    decoder.feed(&frame);
    let again = decoder.next_frame().expect("a frame of our own is a frame");
    let again = again.expect("a frame of our own is whole");
    codec::decode::<T>(again.payload).expect("what was encoded can be decoded");
    true
}

#[cfg(test)]
#[path = "../../tests/unit/fuzzing.rs"]
mod tests;
