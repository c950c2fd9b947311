//! In-silico perturbations and what they do to the score: groups silenced, projections cut or weakened, in the whole
//! trial and before and after answers are asked for.

use std::sync::Arc;

use attractor_analysis::wilson;
use attractor_data::Trials;
use attractor_network::{
    Action, Description, Engine, Intervention, Interventions, Network, Projection,
};
use attractor_report::{Lesions, Perturbations};

use super::facts::{Analysis, Effect};
use super::{Pictures, Score, Subject, Unanswered, behaviour};
use crate::describe::RECURRENT;
use crate::evaluate::{group, signal};

/// Most modules or clusters that are silenced.
const MOST: usize = 6;
/// Trials per perturbation.
const TRIALS: usize = 500;

pub(super) fn answer(
    subject: &mut Subject<'_>,
    facts: &mut Analysis,
    pictures: &mut Pictures,
) -> Result<(), Unanswered> {
    let Score { measure, stride, noise, judge, .. } = &subject.score;
    let trials = subject.trials.select(&chosen(&subject.trials, &subject.signals.scored))?;
    let groups = groups(subject, facts);
    let mut description = subject.network().description().clone();
    for population in description.populations.iter_mut().filter(|p| p.name == RECURRENT) {
        let members = groups.iter().enumerate().map(|(k, (_, units))| (key(k), units.clone()));
        population.groups.extend(members);
    }
    let network = Arc::new(Network::new(description)?);
    let scored = signal(&network, &subject.signals.scored)?;
    let mut engine = Engine::<f32>::new(network.clone(), subject.engine.options())?;
    let periods = periods(&trials, &subject.signals.scored, *stride);
    for (name, period, interventions) in lesions(subject, &network, &groups, &periods) {
        let resolved = Interventions::new(&network, &interventions)?;
        let outputs = engine.run(subject.weights, &trials, *noise, &resolved, &[scored.id])?;
        let evaluation = judge(&trials, group(&scored, &outputs[0]).view())?;
        let Some(score) = evaluation.score else {
            return Err(Unanswered("the material has no score".to_owned()));
        };
        let fraction = evaluation.measure.starts_with("fraction");
        let right = (score * trials.len() as f64).round() as usize;
        let interval = fraction.then(|| wilson(right, trials.len(), 0.95));
        let psychometric = behaviour::functions(&evaluation.psychometric);
        facts.perturbations.push(Effect { name, period, score, interval, psychometric });
    }
    let ends = |effect: &Effect| effect.interval.map_or((f64::NAN, f64::NAN), |[a, b]| (a, b));
    let mut figure = Perturbations::new(*measure);
    if let Some((control, effects)) = facts.perturbations.split_first() {
        figure = figure.control(control.score, ends(control));
        for effect in effects.iter().filter(|effect| effect.period.is_empty()) {
            figure = figure.effect(&effect.name, effect.score, ends(effect));
        }
    }
    pictures.figures.push(("perturbations".to_owned(), figure.figure()));
    if periods.len() > 1 {
        let mut table = Lesions::new(
            *measure,
            periods.iter().map(|(name, _)| if name.is_empty() { "whole trial" } else { name }),
        );
        for effect in &facts.perturbations {
            let column = periods.iter().position(|(name, _)| *name == effect.period);
            table = table.effect(&effect.name, column.unwrap_or(0), effect.score);
        }
        // what is left alone is so in every period
        if let Some(control) = facts.perturbations.first() {
            for column in 1..periods.len() {
                table = table.effect(&control.name, column, control.score);
            }
        }
        pictures.figures.push(("lesions".to_owned(), table.figure()));
    }
    Ok(())
}

/// What a group is called in the network: the names of two may be the same, or that of units whose signal is
/// judged.
fn key(group: usize) -> String {
    format!("silenced together, {group}")
}

/// The first trials; if there are too many, first those in which anything is asked.
fn chosen(trials: &Trials, scored: &str) -> Vec<usize> {
    let mut chosen: Vec<usize> = (0..trials.len()).collect();
    if let Some(target) = trials.target(scored).filter(|_| chosen.len() > TRIALS) {
        chosen.sort_by_key(|&trial| target.weights.column(trial).iter().all(|&w| w == 0.0));
    }
    chosen.truncate(TRIALS);
    chosen
}

