//! Two regions: A1 hears the stimuli, PFC the cue, and what PFC sends back gates A1.

use attractor::analysis::{DecodingOptions, decode, mixture, window_means};
use attractor::data::Column;
use attractor::network::library::linear;
use attractor::network::{Description, Population};
use ndarray::{Array1, Array3, ArrayView2, Axis, s};

use super::Settings;
use super::parts::{
    fitted, gains, heard, low_rank, modulation, opposed, phase, readout, region, slopes,
};
use crate::claim::most;
use crate::context::Context;
use crate::error::StudyError;
use crate::exam::Exam;
use crate::measured::Measured;
use crate::net::Net;

/// What PFC sends back.
const FEEDBACK: &str = "PFC->A1";

/// A1 of rank 2, PFC of rank 1, which is read out; one dimension forward, one per context back.
fn network(exam: &Exam<'_>, units: usize, seed: u64) -> Result<Net, StudyError> {
    let populations = vec![
        Population::input("stimuli", 2),
        Population::input("cue", 2),
        region("A1", units)?,
        region("PFC", units)?,
        Population::of("out", 1, &linear()?),
    ];
    let projections = vec![
        heard("stimuli.u", "A1.I"),
        heard("cue.u", "PFC.I"),
        low_rank("A1.r", "A1.I", 2),
        low_rank("PFC.r", "PFC.I", 1),
        low_rank("A1.r", "PFC.I", 1),
        low_rank("PFC.r", "A1.I", 2),
        readout("PFC.r", units),
    ];
    Net::draw(Description::new(exam.task.dt(), populations, projections), seed)
}

/// A region's rates during the stimuli, `[time, trial, unit]`.
fn rates(
    exam: &Exam<'_>,
    net: &Net,
    cut: &[&str],
    region: &str,
) -> Result<Array3<f64>, StudyError> {
    let rates = exam.run(net, cut, &format!("{region}.r"))?;
    Ok(rates.slice(s![exam.during("stimulus")?, .., ..]).mapv(f64::from))
}

/// Along which axes a region follows the stimuli, `[context][stimulus]`, each over units.
struct Coding([[Array1<f64>; 2]; 2]);

impl Coding {
    /// From responses `[trial, unit]`.
    fn of(exam: &Exam<'_>, responses: ArrayView2<'_, f64>) -> Result<Coding, StudyError> {
        let within = |trials: Vec<usize>| -> Result<[Array1<f64>; 2], StudyError> {
            let found = exam.followed(responses, &trials)?;
            Ok([0, 1].map(|stimulus| found.row(stimulus).to_owned()))
        };
        let [a, b] = exam.contexts();
        Ok(Coding([within(a)?, within(b)?]))
    }

    /// Axes of a stimulus where it counts, and where it does not.
    fn axes(&self, stimulus: usize) -> [&Array1<f64>; 2] {
        [&self.0[stimulus][stimulus], &self.0[1 - stimulus][stimulus]]
    }

    /// How strongly the stimulus that does not count is followed, of the one that does: mean over contexts.
    fn ratio(&self) -> f64 {
        let of =
            |context: usize| norm(&self.0[context][1 - context]) / norm(&self.0[context][context]);
        f64::midpoint(of(0), of(1))
    }

    /// Along the common axis of a stimulus, its mean over contexts: how strongly it is followed where it
    /// does not count, of where it does. Mean over stimuli.
    fn common(&self) -> f64 {
        let of = |stimulus: usize| {
            let [counts, other] = self.axes(stimulus);
            let common = counts + other;
            other.dot(&common) / counts.dot(&common)
        };
        f64::midpoint(of(0), of(1))
    }

    /// What is orthogonal to the common axis of a stimulus where it counts, of all. Mean over stimuli.
    fn extra(&self) -> f64 {
        let of = |stimulus: usize| {
            let [counts, other] = self.axes(stimulus);
            let common = counts + other;
            let along = &common * (counts.dot(&common) / common.dot(&common));
            norm(&(counts - &along)) / norm(counts)
        };
        f64::midpoint(of(0), of(1))
    }
}

fn norm(axis: &Array1<f64>) -> f64 {
    axis.dot(axis).sqrt()
}

