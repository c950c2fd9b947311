//! In-silico perturbations and what they do to behaviour.

use std::collections::BTreeMap;
use std::sync::Arc;

use attractor_analysis::wilson;
use attractor_data::Trials;
use attractor_network::{Action, Engine, Intervention, Interventions, Network};
use attractor_report::Perturbations;

use super::facts::{Analysis, Effect};
use super::{Pictures, Subject, Unanswered};
use crate::describe::RECURRENT;
use crate::evaluate::noise;

/// Trials per perturbation.
const TRIALS: usize = 500;

pub(super) fn answer(
    subject: &mut Subject<'_>,
    trials: &Trials,
    facts: &mut Analysis,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    let experiment = subject.experiment;
    let chosen: Vec<usize> = (0..trials.len().min(TRIALS)).collect();
    let trials = trials.select(&chosen)?;
    // the same network, with a group for each cluster of units
    let clusters = facts.tuning.as_ref().map(|tuning| tuning.clusters.clone()).unwrap_or_default();
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (unit, label) in clusters.iter().enumerate() {
        groups.entry(format!("cluster {}", label + 1)).or_default().push(unit);
    }
    let mut description = experiment.network.description().clone();
    for population in description.populations.iter_mut().filter(|p| p.name == RECURRENT) {
        population.groups.extend(groups.clone());
    }
    let network = Arc::new(Network::new(description)?);
    let scored = network.signal(&experiment.material.scored())?;
    let mut engine = Engine::<f32>::new(network.clone(), subject.engine.options())?;

    let emission = format!("{RECURRENT}.{}", experiment.emission());
    let whole = |target: String, action| Intervention { target, from: 0.0, until: None, action };
    let mut list: Vec<(String, Vec<Intervention>)> = vec![("none".to_owned(), Vec::new())];
    for (group, units) in &groups {
        let name = format!("silence {group} ({} units)", units.len());
        list.push((name, vec![whole(format!("{emission}[{group}]"), Action::Set(0.0))]));
    }
    let within = format!("{RECURRENT}.");
    let recurrent = || {
        let projections = network.description().projections.iter();
        projections.filter(|p| p.from.starts_with(&within) && p.to.starts_with(&within))
    };
    for (name, factor) in [("halve the recurrence", 0.5), ("cut the recurrence", 0.0)] {
        let scaled = recurrent().map(|p| whole(p.name(), Action::Scale(factor))).collect();
        list.push((name.to_owned(), scaled));
    }
    for (name, interventions) in list {
        let resolved = Interventions::new(&network, &interventions)?;
        let outputs =
            engine.run(subject.weights, &trials, noise(experiment), &resolved, &[scored])?;
        let evaluation = experiment.material.judge(&trials, outputs[0].view())?;
        let Some(score) = evaluation.score else {
            return Err(Unanswered("the material has no score".to_owned()));
        };
        let fraction = evaluation.measure.starts_with("fraction");
        let right = (score * trials.len() as f64).round() as usize;
        let interval = fraction.then(|| wilson(right, trials.len(), 0.95));
        facts.perturbations.push(Effect { name, score, interval });
    }
    let ends = |effect: &Effect| effect.interval.map_or((f64::NAN, f64::NAN), |[a, b]| (a, b));
    let mut figure = Perturbations::new(experiment.material.measure());
    if let Some((control, effects)) = facts.perturbations.split_first() {
        figure = figure.control(control.score, ends(control));
        for effect in effects {
            figure = figure.effect(&effect.name, effect.score, ends(effect));
        }
    }
    pictures.figures.push(("perturbations".to_owned(), figure.figure()));
    Ok(())
}
