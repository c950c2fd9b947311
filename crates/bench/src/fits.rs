//! Data-constrained fits: recursive least squares against the published program (Perich et al. 2020),
//! direct solvers to the same free-running fit, and thousands of units.

use std::fmt;
use std::path::Path;
use std::time::Instant;

use attractor_learn::constrained::{
    Constraint, FitError, RateUnit, RolloutOptions, Samples, Scores, Setting, ThreeRegionsOptions,
    best, rollout, three_regions,
};
use attractor_learn::force::{Force, ForceOptions, Prior};
use attractor_network::library::{NoisePlace, Nonlinearity, leaky};
use attractor_numerics::law::Law;
use attractor_numerics::{Isa, Kernel, Real, random};
use serde::Serialize;

use crate::error::BenchError;
use crate::peers::Peer;
use crate::table::median;

/// Name of the peer on the command line.
pub(crate) const NAME: &str = "curbd";
/// Passes of the published demonstration.
const PUBLISHED: f64 = 500.0;
/// Passes that are timed; each is like the others.
const PASSES: usize = 20;
/// Penalty per sample.
const L2: f64 = 1e-3;

/// A fit that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitCase {
    /// The published algorithm, pass for pass.
    Passes,
    /// Time until the network runs freely.
    Free,
    /// 3000 units, 5000 samples.
    Large,
}

/// All fits.
pub const FITS: [FitCase; 3] = [FitCase::Passes, FitCase::Free, FitCase::Large];

impl fmt::Display for FitCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FitCase::Passes => "fit, three regions of 100, 1201 samples, RLS",
            FitCase::Free => "fit, three regions of 100, until it runs freely",
            FitCase::Large => "fit, N = 3000, 5000 samples, ridge",
        })
    }
}

/// One number of a fit.
#[derive(Clone, Debug, Serialize)]
pub struct FitLine {
    /// What was run.
    pub case: FitCase,
    /// Which program or solver, and what was measured.
    pub what: String,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

#[derive(Serialize)]
struct Request<'a> {
    units: usize,
    rates: &'a Path,
    repeats: usize,
}

/// Runs a case; the peer's time of a pass, once known, is compared with.
pub(crate) fn lines(
    case: FitCase,
    repeats: usize,
    peer: &mut Option<Peer>,
    pass_ms: &mut Option<f64>,
    notes: &mut Vec<String>,
) -> Result<Vec<FitLine>, BenchError> {
    let failed = |problem: String| BenchError::Case { case: case.to_string(), problem };
    let mut lines = Lines { case, lines: Vec::new() };
    match case {
        FitCase::Passes => {
            let samples = regions().map_err(|e| failed(e.to_string()))?;
            let ours = passes(&samples, repeats, &mut lines).map_err(|e| failed(e.to_string()))?;
            if let Some(running) = peer {
                match ask(running, &samples, repeats) {
                    Ok(ms) => {
                        lines.push(format!("{}, a pass", running.name), ms, "ms");
                        lines.push("single precision is faster by", ms / ours[1], "×");
                        lines.push("double precision is faster by", ms / ours[0], "×");
                        *pass_ms = Some(ms);
                    }
                    Err(error) => {
                        notes.push(format!("{}, {case}: not run ({error})", running.name));
                        *peer = None;
                    }
                }
            }
        }
        FitCase::Free => {
            let samples = regions().map_err(|e| failed(e.to_string()))?;
            free(&samples, *pass_ms, &mut lines).map_err(|e| failed(e.to_string()))?;
        }
        FitCase::Large => large(&mut lines).map_err(|e| failed(e.to_string()))?,
    }
    Ok(lines.lines)
}

struct Lines {
    case: FitCase,
    lines: Vec<FitLine>,
}

impl Lines {
    fn push(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        self.lines.push(FitLine { case: self.case, what: what.into(), value, unit });
    }
}

/// The published demonstration's data: coupling .02, seed 1.
fn regions() -> Result<Samples, FitError> {
    let made = three_regions(&ThreeRegionsOptions::default())?;
    Ok(made.samples.scaled(0.999).0)
}

fn setting(samples: &Samples, constraint: Constraint) -> Result<Setting, FitError> {
    let neuron = leaky(Nonlinearity::Tanh, NoisePlace::None)?;
    let unit = RateUnit::new(&neuron, samples.dt(), &[("tau", 10.0 * samples.dt())])?;
    Ok(Setting { unit, bias: false, constraint })
}

