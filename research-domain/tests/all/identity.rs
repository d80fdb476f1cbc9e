//! Ids and seeds: pure functions, unique, and the same in every version.

use std::collections::HashSet;

use proptest::prelude::*;
use research_domain::{
    Config, Domain, Entry, ExperimentId, IdPrefixes, IdRegistry, IdRegistryError, Identity,
    Iteration, Rules, Value, experiment_seed, option,
};

fn identity(config: &Config) -> Identity<'_> {
    Identity {
        config,
        repetition: 0,
        updates: 0,
        seed: 42,
        occurrence: 0,
    }
}

fn sample_configs() -> [Config; 4] {
    [
        Config::new(),
        Config::from_pairs([("a", 1), ("b", 2)]),
        Config::from_pairs([
            ("f", Value::from(0.1)),
            ("t", Value::from("x y")),
            ("l", Value::from(vec![1, 2])),
            ("n", Value::Null),
            (
                "m",
                Value::Map(vec![("k".to_owned(), Value::Bytes(vec![1]))]),
            ),
            ("o", Value::from(true)),
        ]),
        [Entry::new("a", 1).with_alias("one").with_key_alias("A")]
            .into_iter()
            .collect(),
    ]
}

#[test]
fn ids_and_seeds_are_the_same_in_every_version_and_on_every_platform() {
    let found: Vec<String> = sample_configs()
        .iter()
        .map(|config| {
            let other = Identity {
                repetition: 3,
                updates: 2,
                occurrence: 1,
                ..identity(config)
            };
            let first = identity(config);
            format!(
                "{} {} {} {}",
                first.id_by(Rules::V1, ""),
                first.seed(),
                other.id_by(Rules::V1, "0_"),
                other.seed()
            )
        })
        .collect();
    assert_eq!(found, GOLDEN_V1);
    let latest: Vec<String> = sample_configs()
        .iter()
        .map(|config| identity(config).id("").to_string())
        .collect();
    assert_eq!(latest, GOLDEN);
}

const GOLDEN: [&str; 4] = [
    "c26f449a93371703",
    "b519fbf288372988",
    "f7bdaf0720489432",
    "ce44218192453991",
];

const GOLDEN_V1: [&str; 4] = [
    "a26f449a93371703 8616452735552053116 0_a26f449a98603379 2037298661554969612",
    "5519fbf288372988 8148878756406784555 0_5519fbf227298310 14209885453075018212",
    "f7bdaf0720489432 4066126906520834419 0_f7bdaf0725165564 2228316580172192466",
    "8e44218192453991 16247124021762217846 0_8e44218141322955 14621701918484774845",
];

#[test]
fn ids_depend_on_everything_but_the_order_of_keys_and_auxiliary_ones() {
    let config = Config::from_pairs([("a", 1), ("b", 2)]);
    let base = identity(&config);
    let swapped = Config::from_pairs([("b", 2), ("a", 1)]);
    let with_auxiliary = config
        .clone()
        .with("repetition", 5)
        .with("device", "gpu")
        .with("updates", 1);
    for same in [&swapped, &with_auxiliary] {
        assert_eq!(identity(same).id(""), base.id(""));
        assert_eq!(identity(same).seed(), base.seed());
    }
    let float = Config::from_pairs([("a", Value::Float(1.0)), ("b", Value::Int(2))]);
    let text = Config::from_pairs([("a", Value::from("1")), ("b", Value::Int(2))]);
    let others = [
        Identity {
            repetition: 1,
            ..base
        },
        Identity { updates: 1, ..base },
        Identity { seed: 1, ..base },
        Identity {
            occurrence: 1,
            ..base
        },
        Identity {
            config: &float,
            ..base
        },
        Identity {
            config: &text,
            ..base
        },
    ];
    let ids: HashSet<ExperimentId> = others.iter().map(|other| other.id("")).collect();
    let seeds: HashSet<u64> = others.iter().map(Identity::seed).collect();
    assert_eq!((ids.len(), seeds.len()), (6, 6));
    assert!(!ids.contains(&base.id("")) && !seeds.contains(&base.seed()));
    assert_eq!(base.seed(), experiment_seed(42, &config, 0, 0, 0));
    // The first part only depends on the alias string, which is the same for 1 and "1".
    assert_eq!(
        identity(&text).id("").as_str()[..8],
        base.id("").as_str()[..8]
    );
}