/// Units that can be silenced together, by name: those that belong together, modules of its weights and
/// clusters of its selectivity.
fn groups(subject: &Subject<'_>, facts: &Analysis) -> Vec<(String, Vec<usize>)> {
    let mut found = subject.groups.clone();
    let mut labelled = |what: &str, labels: &[usize], least: usize| {
        let count = labels.iter().max().map_or(0, |most| most + 1);
        for k in 0..count.min(MOST) {
            let units: Vec<usize> = (0..labels.len()).filter(|&unit| labels[unit] == k).collect();
            if units.len() >= least && units.len() < labels.len() {
                found.push((format!("{what} {}", k + 1), units));
            }
        }
    };
    if let Some(tuning) = &facts.tuning {
        labelled("cluster", &tuning.clusters, 1);
    }
    for graph in &facts.graphs {
        let of =
            if facts.graphs.len() > 1 { format!(" of {}", graph.weights) } else { String::new() };
        labelled(&format!("module{of}"), &graph.modules, 2);
    }
    found
}

/// The whole trial, and what comes before and after answers are first asked for, if that is after the first
/// frame, of `stride` steps.
fn periods(trials: &Trials, scored: &str, stride: usize) -> Vec<Period> {
    let mut periods = vec![(String::new(), (0.0, None))];
    let first = trials.target(scored).and_then(|target| {
        (0..trials.steps()).find(|&step| target.weights.row(step).iter().any(|&w| w > 0.0))
    });
    if let Some(step) = first.filter(|&step| step >= stride) {
        let ms = step as f64 * trials.dt;
        periods.push((format!("until {ms} ms"), (0.0, Some(ms))));
        periods.push((format!("from {ms} ms"), (ms, None)));
    }
    periods
}

/// Its name, begin and end in ms.
type Period = (String, (f64, Option<f64>));

/// Everything that is done, with its name and period; first nothing.
fn lesions(
    subject: &Subject<'_>,
    network: &Network,
    groups: &[(String, Vec<usize>)],
    periods: &[Period],
) -> Vec<(String, String, Vec<Intervention>)> {
    let (emission, noise) = (subject.signals.emitted(), subject.score.noise.on);
    let within = format!("{RECURRENT}.");
    let projections = &network.description().projections;
    let inside: Vec<String> = (projections.iter())
        .filter(|p| p.from.starts_with(&within) && p.to.starts_with(&within))
        .map(|p| p.name())
        .collect();
    let mut list = vec![("none".to_owned(), String::new(), Vec::new())];
    for (period, (from, until)) in periods {
        let during =
            |target: String, action| Intervention { target, from: *from, until: *until, action };
        let mut add = |name: String, what| list.push((name, period.clone(), what));
        for (k, (group, units)) in groups.iter().enumerate() {
            let silent = during(format!("{emission}[{}]", key(k)), Action::Set(0.0));
            add(format!("silence {group} ({} units)", units.len()), vec![silent]);
        }
        let scaled = |factor| {
            inside
                .iter()
                .map(|name| during(name.clone(), Action::Scale(factor)))
                .collect::<Vec<_>>()
        };
        if period.is_empty() {
            add("halve the recurrence".to_owned(), scaled(0.5));
        }
        add("cut the recurrence".to_owned(), scaled(0.0));
        // one that is alone inside is the recurrence; where noise is off, its source sends nothing to cut
        let into = projections.iter().filter(|p| p.to.starts_with(&within));
        let into = into.filter(|p| noise || !is_noise(network, p)).map(|p| p.name());
        let others = into.filter(|name| inside.len() > 1 || !inside.contains(name));
        for name in others {
            let cut = during(name.clone(), Action::Scale(0.0));
            add(format!("cut {name}"), vec![cut]);
        }
    }
    list
}

/// Whether a projection carries noise alone: its source draws it, and nothing drives that.
fn is_noise(network: &Network, projection: &Projection) -> bool {
    let Description { populations, projections, .. } = network.description();
    let own = |signal: &str| signal.split('.').next().map(str::to_owned);
    let name = own(&projection.from);
    let driven = projections.iter().any(|other| own(&other.to) == name);
    let source = populations.iter().find(|population| Some(&population.name) == name.as_ref());
    !driven
        && source
            .and_then(|source| source.neuron.as_ref())
            .is_some_and(|neuron| !neuron.noise.is_empty())
}
