//! Graph measures of 1,000 units: modules by Louvain's method and small-worldness, beside python-igraph
//! and NetworkX on the same edges.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use attractor_analysis::graph::{Graph, LouvainOptions, Null, louvain, small_worldness};
use attractor_numerics::random::stream;
use ndarray::Array2;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::peers::Peer;
use crate::table::median;

/// Nodes of every graph.
const NODES: usize = 1000;
/// Random graphs of small-worldness.
const NULLS: usize = 10;
/// The peers.
const PEERS: [&str; 2] = ["igraph", "networkx"];

/// A kind of random graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One pair in ten is joined, as where the strongest tenth of all weights are kept.
    Random,
    /// A ring of 20 nearest neighbours, a tenth of the edges with one end moved.
    SmallWorld,
    /// Ten groups of a hundred; three in ten pairs within and three in a hundred between them are joined.
    Modules,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Modules by one start of Louvain's method; modularity is the value.
    Louvain,
    /// Small-worldness against ten random graphs of the same density.
    SmallWorldness,
}

/// A measure of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GraphCase {
    /// The graph.
    pub kind: Kind,
    /// The measure.
    pub measure: Measure,
}

/// All measures of all graphs.
#[must_use]
pub fn graph_cases() -> Vec<GraphCase> {
    let of = |measure| {
        let kinds = [Kind::Random, Kind::SmallWorld, Kind::Modules];
        kinds.map(|kind| GraphCase { kind, measure })
    };
    [of(Measure::Louvain), of(Measure::SmallWorldness)].concat()
}

impl fmt::Display for GraphCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measure = match self.measure {
            Measure::Louvain => "Louvain modules",
            Measure::SmallWorldness => "small-worldness",
        };
        let kind = match self.kind {
            Kind::Random => "random",
            Kind::SmallWorld => "small world",
            Kind::Modules => "modules",
        };
        write!(f, "graph, {measure}, {kind}, N = {NODES}")
    }
}

/// What one program measured, and how fast.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Measured {
    /// Median time, ms.
    pub ms: f64,
    /// Mean over repeats of what was measured.
    pub value: f64,
}

/// One row: a measure by every program, each on one thread.
#[derive(Clone, Debug, Serialize)]
pub struct GraphRow {
    /// What was measured.
    pub case: GraphCase,
    /// Edges of the graph.
    pub edges: usize,
    /// Per program.
    pub measured: BTreeMap<String, Measured>,
}

/// Name of ours.
const OURS: &str = "attractor";

#[derive(Serialize)]
struct Request<'a> {
    measure: Measure,
    nodes: usize,
    edges: &'a Path,
    nulls: usize,
    repeats: usize,
    seed: usize,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    ms: Vec<f64>,
    #[serde(default)]
    values: Vec<f64>,
    error: Option<String>,
}

/// Starts the peers.
pub(crate) fn peers(python: &Path, scripts: &Path, notes: &mut Vec<String>) -> Vec<Peer> {
    let mut peers = Vec::new();
    for name in PEERS {
        let program: [PathBuf; 3] = [python.to_owned(), scripts.join("graphs.py"), name.into()];
        match Peer::start(&program, 1) {
            Ok(peer) => peers.push(peer),
            Err(error) => notes.push(format!("{name}: not run ({error})")),
        }
    }
    peers
}

