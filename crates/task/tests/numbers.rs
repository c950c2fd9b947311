//! The same options and seed give the same trials in every version of this library.

use attractor_task::create;

/// FNV-1a of everything in a batch.
fn fingerprint(name: &str, options: &str) -> u64 {
    let task = create(name, &options.replace("; ", "\n").parse().unwrap()).unwrap();
    let batch = task.generate(11, 2, 30).unwrap();
    let target = &batch.targets[0];
    let numbers =
        batch.inputs.iter().chain(&target.values).chain(&target.weights).map(|x| x.to_bits());
    let mut bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    bytes.extend(format!("{:?} {:?}", batch.conditions, batch.lengths).bytes());
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn trials_stay_what_they_are() {
    let mut changed = String::new();
    for (name, options, expected) in [
        ("context-decision", "", 0x32c8_24aa_ed9b_2186),
        ("context-decision", "dt = 5.0; coherences = [-3.0, 1.0]", 0x3b06_9123_ae92_c4c0),
        ("delayed-discrimination", "", 0x6351_baaf_cc10_0a27),
        ("delayed-discrimination", "delay = 400.0; graded = true; dt = 10", 0x7aa3_6e48_29de_7252),
        ("flip-flop", "", 0x16e3_6720_f776_09ce),
        ("flip-flop", "bits = 2; noise = 0.1; interval = 90.0; dt = 7.0", 0x06eb_4ccb_9553_162c),
    ] {
        let found = fingerprint(name, options);
        if found != expected {
            changed += &format!("\n(\"{name}\", \"{options}\", {found:#x}),");
        }
    }
    assert!(changed.is_empty(), "trials have changed; that breaks a promise:{changed}");
}
