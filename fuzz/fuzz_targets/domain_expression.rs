//! Any text is a domain or an error; what is a domain prints an expression that parses back to it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use research_domain::{Domain, Iteration};

fuzz_target!(|text: &str| {
    let Ok(domain) = text.parse::<Domain>() else { return };
    let printed = domain.to_string();
    let again: Domain = printed.parse().expect("what is printed can be parsed");
    assert_eq!(again.to_string(), printed);
    if let Ok(configs) = domain.configs(&Iteration::default()) {
        for item in configs.iter().take(3) {
            let Ok(item) = item else { break };
            assert_eq!(configs.get(item.index).ok().flatten(), Some(item));
        }
    }
});
