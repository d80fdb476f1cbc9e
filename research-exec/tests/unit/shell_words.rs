//! Placeholders for any number of words.

use super::*;

/// Commands whose placeholders can be any number of words.
const WORDS: [&str; 9] = [
    "printf '[%s]' {x*}",
    "printf '[%s]' {x?}",
    "printf '[%s]' {flags}",
    "true && printf '[%s]' {x*} # it's",
    "for x in {x*}; do printf '[%s]' \"$x\"; done",
    "set -- {x*?}; [ $# = 0 ] || printf '[%s]' \"$@\"",
    "sh -c 'printf \"[%s]\" \"$@\"' sh {x*}",
    "(printf '[%s]' {x*})",
    "printf '%s' \"$(printf '[%s]' {x*})\"",
];

#[test]
fn placeholders_for_words_are_arguments_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = PAYLOADS.iter().zip(PAYLOADS.iter().rev());
    let lists = pairs.map(|(one, other)| vec![*one, *other]);
    let lists: Vec<Vec<&str>> = lists.chain([vec![], PAYLOADS.to_vec()]).collect();
    for text in WORDS {
        let command = command(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        for (shell, list) in SHELLS
            .iter()
            .flat_map(|shell| lists.iter().map(move |list| (shell, list)))
        {
            let values: Vec<&[&str]> = vec![list; command.places.len()];
            let output = run_with(&command, shell, &values, folder.path());
            let printed = String::from_utf8_lossy(&output.stdout);
            let expected: String = list.iter().map(|value| format!("[{value}]")).collect();
            // Without arguments, `printf` prints its format once.
            let is_empty = list.is_empty() && (printed == "[]" || printed.is_empty());
            assert!(
                is_empty || printed == expected,
                "{text} in {shell} with {list:?}: {output:?}"
            );
            assert!(!folder.path().join("ran").exists(), "{text} in {shell}");
        }
    }
    for text in [
        "{x*}",
        "{x?} a",
        "y=1 {x*}",
        "echo a{x?}",
        "echo {x*}{x}",
        "echo \"{x*}\"",
        "echo \"a {x?}\"",
        "y={x?}; echo",
        "echo > {x?}",
        "cat <<< {x*}",
        "case {x?} in a) ;; esac",
        "test {x*}",
        "[ {x?} -v a ]",
        "env {x*} true",
        "eval {x*}",
        "sh {x*}",
        "printf {x?} a",
        "export {x*}",
        "unset {x?}",
        "$y {x*}",
    ] {
        assert!(command(text).is_err(), "{text}");
    }
    // `{flags}` may also be a parameter of this name, which is decided at run time.
    let flags = |text: &str| command(text).unwrap().names_of_one_word().count();
    assert_eq!(flags("echo {flags}"), 0);
    for text in ["{flags} a", "echo \"{flags}\"", "test {flags}", "y={flags}"] {
        assert_eq!(flags(text), 1, "{text}");
    }
}
