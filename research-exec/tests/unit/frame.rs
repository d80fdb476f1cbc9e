//! Frames.

use super::*;

#[test]
fn frames_survive_any_cut_of_the_stream() {
    let mut stream = Vec::new();
    for task in 0..5_u64 {
        let message = vec![task; usize::try_from(task).unwrap() * 100];
        push_frame(&mut stream, FrameKind::Events, task, &message).unwrap();
    }
    for step in [1, 2, 7, 100, stream.len()] {
        let mut decoder = FrameDecoder::default();
        let mut tasks = Vec::new();
        for piece in stream.chunks(step) {
            decoder.feed(piece);
            while let Some(frame) = decoder.next_frame().unwrap() {
                let message: Vec<u64> = codec::decode(frame.payload).unwrap();
                assert!(message.iter().all(|part| *part == frame.task));
                tasks.push(frame.task);
            }
        }
        assert_eq!(tasks, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn a_frame_that_was_changed_is_an_error() {
    let mut frame = Vec::new();
    push_frame(&mut frame, FrameKind::Events, 5, &vec![1_u64, 2, 3]).unwrap();
    // Skips the length: a changed one may make the decoder wait for more bytes.
    for place in (0..4).chain(8..frame.len()) {
        let mut changed = frame.clone();
        changed[place] ^= 1;
        let mut decoder = FrameDecoder::default();
        decoder.feed(&changed);
        assert!(decoder.next_frame().is_err(), "{place}");
    }
}

#[test]
fn a_stream_of_something_else_is_an_error() {
    let mut decoder = FrameDecoder::default();
    decoder.feed(b"GET / HTTP/1.1\r\nHost: there");
    assert!(decoder.next_frame().is_err());
}