#[test]
fn an_extended_domain_keeps_its_ids_and_seeds() {
    let ids = |text: &str| -> Vec<(ExperimentId, u64)> {
        let domain: Domain = text.parse().unwrap();
        let configs = domain.configs(&Iteration::default().n_reps(2)).unwrap();
        let mut registry = IdRegistry::new();
        configs
            .iter()
            .map(|item| registry.assign(item.unwrap().identity(7), "").unwrap())
            .map(|assigned| (assigned.id, assigned.seed))
            .collect()
    };
    let before = ids("a=[1, 2] * b=[1, 2]");
    let after = ids("b=[0, 1, 2] * a=[0, 1, 2]");
    assert_eq!(after.len(), 18);
    assert!(before.iter().all(|assigned| after.contains(assigned)));
}

#[test]
fn ids_are_unique_even_for_one_config() {
    let configs = option("a", [1, 1, 2])
        .configs(&Iteration::default().n_items(30_000))
        .unwrap();
    let mut registry = IdRegistry::new();
    let mut again = IdRegistry::new();
    let mut seen = HashSet::new();
    for item in &configs {
        let item = item.unwrap();
        let assigned = registry.assign(item.identity(1), "").unwrap();
        assert_eq!(again.assign(item.identity(1), "").unwrap(), assigned);
        assert!(seen.insert(assigned.id));
    }
    assert_eq!(registry.len(), 30_000);
}

#[test]
fn prefixes_number_values_in_the_order_of_first_use() {
    let domain: Domain = "a=[\"x\", \"y\" as z] * b=[1, 1] + c=[5] * a=[\"z\"]"
        .parse()
        .unwrap();
    let configs = domain
        .configs(&Iteration::default().n_reps(2).id_prefix(2))
        .unwrap();
    let mut prefixes = configs.id_prefixes().unwrap();
    let made: Vec<String> = configs
        .iter()
        .map(|item| prefixes.prefix(&item.unwrap()))
        .collect();
    assert_eq!(made[..2], ["00_00_null_00_", "00_00_null_00_"]);
    assert_eq!(made[4], "01_null_00_00_");
    assert_eq!(made[9], "01_null_00_01_");
    assert!(configs.id_prefixes().is_some());
    let mut registry = IdRegistry::new();
    let item = configs.get(4).unwrap().unwrap();
    let id = registry.assign(item.identity(0), &made[4]).unwrap().id;
    assert!(id.as_str().starts_with("01_null_00_00_"));
    assert_eq!(ExperimentId::parse(id.as_str()), Ok(id));
}

#[test]
fn every_assigned_id_can_be_parsed() {
    let config = Config::from_pairs([("a", 1)]);
    let mut registry = IdRegistry::new();
    let longest = "0".repeat(ExperimentId::MAX_LEN - 16);
    let id = registry.assign(identity(&config), &longest).unwrap().id;
    assert_eq!(ExperimentId::parse(id.as_str()), Ok(id));
    let error = registry
        .assign(identity(&config), &format!("{longest}0"))
        .unwrap_err();
    assert_eq!(error, IdRegistryError::TooLong { len: 201 });
}

#[test]
fn unsafe_names_are_refused_as_ids() {
    for text in [
        "", ".", "..", "../a", "a/b", "a\\b", "a b", "-rf", ".hidden", "a\0", "é",
    ] {
        assert!(ExperimentId::parse(text).is_err(), "{text}");
        assert!(serde_json::from_value::<ExperimentId>(text.into()).is_err());
    }
    assert!(ExperimentId::parse(&"a".repeat(201)).is_err());
}

