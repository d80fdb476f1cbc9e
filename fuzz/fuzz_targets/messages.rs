//! Decoding any bytes as messages between processes yields messages or an error, however the stream
//! is split; a decoded message can be forwarded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use research_exec::decode_stream;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let _ = decode_stream(bytes, usize::from(piece));
});
