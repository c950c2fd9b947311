//! Interventions: set, scale, add to or kick a signal, or scale a projection, over an interval.

use std::ops::Range;

use attractor_numerics::Real;
use serde::{Deserialize, Serialize};

use crate::error::NetworkError;
use crate::network::Network;
use crate::signal::Quantity;

/// One intervention, as a user writes it.
///
/// Silencing a group is setting `rec.r[A1]` to 0, clamping is setting a state, cutting a projection is
/// scaling `rec->rec` by 0, stimulating is adding to a drive; a kick moves a state along a direction
/// once and lets the network go on from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intervention {
    /// A signal, with a group if wanted (`rec.r[A1]`), or a projection (`rec->rec`).
    pub target: String,
    /// From when, ms.
    #[serde(default)]
    pub from: f64,
    /// Until when, ms (exclusive); the end of the trials if not given. A kick has no duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<f64>,
    /// What is done.
    pub action: Action,
}

/// What an intervention does to a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Replaces it.
    Set(f64),
    /// Multiplies it.
    Scale(f64),
    /// Adds to it.
    Add(f64),
    /// Adds `size · direction / |direction|` in the one step at `from`.
    Kick {
        /// One number per unit of the target; its length does not matter.
        direction: Vec<f64>,
        /// Euclidean length of the kick, in the units of the signal.
        size: f64,
    },
}

/// Interventions with their names resolved.
#[derive(Clone, Debug, Default)]
pub struct Interventions {
    on_signals: Vec<OnSignal>,
    on_links: Vec<(usize, Range<usize>, f64)>,
}

#[derive(Clone, Debug)]
struct OnSignal {
    population: usize,
    quantity: Quantity,
    units: Vec<usize>,
    steps: Range<usize>,
    change: Change,
}

/// An action with a kick's direction scaled to its size.
#[derive(Clone, Debug)]
enum Change {
    Set(f64),
    Scale(f64),
    Add(f64),
    /// One number per unit.
    Move(Vec<f64>),
}

impl Interventions {
    /// Resolves the targets and turns ms into steps.
    ///
    /// # Errors
    /// An unknown signal, group or projection; a projection that is not scaled; a kick with a duration,
    /// or with a direction that has another number of units or no length.
    pub fn new(network: &Network, list: &[Intervention]) -> Result<Self, NetworkError> {
        let mut resolved = Interventions::default();
        for intervention in list {
            let Intervention { target, from, until, action } = intervention;
            let step = |ms: f64| (ms / network.dt()).round() as usize;
            let mut steps = step(*from)..until.map_or(usize::MAX, step);
            if let Some(link) = network.links.iter().position(|link| link.name == *target) {
                let Action::Scale(factor) = action else {
                    let what = format!("action on projection `{target}`");
                    return Err(NetworkError::value(
                        what,
                        format!("{action:?}"),
                        "scale (0 cuts it)",
                    ));
                };
                resolved.on_links.push((link, steps, *factor));
                continue;
            }
            let (name, group) = match target.strip_suffix(']').and_then(|t| t.split_once('[')) {
                Some((name, group)) => (name, Some(group)),
                None => (target.as_str(), None),
            };
            let signal = network.signal(name)?;
            let described = &network.description().populations[signal.population];
            let units = match group {
                None => (0..described.units).collect(),
                Some(group) => described.groups.get(group).cloned().ok_or_else(|| {
                    let known = described.groups.keys().map(String::as_str);
                    NetworkError::unknown("group", group, known)
                })?,
            };
            let change = match action {
                Action::Set(to) => Change::Set(*to),
                Action::Scale(by) => Change::Scale(*by),
                Action::Add(what) => Change::Add(*what),
                Action::Kick { direction, size } => {
                    if let Some(until) = until {
                        let what = format!("`until` of the kick of `{target}`");
                        let expected = "none: a kick is over in the step at `from`";
                        return Err(NetworkError::value(what, until, expected));
                    }
                    steps.end = steps.start + 1;
                    Change::Move(kick(target, direction, *size, units.len())?)
                }
            };
            let (population, quantity) = (signal.population, signal.quantity);
            resolved.on_signals.push(OnSignal { population, quantity, units, steps, change });
        }
        Ok(resolved)
    }

