//! Running a study: seeds in parallel, each kept as it is done, then claims, figures and page.

use std::path::PathBuf;
use std::time::Instant;

use attractor::numerics::Isa;
use attractor::run::results::Machine;
use rayon::prelude::*;

use crate::context::{Context, Event, Observer};
use crate::directory::{Directory, config};
use crate::error::StudyError;
use crate::results::{Results, SeedResult};
use crate::study::{Scale, SeedView, Study};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// How much is computed.
    pub scale: Scale,
    /// Seeds 1 to this; the study's own number if none (2 at smoke scale).
    pub seeds: Option<usize>,
    /// Worker threads, one seed each; further ones help the seeds. They do not change results.
    pub threads: usize,
    /// Where results go: a new directory, or one with seeds of the same study, scale and settings,
    /// which are not measured again.
    pub out: PathBuf,
    /// A folder with data that the study does not hold; claims that need it are left out without.
    pub data: Option<PathBuf>,
}

/// How a study ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All seeds are measured.
    Done(Box<Results>),
    /// It was interrupted; so many seeds are kept.
    Interrupted {
        /// Seeds measured.
        kept: usize,
        /// Seeds asked for.
        seeds: usize,
    },
}

/// Runs a study.
///
/// Each seed is measured once, whatever comes out: a seed whose numbers run away is counted as
/// diverged and stays so.
///
/// # Errors
/// A directory that is in use or not writable; a study that asks for what the library does not have.
pub fn run(
    study: &dyn Study,
    request: &Request,
    observer: &dyn Observer,
) -> Result<Outcome, StudyError> {
    let own = if request.scale.concludes() { study.seeds() } else { 2 };
    let count = request.seeds.unwrap_or(own);
    if count == 0 {
        return Err(StudyError::NoSeeds);
    }
    let data = request.data.as_deref();
    let directory = Directory::open(&request.out, &config(study, request.scale, data))?;
    let numbers: Vec<u64> = (1..=count as u64).collect();
    let kept = numbers.iter().map(|&seed| directory.seed(seed)).collect::<Result<Vec<_>, _>>()?;
    observer.event(&Event::Begun { seeds: count, kept: kept.iter().flatten().count() });

    let workers = request.threads.clamp(1, count);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
    let pool = pool.map_err(|error| StudyError::Threads(error.to_string()))?;
    let one = |(&number, kept): (&u64, Option<SeedResult>)| match kept {
        Some(seed) => Ok(seed),
        None => {
            let threads = request.threads / workers;
            let context = Context::new(number, request.scale, threads, data, observer);
            measure(study, &context, &directory, observer)
        }
    };
    let measured: Vec<Result<SeedResult, StudyError>> =
        pool.install(|| numbers.par_iter().zip(kept).with_max_len(1).map(one).collect());

    let done = measured.iter().filter(|seed| seed.is_ok()).count();
    let mut seeds = Vec::new();
    let mut interrupted = false;
    for seed in measured {
        match seed {
            Err(StudyError::Interrupted) => interrupted = true,
            seed => seeds.push(seed?),
        }
    }
    if interrupted {
        return Ok(Outcome::Interrupted { kept: done, seeds: count });
    }
    let results = Results {
        study: study.name().to_owned(),
        title: study.title().to_owned(),
        reference: study.reference().to_owned(),
        scale: request.scale,
        settings: study.settings(request.scale),
        claims: study.expected().iter().map(|expected| expected.judge(&seeds)).collect(),
        reported: study.reported().iter().map(|reported| reported.measure(&seeds)).collect(),
        diverged: seeds.iter().filter(|seed| seed.diverged.is_some()).count(),
        machine: Machine {
            threads: request.threads,
            instruction_set: Isa::best().to_string(),
            system: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
        },
        attractor: env!("CARGO_PKG_VERSION").to_owned(),
        finished: attractor::run::now(),
        seeds,
    };
    let views: Vec<SeedView<'_>> = (results.seeds.iter())
        .filter_map(|seed| Some((seed.seed, seed.measured.as_ref()?)))
        .collect();
    directory.finish(study, &results, &study.figures(&views))?;
    Ok(Outcome::Done(Box::new(results)))
}

/// Measures a seed and keeps it.
fn measure(
    study: &dyn Study,
    context: &Context<'_>,
    directory: &Directory,
    observer: &dyn Observer,
) -> Result<SeedResult, StudyError> {
    let begun = Instant::now();
    let (measured, diverged) = match study.measure(context) {
        Ok(measured) => (Some(measured), None),
        Err(error) if error.is_divergence() => (None, Some(error.to_string())),
        Err(error) => return Err(error),
    };
    let (seed, seconds) = (context.seed, begun.elapsed().as_secs_f64());
    let kept = directory.keep(&SeedResult { seed, seconds, measured, diverged })?;
    observer.event(&Event::Finished { seed, seconds, diverged: kept.diverged.as_deref() });
    Ok(kept)
}