/// Returns whether some reader of tables parses a string as a number: floats of Python, C, Fortran
/// and YAML, grouped digits, hexadecimal and other bases, `nan` and `inf` in all spellings.
fn is_numeral(text: &str) -> bool {
    let plain = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let groups = plain.replace(['_', '.'], "");
    let based = |prefix: &str, radix: u32| {
        groups
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.chars().all(|digit| digit.is_digit(radix)))
    };
    let decimal = groups.replace('d', "e");
    let special = [
        "nan", "inf", "infinity", "true", "false", "null", "none", "na",
    ];
    decimal.parse::<f64>().is_ok()
        || decimal
            .strip_suffix(['e', 'f', 'l', 'u'])
            .is_some_and(|rest| rest.parse::<f64>().is_ok())
        || based("0x", 16)
        || based("0o", 8)
        || based("0b", 2)
        || special.contains(&&*groups)
        // The digits before an exponent may end with a group: 0_1_e5.
        || decimal
            .split_once('e')
            .is_some_and(|(a, b)| a.parse::<f64>().is_ok() && b.parse::<i128>().is_ok())
}

#[test]
fn some_ids_of_the_first_rules_are_numerals() {
    let examples = [
        "0764279979922599",
        "12e5834700000001",
        "0_1_e123456700000001",
    ];
    assert!(examples.into_iter().all(is_numeral));
    let ids = (0..1000).map(|x| {
        let config = Config::from_pairs([("x", x)]);
        identity(&config).id_by(Rules::V1, "").to_string()
    });
    assert!(ids.filter(|id| is_numeral(id)).count() > 20);
}

#[test]
fn no_id_is_a_numeral() {
    let domain = option("x", 0..5000) * option("y", [0.5, 1.5]);
    let configs = domain.configs(&Iteration::default()).unwrap();
    let mut registry = IdRegistry::new();
    let mut firsts = HashSet::new();
    for digits in [None, Some(1), Some(3)] {
        let mut prefixes = IdPrefixes::new(digits.unwrap_or(1));
        prefixes.add_parameters(&domain);
        for item in &configs {
            let item = item.unwrap();
            let prefix = prefixes.prefix(&item);
            let prefix = digits.map_or("", |_| &prefix);
            let id = registry.assign(item.identity(0), prefix).unwrap().id;
            assert!(!is_numeral(id.as_str()), "{id}");
            // An id without its prefix is not a number either.
            let hash = &id.as_str()[prefix.len()..];
            assert!(
                !is_numeral(hash) && hash.starts_with(['a', 'b', 'c', 'f']),
                "{id}"
            );
            firsts.insert(hash.as_bytes()[0]);
        }
    }
    assert_eq!(firsts.len(), 4);
}

proptest! {
    #[test]
    fn no_config_has_an_id_that_is_a_numeral(
        pairs in proptest::collection::vec(("\\PC{0,8}", any::<i64>()), 0..4),
        repetition in any::<u64>(),
        prefix in "([0-9]{1,3}_|null_){0,3}",
    ) {
        let config = Config::from_pairs(pairs);
        let id = Identity { repetition, ..identity(&config) }.id(&prefix);
        prop_assert!(!is_numeral(id.as_str()), "{}", id);
    }

    #[test]
    fn every_id_is_a_name_of_sixteen_digits(
        pairs in proptest::collection::vec(("\\PC{0,8}", any::<i64>()), 0..4),
        repetition in any::<u64>(),
    ) {
        let config = Config::from_pairs(pairs);
        let id = Identity { repetition, ..identity(&config) }.id("");
        let (hex, decimal) = id.as_str().split_at(8);
        prop_assert!(hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        prop_assert!(decimal.len() == 8 && decimal.bytes().all(|byte| byte.is_ascii_digit()));
        prop_assert_eq!(ExperimentId::parse(id.as_str()), Ok(id));
    }
}
