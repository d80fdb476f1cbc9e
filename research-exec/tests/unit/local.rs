//! The folder in which the local transport creates its sockets.

use super::*;

#[test]
fn a_folder_that_is_not_there_or_whose_path_is_too_long_for_sockets_is_refused() {
    assert!(check_folder(Path::new("/tmp")).is_ok());
    let none = check_folder(Path::new("/none")).unwrap_err();
    assert!(none.to_string().contains("TMPDIR"), "{none}");
    let long = check_folder(Path::new(&"/long".repeat(20))).unwrap_err();
    assert!(long.to_string().contains("TMPDIR"), "{long}");
}
