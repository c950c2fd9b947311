//! Fixed points of a random network, `x ↦ tanh(W x)` with gain 1.5, against FixedPointFinder (Golub &
//! Sussillo 2018, doi:10.21105/joss.01003): the same weights, the same starts, one verifier.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use attractor_analysis::fixed_points::{Label, SearchOptions, fixed_points};
use attractor_network::library::{self, Nonlinearity};
use attractor_network::{Autonomous, Description, Network, Population, Projection, Wiring};
use attractor_numerics::law::Law;
use attractor_numerics::{Dynamics, random};
use serde::Serialize;

use crate::error::BenchError;
use crate::peers::Peer;

/// Name of the peer on the command line.
pub(crate) const NAME: &str = "fixed-point-finder";
/// Gain of the weights: beyond 1 the origin is unstable.
const GAIN: f64 = 1.5;
/// Farthest the verifier may carry a point: what FixedPointFinder by default takes for one and the same.
const NEAR: f64 = 1e-3;

/// A search that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SearchCase {
    /// Units.
    pub units: usize,
    /// Starts.
    pub starts: usize,
}

/// All searches.
pub const SEARCHES: [SearchCase; 2] =
    [SearchCase { units: 64, starts: 256 }, SearchCase { units: 256, starts: 256 }];

impl std::fmt::Display for SearchCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fixed points, N = {}, {} starts", self.units, self.starts)
    }
}

/// What one program found, and how fast.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Median time of a search, ms.
    pub total_ms: f64,
    /// Share of the starts that ended at a fixed point: within 1e-3 of one with `‖F(x) - x‖∞ ≤ 1e-9`.
    pub verified: f64,
    /// Share of the starts that ended at another one than the origin.
    pub beyond_origin: f64,
    /// Number of different fixed points.
    pub distinct: usize,
    /// Time per start that ended at a fixed point, ms.
    pub ms_per_verified: f64,
}

/// One row of the table of searches.
#[derive(Clone, Debug, Serialize)]
pub struct SearchRow {
    /// What was searched.
    pub case: SearchCase,
    /// Per program.
    pub found: BTreeMap<String, Found>,
    /// Time of the peer over ours, in total.
    pub ratio: Option<f64>,
}

#[derive(Serialize)]
struct Request<'a> {
    units: usize,
    weights: &'a Path,
    starts: &'a Path,
    points: &'a Path,
}