/// How well the signs of both coherences are read from A1, mean of the two.
fn decoded(exam: &Exam<'_>, net: &Net, cut: &[&str]) -> Result<f64, StudyError> {
    let rates = rates(exam, net, cut, "A1")?;
    let responses = window_means(rates.view(), 0..rates.dim().0)?.insert_axis(Axis(0));
    let of = |stimulus: usize| -> Result<f64, StudyError> {
        let signs = exam.coherences(stimulus).iter().map(|c| c.signum()).collect();
        let found = decode(responses.view(), &Column::Numbers(signs), &DecodingOptions::default())?;
        Ok(found.accuracy[0])
    };
    Ok(f64::midpoint(of(0)?, of(1)?))
}

/// Fraction correct of all trials, and of those whose stimuli want different answers.
fn accuracies(exam: &Exam<'_>, net: &Net, cut: &[&str]) -> Result<[f64; 2], StudyError> {
    let correct = exam.correct(net, cut)?;
    let [a, b] = [0, 1].map(|stimulus| exam.coherences(stimulus));
    let among = |chosen: &dyn Fn(usize) -> bool| {
        let chosen: Vec<usize> = (0..correct.len()).filter(|&k| chosen(k)).collect();
        chosen.iter().filter(|&&k| correct[k]).count() as f64 / chosen.len() as f64
    };
    Ok([among(&|_| true), among(&|k| a[k] * b[k] < 0.0)])
}

/// Two populations of A1 by the vectors of its units: how they pass stimuli on, and their gains during
/// the stimuli.
fn gated(
    context: &Context<'_>,
    exam: &Exam<'_>,
    net: &Net,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let columns = [
        (net.double("stimuli->A1.W")?, 2),
        (net.double("A1->PFC.n")?, 1),
        (net.double("PFC->A1.m")?, 2),
        (net.double("A1->A1.m")?, 2),
        (net.double("A1->A1.n")?, 2),
    ];
    let units = columns[1].0.len();
    let vector = |unit: usize| {
        let entries = |(all, width): &(Vec<f64>, usize)| all[unit * width..][..*width].to_vec();
        columns.iter().flat_map(entries).collect()
    };
    let points: Vec<Vec<f64>> = (0..units).map(vector).collect();
    let labels = mixture(&points, 2, &fitted(settings, context.seed))?.labels();
    let found = [slopes(&points, &labels, 0, 2, [0, 1])?, slopes(&points, &labels, 1, 2, [0, 1])?];
    measured.set("a1_slope_product", opposed(found));
    let [first, second] = gains(exam, net, "A1", &labels, "stimulus")?;
    measured.set_series("a1_gains", [first, second].concat());
    measured.set("a1_gain_drop", most([[first, second], [second, first]].map(modulation)));
    Ok(())
}

/// Trains both regions on the task, and takes the feedback away.
pub(super) fn measure(
    context: &Context<'_>,
    exam: &Exam<'_>,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), StudyError> {
    let net = network(exam, settings.region, context.seed)?;
    let trained = exam.train(&net, phase(settings, "two regions"))?;
    measured.set("two_updates", trained.losses.len() as f64);
    let net = net.with(trained.best);

    for (name, cut) in [("two", &[][..]), ("cut", &[FEEDBACK][..])] {
        let [all, conflict] = accuracies(exam, &net, cut)?;
        measured.set(&format!("{name}_accuracy"), all);
        measured.set(&format!("{name}_conflict"), conflict);
    }
    let [intact, cut] = [decoded(exam, &net, &[])?, decoded(exam, &net, &[FEEDBACK])?];
    measured.set("a1_decoded", intact);
    measured.set("cut_decoded", cut / intact);

    let mut ratios = [0.0; 2];
    for (k, (region, name)) in [("A1", "a1"), ("PFC", "pfc")].into_iter().enumerate() {
        let rates = rates(exam, &net, &[], region)?;
        let steps = rates.axis_iter(Axis(0)).map(|at| Ok(Coding::of(exam, at)?.ratio()));
        let of_steps = steps.collect::<Result<Vec<f64>, StudyError>>()?;
        let last = of_steps.last().copied().unwrap_or(f64::NAN);
        measured.set_series(&format!("{name}_irrelevant"), of_steps);
        let coding = Coding::of(exam, window_means(rates.view(), 0..rates.dim().0)?.view())?;
        ratios[k] = coding.ratio();
        measured.set(&format!("{name}_irrelevant"), ratios[k]);
        measured.set(&format!("{name}_irrelevant_last"), last);
        if region == "A1" {
            measured.set("a1_common", coding.common());
            measured.set("a1_extra", coding.extra());
        }
    }
    measured.set("a1_over_pfc", ratios[0] / ratios[1]);
    gated(context, exam, &net, settings, measured)
}