/// Time of a pass in double and in single precision, in turn, ms.
fn passes(samples: &Samples, repeats: usize, lines: &mut Lines) -> Result<[f64; 2], FitError> {
    let setting = setting(samples, Constraint::default())?;
    let options = ForceOptions::published(1);
    let mut double = Force::<f64>::new(&setting, samples, &options)?;
    let mut single = Force::<f32>::new(&setting, samples, &options)?;
    let mut ms = [Vec::new(), Vec::new()];
    for _ in 0..PASSES.max(repeats) {
        let begin = Instant::now();
        double.pass()?;
        ms[0].push(begin.elapsed().as_secs_f64() * 1e3);
        let begin = Instant::now();
        single.pass()?;
        ms[1].push(begin.elapsed().as_secs_f64() * 1e3);
    }
    let samples = samples.transitions() as f64;
    let free = [double.free(true).1, single.free(true).1];
    let size = [double.bytes_per_sample(), single.bytes_per_sample()];
    // half of P, and W: what is gone through
    let set = size.map(|size| (size * 1.5 / 7.0) as usize);
    let bandwidth = [bandwidth::<f64>(set[0]), bandwidth::<f32>(set[1])];
    let mut out = [0.0; 2];
    for (k, name) in ["double", "single"].into_iter().enumerate() {
        let fastest = ms[k].iter().fold(f64::INFINITY, |m, x| m.min(*x));
        out[k] = median(std::mem::take(&mut ms[k]));
        lines.push(format!("attractor, {name} precision, a pass"), out[k], "ms");
        // half of P and W are read and written once, W is read four times more
        let (written, read) = (size[k] * 2.0 / 7.0 * 1.5, size[k] * 4.0 / 7.0);
        let least = (written / bandwidth[k][1] + read / bandwidth[k][0]) * samples / 1e6;
        let what = format!("{name} precision, fastest pass, of measured cache bandwidth");
        lines.push(what, 100.0 * least / fastest, "%");
    }
    lines.push("free pVar after these passes, double less single", free[0] - free[1], "");
    Ok(out)
}

/// GB/s of reading, and of reading and writing (both counted), arrays of so many bytes.
fn bandwidth<T: Real>(bytes: usize) -> [f64; 2] {
    let n = (bytes / size_of::<T>()).next_multiple_of(64);
    let mut values = vec![T::ONE; n];
    let mut best = [f64::INFINITY; 2];
    for _ in 0..200 {
        for (write, best) in best.iter_mut().enumerate() {
            let begin = Instant::now();
            let sum = Isa::best().run(Sweep { values: &mut values, write: write == 1 });
            let seconds = begin.elapsed().as_secs_f64();
            // used, so that it is not left out
            if sum.to_f64().is_finite() {
                *best = best.min(seconds);
            }
        }
    }
    let bytes = (n * size_of::<T>()) as f64 / 1e9;
    [bytes / best[0], 2.0 * bytes / best[1]]
}

struct Sweep<'a, T> {
    values: &'a mut [T],
    write: bool,
}

impl<T: Real> Kernel for Sweep<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> T {
        let mut sums = [T::ZERO; 64];
        if self.write {
            for chunk in self.values.chunks_exact_mut(64) {
                for l in 0..64 {
                    chunk[l] = chunk[l] * T::ONE + T::ZERO;
                }
            }
            return self.values[0];
        }
        for chunk in self.values.chunks_exact(64) {
            for l in 0..64 {
                sums[l] += chunk[l];
            }
        }
        sums.into_iter().fold(T::ZERO, |a, b| a + b)
    }
}

/// Time of a pass of the published program, ms.
fn ask(peer: &mut Peer, samples: &Samples, repeats: usize) -> Result<f64, BenchError> {
    let folder = std::env::temp_dir().join(format!("attractor-bench-{}", std::process::id()));
    let file = |path: &Path, source| BenchError::File { path: path.to_owned(), source };
    std::fs::create_dir_all(&folder).map_err(|e| file(&folder, e))?;
    let rates = folder.join("rates");
    let bytes: Vec<u8> = samples.rates(0).iter().flat_map(|x| x.to_le_bytes()).collect();
    let answer = std::fs::write(&rates, bytes).map_err(|e| file(&rates, e)).and_then(|()| {
        peer.times(&Request { units: samples.units(), rates: &rates, repeats: repeats.min(3) })
    });
    // best effort: it is a folder of temporary files
    let _ = std::fs::remove_dir_all(&folder);
    let times = answer?.filter(|times| !times.is_empty());
    times.map(median).ok_or_else(|| BenchError::Command {
        command: peer.name.clone(),
        problem: "it gave no times".to_owned(),
    })
}

