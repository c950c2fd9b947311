//! One region of rank 1: its populations by their vectors, and networks drawn from these.

use attractor::analysis::{Mixture, mixture};
use attractor::network::library::linear;
use attractor::network::{Description, Population};

use super::Settings;
use super::parts::{
    fitted, gains, heard, low_rank, modulation, opposed, phase, readout, region, slopes,
};
use crate::context::Context;
use crate::error::StudyError;
use crate::exam::Exam;
use crate::measured::Measured;
use crate::net::Net;

/// Networks drawn from a fit (notebooks fig4-5_mante).
const DRAWS: u64 = 10;
/// Where the vectors of a unit have their entries: m, n, the inputs, and the readout.
const N: usize = 1;
const STIMULI: [usize; 2] = [2, 3];
const CONTEXTS: [usize; 2] = [4, 5];

fn network(exam: &Exam<'_>, units: usize, seed: u64) -> Result<Net, StudyError> {
    let populations = vec![
        Population::input("in", 4),
        region("rec", units)?,
        Population::of("out", 1, &linear()?),
    ];
    let projections =
        vec![heard("in.u", "rec.I"), low_rank("rec.r", "rec.I", 1), readout("rec.r", units)];
    Net::draw(Description::new(exam.task.dt(), populations, projections), seed)
}

/// Of each unit, its entries of m, n, the four input vectors, and `w`. The sign that m and n share is free:
/// that by which m goes along w.
fn vectors(net: &Net) -> Result<Vec<Vec<f64>>, StudyError> {
    let (m, n) = (net.double("rec->rec.m")?, net.double("rec->rec.n")?);
    let (inputs, w) = (net.double("in->rec.W")?, net.double("rec->out.W")?);
    let size = m.len() as f64;
    let sign = m.iter().zip(&w).map(|(m, w)| m * w).sum::<f64>().signum();
    let units = m.iter().zip(&n).zip(inputs.chunks(4)).zip(&w);
    let vector = |(((m, n), inputs), w): (((&f64, &f64), &[f64]), &f64)| {
        [&[sign * m, sign * n], inputs, &[w * size]].concat()
    };
    Ok(units.map(vector).collect())
}

/// A network of these vectors.
fn with_vectors(net: &Net, vectors: &[Vec<f64>]) -> Result<Net, StudyError> {
    let mut net = net.clone();
    let size = vectors.len() as f64;
    let column = |k: usize| vectors.iter().map(move |v| v[k] as f32);
    net.set("rec->rec.m", column(0))?;
    net.set("rec->rec.n", column(N))?;
    net.set("in->rec.W", vectors.iter().flat_map(|v| v[2..6].iter().map(|x| *x as f32)))?;
    net.set("rec->out.W", vectors.iter().map(|v| (v[6] / size) as f32))?;
    Ok(net)
}

/// Fraction correct of networks drawn from a mixture, the mean and each.
fn resampled(
    context: &Context<'_>,
    exam: &Exam<'_>,
    net: &Net,
    fit: &Mixture,
) -> Result<(f64, Vec<f64>), StudyError> {
    let one = |draw: u64| -> Result<f64, StudyError> {
        let units = net.array("rec->rec.m")?.len();
        let drawn = fit.sample(units, context.seed * DRAWS + draw)?;
        let vectors: Vec<Vec<f64>> = drawn.into_iter().map(|(vector, _)| vector).collect();
        exam.accuracy(&with_vectors(net, &vectors)?, &[])
    };
    let all = (0..DRAWS).map(one).collect::<Result<Vec<f64>, _>>()?;
    Ok((all.iter().sum::<f64>() / all.len() as f64, all))
}

/// Trains a network, finds its populations, draws others from them.
pub(super) fn measure(
    context: &Context<'_>,
    exam: &Exam<'_>,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let net = network(exam, settings.units, context.seed)?;
    let trained = exam.train(&net, phase(settings, "one region"))?;
    measured.set("one_updates", trained.losses.len() as f64);
    let net = net.with(trained.best);
    measured.set("one_accuracy", exam.accuracy(&net, &[])?);

    let points = vectors(&net)?;
    let options = fitted(settings, context.seed);
    let fits = [mixture(&points, 1, &options)?, mixture(&points, 2, &options)?];
    let mut means = Vec::new();
    for (k, fit) in fits.iter().enumerate() {
        let (mean, all) = resampled(context, exam, &net, fit)?;
        measured.set(&format!("resampled_{}", k + 1), mean);
        measured.set_series(&format!("resampled_{}", k + 1), all);
        means.push(mean);
    }
    measured.set("resampled_gap", means[1] - means[0]);

    // the first population is the one that context A drives more
    let drive = |p: usize| {
        let covariance = &fits[1].populations[p].covariance;
        covariance[CONTEXTS[0]][CONTEXTS[0]] - covariance[CONTEXTS[1]][CONTEXTS[1]]
    };
    let swap = drive(1) > drive(0);
    let labels: Vec<usize> =
        fits[1].labels().into_iter().map(|p| if swap { 1 - p } else { p }).collect();
    let found =
        [slopes(&points, &labels, 0, N, STIMULI)?, slopes(&points, &labels, 1, N, STIMULI)?];
    for (p, slopes) in found.iter().enumerate() {
        measured.set(&format!("slope_{}_a", p + 1), slopes[0]);
        measured.set(&format!("slope_{}_b", p + 1), slopes[1]);
    }
    measured.set("slope_product", opposed(found));

    for (name, period) in [("gain_drop", "stimulus"), ("gain_drop_cue", "cue")] {
        let gains = gains(exam, &net, "rec", &labels, period)?;
        measured.set(name, modulation(gains));
        measured.set_series(name, gains.concat());
    }
    Ok(())
}
