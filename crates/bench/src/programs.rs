//! The programs that are timed beside ours: which there are, and how they are started.

use std::path::PathBuf;

use crate::case::Case;
use crate::peers::{Peer, commit, install};
use crate::table::Options;
use crate::{finder, fits};

/// The interpreter of the peers' environment, if it is there.
pub(crate) fn python(programs: &[(String, Vec<PathBuf>)]) -> Option<&PathBuf> {
    programs.iter().find(|(name, _)| name == "torch").map(|(_, program)| &program[0])
}

/// Peers to start: name, program and its arguments.
pub(crate) fn programs(
    options: &Options,
    notes: &mut Vec<String>,
    say: &mut impl FnMut(&str),
) -> Vec<(String, Vec<PathBuf>)> {
    let mut programs = Vec::new();
    if let Some(scripts) = &options.scripts {
        match install(scripts, &options.venv, say) {
            Ok(python) => {
                for (name, script) in [("jax", "jax_scan.py"), ("torch", "torch_loop.py")] {
                    programs.push((name.to_owned(), vec![python.clone(), scripts.join(script)]));
                }
            }
            Err(error) => notes.push(format!("JAX and PyTorch: not run ({error})")),
        }
    }
    let served = |name: &str| name != finder::NAME && name != fits::NAME;
    for (name, folder) in options.others.iter().filter(|(name, _)| served(name)) {
        let commit = commit(folder).unwrap_or_else(|| "no commit".to_owned());
        notes.push(format!("{name}: {commit}"));
        programs.push((name.clone(), vec![folder.join("serve")]));
    }
    programs
}

/// Peers for spiking cells alone, in the environment of the others.
pub(crate) fn of_spikes(
    options: &Options,
    programs: &[(String, Vec<PathBuf>)],
) -> Vec<(String, Vec<PathBuf>)> {
    let python = python(programs);
    let (Some(python), Some(scripts)) = (python, &options.scripts) else { return Vec::new() };
    if !options.cases.iter().any(Case::spikes) {
        return Vec::new();
    }
    let program = |(name, script): (&str, &str)| {
        (name.to_owned(), vec![python.clone(), scripts.join(script)])
    };
    [("snntorch", "snntorch_loop.py"), ("norse", "norse_loop.py")].map(program).into()
}

/// FixedPointFinder from the folder the user gave, in the peers' environment.
pub(crate) fn start_finder(options: &Options, notes: &mut Vec<String>) -> Option<Peer> {
    from_folder(options, finder::NAME, "fixed_points.py", options.threads, notes)
}

/// The program of Perich et al. 2020 on one thread, as ours.
pub(crate) fn start_curbd(options: &Options, notes: &mut Vec<String>) -> Option<Peer> {
    from_folder(options, fits::NAME, "curbd_fit.py", 1, notes)
}

/// A peer whose folder the user gives.
fn from_folder(
    options: &Options,
    name: &str,
    script: &str,
    threads: usize,
    notes: &mut Vec<String>,
) -> Option<Peer> {
    let (_, folder) = options.others.iter().find(|(given, _)| given == name)?;
    let Some(scripts) = &options.scripts else {
        notes.push(format!("{name}: not run (it needs the peers' environment)"));
        return None;
    };
    notes.push(format!("{name}: {}", commit(folder).unwrap_or_else(|| "no commit".to_owned())));
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    let program = [options.venv.join("bin/python"), scripts.join(script), folder];
    match Peer::start(&program, threads) {
        Ok(peer) => Some(peer),
        Err(error) => {
            notes.push(format!("{name}: not run ({error})"));
            None
        }
    }
}