/// Times one measure in every program, in turn, each on one thread.
pub(crate) fn row(
    case: GraphCase,
    repeats: usize,
    peers: &mut Vec<Peer>,
    notes: &mut Vec<String>,
) -> Result<GraphRow, BenchError> {
    let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
    let graph = Graph::undirected(weights(case.kind).view()).map_err(|e| failed(e.to_string()))?;
    let folder = std::env::temp_dir().join(format!("attractor-graphs-{}", std::process::id()));
    let path = folder.join("edges");
    let file = |source| BenchError::File { path: path.clone(), source };
    std::fs::create_dir_all(&folder).map_err(file)?;
    std::fs::write(&path, pairs(&graph)).map_err(file)?;
    // one thread, as the peers have
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|e| failed(e.to_string()))?;
    let mut found: BTreeMap<String, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for seed in 0..repeats {
        for _ in 0..3 {
            let begin = Instant::now();
            let value = pool.install(|| ours(case.measure, &graph, seed)).map_err(failed)?;
            let ms = begin.elapsed().as_secs_f64() * 1e3;
            let own = found.entry(OURS.to_owned()).or_default();
            own.0.push(ms);
            own.1.push(value);
        }
        for mut peer in std::mem::take(peers) {
            let request = Request {
                measure: case.measure,
                nodes: NODES,
                edges: &path,
                nulls: NULLS,
                repeats: 1,
                seed,
            };
            let answer: Result<Answer, BenchError> = peer.ask(&request);
            match answer {
                Ok(Answer { ms, values, error: None }) => {
                    let of_peer = found.entry(peer.name.clone()).or_default();
                    of_peer.0.extend(ms);
                    of_peer.1.extend(values);
                    peers.push(peer);
                }
                Ok(Answer { error: Some(error), .. }) => {
                    notes.push(format!("{}, {case}: not run ({error})", peer.name));
                    peers.push(peer);
                }
                Err(error) => {
                    notes.push(format!("{}, {case} and later: not run ({error})", peer.name));
                }
            }
        }
    }
    // best effort: it is a folder of temporary files
    let _ = std::fs::remove_dir_all(&folder);
    let measured = found.into_iter().map(|(name, (ms, values))| {
        let value = values.iter().sum::<f64>() / values.len() as f64;
        (name, Measured { ms: median(ms), value })
    });
    Ok(GraphRow { case, edges: graph.edges(), measured: measured.collect() })
}

/// Our measure of a graph.
fn ours(measure: Measure, graph: &Graph, seed: usize) -> Result<f64, String> {
    let seed = seed as u64;
    match measure {
        Measure::Louvain => {
            let options = LouvainOptions { starts: 1, seed, ..LouvainOptions::default() };
            louvain(graph, &options).map(|found| found.modularity)
        }
        Measure::SmallWorldness => small_worldness(graph, Null::Density, NULLS, seed)
            .map(|found| found.small_worldness.unwrap_or(f64::NAN)),
    }
    .map_err(|e| e.to_string())
}

/// A random graph of a kind.
fn weights(kind: Kind) -> Array2<f64> {
    let mut rng = stream(1, "graphs");
    let mut w = Array2::zeros((NODES, NODES));
    if kind == Kind::SmallWorld {
        for (i, apart) in (0..NODES).flat_map(|i| (1..=10).map(move |apart| (i, apart))) {
            let mut j = (i + apart) % NODES;
            if rng.random::<f64>() < 0.1 {
                j = rng.random_range(0..NODES);
                while i == j || w[[i, j]] > 0.0 {
                    j = rng.random_range(0..NODES);
                }
            }
            (w[[i, j]], w[[j, i]]) = (1.0, 1.0);
        }
        return w;
    }
    for (i, j) in (0..NODES).flat_map(|i| (0..i).map(move |j| (i, j))) {
        let chance = match kind {
            Kind::Modules if i % 10 == j % 10 => 0.3,
            Kind::Modules => 0.03,
            _ => 0.1,
        };
        if rng.random::<f64>() < chance {
            (w[[i, j]], w[[j, i]]) = (1.0, 1.0);
        }
    }
    w
}

/// The edges as pairs of 32-bit numbers.
fn pairs(graph: &Graph) -> Vec<u8> {
    let matrix = graph.matrix();
    let edges = matrix.indexed_iter().filter(|&((i, j), &w)| i < j && w > 0.0);
    edges.flat_map(|((i, j), _)| [i as u32, j as u32]).flat_map(u32::to_le_bytes).collect()
}

/// The part of the table about graphs.
pub(crate) fn print(rows: &[GraphRow], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n| one thread | edges | program | ms | value | faster |")?;
    writeln!(f, "|---|---:|---|---:|---:|---:|")?;
    for GraphRow { case, edges, measured } in rows {
        let own = measured.get(OURS).map_or(f64::NAN, |own| own.ms);
        for (name, Measured { ms, value }) in measured {
            let faster = if name == OURS { String::new() } else { format!("{:.1} ×", ms / own) };
            writeln!(f, "| {case} | {edges} | {name} | {ms:.3} | {value:.4} | {faster} |")?;
        }
    }
    Ok(())
}