    /// Nothing to do.
    pub fn is_empty(&self) -> bool {
        self.on_signals.is_empty() && self.on_links.is_empty()
    }

    /// Factor of a link at a step.
    pub(crate) fn scale(&self, link: usize, step: usize) -> f64 {
        let active =
            self.on_links.iter().filter(|(l, steps, _)| *l == link && steps.contains(&step));
        active.map(|(_, _, factor)| factor).product()
    }

    /// Stretches of `time` in which the factor of a link is constant.
    pub(crate) fn scales(&self, link: usize, time: &Range<usize>) -> Vec<(Range<usize>, f64)> {
        let mut stretches: Vec<(Range<usize>, f64)> = Vec::new();
        if self.on_links.is_empty() {
            return vec![(time.clone(), 1.0)];
        }
        for step in time.clone() {
            let factor = self.scale(link, step);
            match stretches.last_mut() {
                Some((stretch, same)) if *same == factor => stretch.end = step + 1,
                _ => stretches.push((step..step + 1, factor)),
            }
        }
        stretches
    }

    pub(crate) fn emission<T: Real>(
        &self,
        network: &Network,
        population: usize,
        k: usize,
        time: &Range<usize>,
        trials: usize,
        values: &mut [T],
    ) {
        self.apply(network, population, Quantity::Emission(k), time, trials, values);
    }

    pub(crate) fn drive<T: Real>(
        &self,
        network: &Network,
        population: usize,
        k: usize,
        time: &Range<usize>,
        trials: usize,
        values: &mut [T],
    ) {
        self.apply(network, population, Quantity::Drive(k), time, trials, values);
    }

    /// Says whether anything was changed.
    pub(crate) fn state<T: Real>(
        &self,
        network: &Network,
        population: usize,
        k: usize,
        time: &Range<usize>,
        trials: usize,
        values: &mut [T],
    ) -> bool {
        self.apply(network, population, Quantity::State(k), time, trials, values)
    }

    /// Applies to `values [step, trial, ld]` of the steps `time`.
    fn apply<T: Real>(
        &self,
        network: &Network,
        population: usize,
        quantity: Quantity,
        time: &Range<usize>,
        trials: usize,
        values: &mut [T],
    ) -> bool {
        let ld = network.populations[population].ld;
        let mut changed = false;
        let mine = |on: &&OnSignal| on.population == population && on.quantity == quantity;
        for on in self.on_signals.iter().filter(mine) {
            for (k, row) in values.chunks_exact_mut(ld).take(time.len() * trials).enumerate() {
                if !on.steps.contains(&(time.start + k / trials)) {
                    continue;
                }
                changed = true;
                for (place, &unit) in on.units.iter().enumerate() {
                    let value = &mut row[unit];
                    *value = match &on.change {
                        Change::Set(to) => T::from_f64(*to),
                        Change::Scale(by) => *value * T::from_f64(*by),
                        Change::Add(what) => *value + T::from_f64(*what),
                        Change::Move(by) => *value + T::from_f64(by[place]),
                    };
                }
            }
        }
        changed
    }
}

/// `size · direction / |direction|`.
fn kick(
    target: &str,
    direction: &[f64],
    size: f64,
    units: usize,
) -> Result<Vec<f64>, NetworkError> {
    let what = |part: &str| format!("{part} of the kick of `{target}`");
    if direction.len() != units {
        let expected = format!("{units} numbers, one per unit");
        return Err(NetworkError::value(what("direction"), direction.len(), expected));
    }
    let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        return Err(NetworkError::value(what("length of the direction"), length, "more than 0"));
    }
    if !size.is_finite() {
        return Err(NetworkError::value(what("size"), size, "a finite number"));
    }
    Ok(direction.iter().map(|d| size * d / length).collect())
}
