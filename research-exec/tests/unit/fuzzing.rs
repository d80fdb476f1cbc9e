//! The entry point of the fuzz target.

use super::*;

#[test]
fn whole_messages_are_counted_and_anything_else_is_given_up() {
    let mut stream = Vec::new();
    let hello = Hello {
        protocol: 1,
        pid: 7,
    };
    push_frame(&mut stream, FrameKind::Hello, 0, &hello).unwrap();
    push_frame(&mut stream, FrameKind::Quit, 0, &()).unwrap();
    let no_events: Vec<research_core::Event> = Vec::new();
    push_frame(&mut stream, FrameKind::Events, 3, &no_events).unwrap();
    for piece in [1, 5, stream.len()] {
        assert_eq!(decode_stream(&stream, piece), 3);
    }
    for cut in 0..stream.len() {
        assert!(decode_stream(&stream[..cut], 4) < 3);
        let mut flipped = stream.clone();
        flipped[cut] ^= 0xff;
        assert!(decode_stream(&flipped, 4) <= 3);
    }
}