/// Times a search with us and, if there is one, with the peer, in turn.
pub(crate) fn row(
    case: SearchCase,
    repeats: usize,
    threads: usize,
    peer: &mut Option<Peer>,
    notes: &mut Vec<String>,
) -> Result<SearchRow, BenchError> {
    let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
    let problem = Problem::new(case).map_err(failed)?;
    let ours = format!("attractor, {threads} threads");
    let mut runs: BTreeMap<String, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    // starts on trajectories, and what counts is variety: no descent, which draws many to the origin
    let options = SearchOptions { threads, descent: 0, ..SearchOptions::default() };
    for _ in 0..repeats {
        let begin = Instant::now();
        let search = fixed_points(&problem.map, &problem.starts, &options);
        let ms = begin.elapsed().as_secs_f64() * 1e3;
        let run = runs.entry(ours.clone()).or_default();
        run.0.push(ms);
        run.1 = search.map_err(|e| failed(e.to_string()))?.states;
        if let Some(running) = peer {
            match problem.ask(running) {
                Ok((ms, points)) => {
                    let run = runs.entry(running.name.clone()).or_default();
                    run.0.push(ms);
                    run.1 = points;
                }
                Err(error) => {
                    notes.push(format!("{}, {case} and later: not run ({error})", running.name));
                    *peer = None;
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    for (name, (mut ms, points)) in runs {
        ms.sort_by(f64::total_cmp);
        let total = ms[ms.len() / 2];
        found.insert(name, problem.verify(total, &points).map_err(failed)?);
    }
    let others = found.iter().filter(|(name, _)| **name != ours).map(|(_, f)| f.total_ms);
    let ratio = others.min_by(f64::total_cmp).map(|other| other / found[&ours].total_ms);
    Ok(SearchRow { case, found, ratio })
}

/// A network and starts along its trajectories.
struct Problem {
    case: SearchCase,
    weights: Vec<f64>,
    map: Autonomous,
    starts: Vec<f64>,
}

impl Problem {
    fn new(case: SearchCase) -> Result<Problem, String> {
        let n = case.units;
        let elman = library::elman(Nonlinearity::Tanh).map_err(|e| e.to_string())?;
        let wiring = Wiring::Dense { law: Law::Gaussian { gain: GAIN } };
        let populations = vec![Population::of("rec", n, &elman)];
        let projections = vec![Projection::new("rec.h", "rec.I", wiring).lag(1)];
        let description = Description::new(1.0, populations, projections);
        let network = Network::new(description).map_err(|e| e.to_string())?;
        // the weights are all its parameters
        let weights = network.initial_parameters(1);
        let map = Autonomous::new(&network, &weights, &[]).map_err(|e| e.to_string())?;
        // normal states run freely for 20 steps and up to 39 more
        let law = Law::Normal { sd: 1.0 };
        let mut starts = law.sample(case.starts, n, &mut random::stream(1, "starts"));
        let mut next = vec![0.0; starts.len()];
        for step in 0..60 {
            map.step(&starts, &mut next);
            let rows = starts.chunks_exact_mut(n).zip(next.chunks_exact(n)).enumerate();
            for (_, (x, next)) in rows.filter(|(k, _)| step < 20 + k % 40) {
                x.copy_from_slice(next);
            }
        }
        Ok(Problem { case, weights, map, starts })
    }

    /// Lets the peer search; its time in ms and where each start ended.
    fn ask(&self, peer: &mut Peer) -> Result<(f64, Vec<f64>), BenchError> {
        let folder = std::env::temp_dir().join(format!("attractor-bench-{}", std::process::id()));
        let answer = self.exchange(peer, &folder);
        // best effort: it is a folder of temporary files
        let _ = std::fs::remove_dir_all(&folder);
        answer
    }

    fn exchange(&self, peer: &mut Peer, folder: &Path) -> Result<(f64, Vec<f64>), BenchError> {
        let file = |path: &Path, source| BenchError::File { path: path.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(|e| file(folder, e))?;
        let path = |name: &str| -> PathBuf { folder.join(name) };
        let (weights, starts, points) = (path("weights"), path("starts"), path("points"));
        for (path, values) in [(&weights, &self.weights), (&starts, &self.starts)] {
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            std::fs::write(path, bytes).map_err(|e| file(path, e))?;
        }
        let request =
            Request { units: self.case.units, weights: &weights, starts: &starts, points: &points };
        let ms = peer.times(&request)?;
        let bytes = std::fs::read(&points).map_err(|e| file(&points, e))?;
        let values = bytes
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]));
        Ok((ms.and_then(|ms| ms.first().copied()).unwrap_or(f64::NAN), values.collect()))
    }

    /// Carries every point to the fixed point next to it, if there is one: the same for all programs.
    fn verify(&self, total_ms: f64, points: &[f64]) -> Result<Found, String> {
        let n = self.case.units;
        let options = SearchOptions {
            descent: 0,
            leaps: 0,
            jitter: 0.0,
            retries: 0,
            steps: 20,
            ..SearchOptions::default()
        };
        let search = fixed_points(&self.map, points, &options).map_err(|e| e.to_string())?;
        let largest = |x: &mut dyn Iterator<Item = f64>| x.fold(0.0f64, |m, x| m.max(x.abs()));
        let (mut verified, mut beyond) = (0usize, 0usize);
        let mut reached = vec![false; search.points.len()];
        let ends = search.states.chunks_exact(n).zip(points.chunks_exact(n));
        for (outcome, (end, point)) in search.outcomes.iter().zip(ends) {
            let moved = largest(&mut end.iter().zip(point).map(|(a, b)| a - b));
            if outcome.label == Label::Fixed && moved <= NEAR {
                verified += 1;
                beyond += usize::from(largest(&mut end.iter().copied()) > NEAR);
                outcome.point.into_iter().for_each(|k| reached[k] = true);
            }
        }
        let starts = self.case.starts as f64;
        Ok(Found {
            total_ms,
            verified: verified as f64 / starts,
            beyond_origin: beyond as f64 / starts,
            distinct: reached.iter().filter(|reached| **reached).count(),
            ms_per_verified: total_ms / verified as f64,
        })
    }
}
