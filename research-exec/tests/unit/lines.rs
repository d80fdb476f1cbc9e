//! Lines of captured output.

use super::*;

#[test]
fn lines_come_whole_however_they_are_cut() {
    let text = b"one\ntwo\n\nthree, and no end";
    for size in 1..text.len() {
        let mut lines = WholeLines::default();
        let mut kept: Vec<Vec<u8>> = Vec::new();
        for piece in text.chunks(size) {
            lines.push(piece, |lines| kept.push(lines.to_vec()));
        }
        assert!(kept.iter().all(|lines| lines.ends_with(b"\n")), "{size}");
        lines.end(|rest| kept.push(rest.to_vec()));
        assert_eq!(kept.concat(), text, "{size}");
    }
}

#[test]
fn a_line_without_an_end_is_cut_where_it_begins_anew() {
    let mut lines = WholeLines::default();
    let mut kept = Vec::new();
    let bar = b"\r 50%".repeat(LONGEST / 4);
    lines.push(&bar, |lines| kept.extend_from_slice(lines));
    assert!(kept.ends_with(b"\r"));
    lines.end(|rest| kept.extend_from_slice(rest));
    assert_eq!(kept, bar);
}

#[test]
fn a_long_line_is_cut_between_characters() {
    let text = "€".repeat(LONGEST);
    let mut lines = WholeLines::default();
    let mut kept = String::new();
    let mut keep = |piece: &[u8]| kept.push_str(std::str::from_utf8(piece).unwrap());
    for piece in text.as_bytes().chunks(1024) {
        lines.push(piece, &mut keep);
    }
    lines.end(&mut keep);
    assert!(kept == text);
}
