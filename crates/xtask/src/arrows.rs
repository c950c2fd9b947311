//! Who may know whom: dependencies between rooms, against the map of the house.

use std::path::Path;

use crate::step::cargo;

/// Each room and the rooms it may know. It may also know whom these may know. `attractor` is the
/// facade. CONTRIBUTING.md shows the same map.
const HOUSE: &[(&str, &[&str])] = &[
    ("numerics", &[]),
    ("equations", &["numerics"]),
    ("data", &["numerics"]),
    ("network", &["equations", "data"]),
    ("hdf5", &["data"]),
    ("task", &["data"]),
    ("recording", &["data"]),
    ("features", &["data"]),
    ("learn", &["network"]),
    ("analysis", &["data"]),
    ("theory", &["equations"]),
    ("interop", &["network", "hdf5"]),
    ("report", &[]),
    ("bench", &["learn", "analysis", "task"]),
    ("run", &["learn", "task", "recording", "interop", "analysis", "report"]),
    ("attractor", &["run", "theory", "features"]),
    ("study", &["attractor"]),
    ("cli", &["attractor", "bench", "study"]),
    ("xtask", &[]),
];

/// Asks cargo for the dependencies (those of tests aside) and names every arrow that is not allowed.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let mut tree = cargo(root);
    tree.args(["tree", "--workspace", "--depth", "1", "--prefix", "depth", "--format", "{p}"]);
    tree.args(["--edges", "normal,build", "--all-features", "--target", "all"]);
    let output = tree.output().map_err(|e| format!("cargo does not start: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let wrong = problems(&String::from_utf8_lossy(&output.stdout));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// What is wrong with a tree of lines such as `0attractor-network v0.1.0 (…)`, with the packages of
/// the workspace at depth 0 and their dependencies at depth 1.
fn problems(tree: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut room = "";
    for line in tree.lines() {
        let package = |line: &str| line.split(' ').next().is_some_and(|p| !p.is_empty());
        if let Some(line) = line.strip_prefix('0').filter(|line| package(line)) {
            room = room_of(line).unwrap_or("");
            if room.is_empty() {
                let name = line.split(' ').next().unwrap_or(line);
                wrong.push(format!(
                    "package `{name}` is called neither `attractor-ROOM` nor `xtask`"
                ));
            } else if known_to(room).is_none() {
                wrong.push(format!(
                    "room `{room}` is not on the map: add it to crates/xtask/src/arrows.rs and \
                     CONTRIBUTING.md"
                ));
            }
        } else if let Some(other) = line.strip_prefix('1').and_then(room_of)
            && let Some(known) = known_to(room)
            && !known.contains(&other)
        {
            wrong.push(format!(
                "`{room}` may not know `{other}`; it may know: {}",
                known.join(", ")
            ));
        }
    }
    wrong
}

/// The room of a line's package; none if it is not one of ours.
fn room_of(line: &str) -> Option<&str> {
    let package = line.split(' ').next()?;
    match package {
        "attractor" | "xtask" => Some(package),
        _ => package.strip_prefix("attractor-"),
    }
}

/// Every room that a room may know; none if it is not on the map.
fn known_to(room: &str) -> Option<Vec<&'static str>> {
    let (_, direct) = HOUSE.iter().find(|(name, _)| *name == room)?;
    let mut known = direct.to_vec();
    let mut next = 0;
    while let Some(&room) = known.get(next) {
        for &(_, further) in HOUSE.iter().filter(|(name, _)| *name == room) {
            known.extend(further.iter().filter(|name| !known.contains(name)).collect::<Vec<_>>());
        }
        next += 1;
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_has_no_circle_and_no_unknown_room() {
        for (room, direct) in HOUSE {
            assert!(!known_to(room).unwrap().contains(room), "{room} knows itself");
            assert!(direct.iter().all(|name| known_to(name).is_some()), "{room}");
            assert!(!direct.contains(&"cli"), "nothing knows cli");
        }
        assert_eq!(known_to("learn").unwrap(), ["network", "equations", "data", "numerics"]);
        assert_eq!(known_to("report").unwrap(), [""; 0]);
    }

    #[test]
    fn wrong_arrows_are_named() {
        let tree = "0attractor-report v0.1.0 (/x)\n1attractor-network v0.1.0 (/x)\n1png v0.18.1\n\n\
                    0attractor-task v0.1.0 (/x)\n1attractor-numerics v0.1.0 (/x) (*)\n\n\
                    0attractor-cellar v0.1.0 (/x)\n1attractor-cli v0.1.0 (/x)\n";
        let wrong = problems(tree);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].starts_with("`report` may not know `network`"));
        assert!(wrong[1].starts_with("room `cellar` is not on the map"));
    }
}
