//! The networks and engines of the network room, seen as [`Names`] and [`Model`].

use attractor_data::{Trials, closest};
use attractor_network::{
    Connection, Credit, Engine, Interventions, Layout, Loss, Network, NoiseSource, RunError,
    SignalId, State,
};
use attractor_numerics::Real;
use ndarray::Array3;

use crate::model::{Model, Names, Signal, Units};
use crate::online::Stepper;

impl Names for Network {
    fn layout(&self) -> &Layout {
        Network::layout(self)
    }

    fn signal(&self, name: &str) -> Result<Signal, String> {
        let grouped = name.strip_suffix(']').and_then(|name| name.split_once('['));
        let (quantity, group) = grouped.map_or((name, None), |(name, group)| (name, Some(group)));
        let id = Network::signal(self, quantity).map_err(|error| error.to_string())?;
        let population = &self.description().populations[id.population];
        let units = match group {
            None => Units::Range(0..population.units),
            Some(group) => match population.groups.get(group) {
                Some(list) => Units::from_list(list),
                None => {
                    let known = || population.groups.keys().map(String::as_str);
                    let meant = closest(group, known()).map(|m| format!(" (did you mean `{m}`?)"));
                    let known: Vec<_> = known().map(|name| format!("`{name}`")).collect();
                    return Err(format!(
                        "signal `{name}`: `{}` has no group `{group}`{}; it has {}",
                        population.name,
                        meant.unwrap_or_default(),
                        if known.is_empty() { "none".to_owned() } else { known.join(", ") }
                    ));
                }
            },
        };
        Ok(Signal { id, units })
    }

    fn network(&self) -> Option<&Network> {
        Some(self)
    }

    fn connections(&self) -> Vec<Connection> {
        Network::connections(self)
    }
}

impl<T: Real> Names for Engine<T> {
    fn layout(&self) -> &Layout {
        Engine::network(self).layout()
    }

    fn signal(&self, name: &str) -> Result<Signal, String> {
        Names::signal(&**Engine::network(self), name)
    }

    fn network(&self) -> Option<&Network> {
        Some(Engine::network(self))
    }

    fn connections(&self) -> Vec<Connection> {
        Engine::network(self).connections()
    }
}

macro_rules! model {
    ($t:ident) => {
        impl Model<$t> for Engine<$t> {
            fn gradient(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                loss: &dyn Loss<$t>,
                noise: NoiseSource,
                credit: &Credit<$t>,
                gradient: &mut [$t],
            ) -> Result<f64, RunError> {
                Engine::<$t>::credited(self, parameters, trials, loss, noise, credit, gradient)
            }

            fn run(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
                record: &[SignalId],
            ) -> Result<Vec<Array3<$t>>, RunError> {
                Engine::<$t>::run(
                    self,
                    parameters,
                    trials,
                    noise,
                    &Interventions::default(),
                    record,
                )
            }
        }

        impl Stepper<$t> for Engine<$t> {
            fn start(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
            ) -> Result<State<$t>, RunError> {
                Engine::<$t>::start(self, parameters, trials, noise)
            }

            fn advance(
                &mut self,
                parameters: &[$t],
                trials: &Trials,
                noise: NoiseSource,
                state: &mut State<$t>,
                steps: usize,
                record: &[SignalId],
            ) -> Result<Vec<Array3<$t>>, RunError> {
                Engine::<$t>::advance(self, parameters, trials, noise, state, steps, record)
            }
        }
    };
}
model!(f32);
model!(f64);