/// Until free runs explain .99, and .999: from the recorded start, and from one off by .05.
fn free(samples: &Samples, pass_ms: Option<f64>, lines: &mut Lines) -> Result<(), FitError> {
    let setting = setting(samples, Constraint::default())?;
    let base = RolloutOptions { l2: L2, ..RolloutOptions::default() };
    let note = |lines: &mut Lines, what: &str, ms: f64, scores: Option<Scores>| {
        let Some(scores) = scores else {
            lines.push(format!("{what}: not reached"), f64::NAN, "ms");
            return;
        };
        lines.push(format!("{what}: time"), ms, "ms");
        lines.push(format!("{what}: free pVar, clean"), scores.clean, "");
        lines.push(format!("{what}: free pVar, start off by .05"), scores.jittered, "");
        lines.push(format!("{what}: free pVar, noise .01 a step"), scores.noisier, "");
        if let Some(pass) = pass_ms {
            let faster = PUBLISHED * pass / ms;
            lines.push(format!("{what}: faster than 500 passes of the peer by"), faster, "×");
        }
    };
    for goal in [0.99, 0.999] {
        for (name, noise) in [("without noise, clean", 0.0), ("with noise, clean and off", 0.01)] {
            let begin = Instant::now();
            let fit =
                rollout(&setting, samples, &RolloutOptions { noise, goal: Some(goal), ..base })?;
            let ms = begin.elapsed().as_secs_f64() * 1e3;
            let reached = fit.clean[fit.best].min(fit.jittered[fit.best]) >= goal;
            // other draws than those that the fit was judged by
            let scores = fit.model.scores(samples, 2)?;
            let what = format!("roll-out ridge {name} to {goal} ({} regressions)", fit.clean.len());
            note(lines, &what, ms, reached.then_some(scores));
        }
        // ridge, then recursive least squares with noise drawn anew, looked at after each pass
        let begin = Instant::now();
        let ridge = rollout(&setting, samples, &RolloutOptions { iterations: 1, ..base })?;
        let options = ForceOptions { prior: Prior::Samples(L2), ..ForceOptions::default() };
        let mut force =
            Force::<f64>::warm(&setting, samples, &ridge.model, &ridge.regression, &options)?;
        let mut reached = None;
        while reached.is_none() && force.passes() < 40 {
            force.pass()?;
            let (_, clean) = force.free(false);
            reached = (clean >= goal).then_some(begin.elapsed().as_secs_f64() * 1e3);
        }
        let what = format!("ridge and {} passes of RLS, clean to {goal}", force.passes());
        let scores = force.model().scores(samples, 2)?;
        note(lines, &what, reached.unwrap_or(f64::NAN), reached.map(|_| scores));
    }
    Ok(())
}

/// A recording of 3000 units that 50 smooth latents drive, with noise of their own.
fn large(lines: &mut Lines) -> Result<(), FitError> {
    const UNITS: usize = 3000;
    const SAMPLES: usize = 5000;
    const LATENTS: usize = 50;
    let mut rng = random::stream(1, "bench/large");
    let loadings = Law::Normal { sd: 0.1 }.sample(UNITS, LATENTS, &mut rng);
    let white = Law::Normal { sd: 0.3 }.sample(SAMPLES, LATENTS, &mut rng);
    let mut latent = vec![0.0; LATENTS];
    let mut own = vec![0.0; UNITS];
    let mut rates = Vec::with_capacity(UNITS * SAMPLES);
    let mut noise = vec![0.0f64; UNITS.next_multiple_of(64)];
    for t in 0..SAMPLES {
        let key = random::NoiseKey { seed: 1, stream: 0, epoch: 0 };
        let ld = noise.len();
        random::fill_normal_rows(Isa::best(), key, t as u32, 0, UNITS, ld, &mut noise);
        for (l, w) in latent.iter_mut().zip(&white[t * LATENTS..]) {
            *l = 0.95 * *l + w;
        }
        for (i, row) in loadings.chunks_exact(LATENTS).enumerate() {
            own[i] = 0.9 * own[i] + 0.05 * noise[i];
            let drive: f64 = row.iter().zip(&latent).map(|(a, b)| a * b).sum();
            rates.push((drive + own[i]).tanh());
        }
    }
    let samples = Samples::one(10.0, UNITS, rates)?;
    let setting = setting(&samples, Constraint { no_self: true, ..Constraint::default() })?;
    let begin = Instant::now();
    let model = setting.ridge(&samples, L2)?;
    lines.push("one fit, no unit on itself", begin.elapsed().as_secs_f64(), "s");
    let (one_step, skill) = model.one_step(&samples)?;
    lines.push("its R² one sample ahead, in sample", one_step, "");
    lines.push("its skill against the last value, in sample", skill, "");
    drop(model);
    let begin = Instant::now();
    let penalties = [1e-4, 1e-3, 1e-2, 1e-1];
    let candidates = setting.choose(&samples, &penalties, 5)?;
    lines.push("five-fold choice among four penalties", begin.elapsed().as_secs_f64(), "s");
    lines.push("R² of held-out drives", best(&candidates).map_or(f64::NAN, |c| c.r2), "");
    lines.push("largest memory of this process", peak_mib(), "MiB");
    Ok(())
}

/// Largest resident memory of this process, MiB, the data included.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

/// As Markdown.
pub(crate) fn print(lines: &[FitLine], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n| fit | what | |\n|---|---|---:|")?;
    for FitLine { case, what, value, unit } in lines {
        let digits = match value.abs() {
            x if x >= 1000.0 => 0,
            x if x >= 100.0 => 1,
            x if x >= 2.0 => 2,
            _ => 4,
        };
        writeln!(f, "| {case} | {what} | {value:.digits$} {unit} |")?;
    }
    Ok(())
}
