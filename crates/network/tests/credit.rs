//! Credit over other routes than the transpose: cut projections give e-prop, a feedback matrix stands
//! in for the readout.
//!
//! The oracle of e-prop needs no second implementation: the gradient with recurrence stopped is the
//! exact gradient of a network whose recurrent projections read a recording of its own activity.

mod common;

use std::sync::Arc;

use attractor_data::Trials;
use attractor_equations::Neuron;
use attractor_network::*;
use common::*;
use ndarray::Array3;

fn network_of(neuron: &Neuron) -> Description {
    let (dense, readout) = (&wirings()[0].1, &wirings()[0].1);
    let mut description = description(neuron, dense, readout);
    let leaky = library::leaky_readout(library::Input::Charge).unwrap();
    description.populations[2].neuron = Some(leaky.to_text());
    description
}

/// Which routes are recurrent: those within `rec`.
fn cut(network: &Network) -> Credit<f64> {
    let routes = network.connections().into_iter().map(|connection| {
        match (connection.from.population, connection.to.population) {
            (1, 1) => Route::Cut,
            _ => Route::Transposed,
        }
    });
    Credit { truncate: None, routes: routes.collect() }
}

/// The description with recurrent projections from recorded activity, and trials that hold it.
fn replayed(description: &Description, trials: &Trials) -> (Description, Trials) {
    let network = Arc::new(Network::new(description.clone()).unwrap());
    let parameters = network.initial_parameters(1);
    let mut engine = engine::<f64>(&network);
    let mut inputs = trials.inputs.clone();
    let mut replay = description.clone();
    for projection in &mut replay.projections {
        if !(projection.from.starts_with("rec") && projection.to.starts_with("rec")) {
            continue;
        }
        let signal = network.signal(&projection.from).unwrap();
        let silent = Interventions::default();
        let run = engine.run(&parameters, trials, NoiseSource::off(), &silent, &[signal]).unwrap();
        let state = engine.start(&parameters, trials, NoiseSource::off()).unwrap();
        let (steps, count, units) = run[0].dim();
        let at_rest = state.line(&network, signal, projection.lag);
        let echo = Array3::from_shape_fn((steps, count, units), |(t, k, i)| {
            let value = match t.checked_sub(projection.lag) {
                Some(t) => run[0][[t, k, i]],
                None => at_rest[k][i],
            };
            value as f32
        });
        let name = format!("echo{}", projection.name());
        inputs = ndarray::concatenate![ndarray::Axis(2), inputs, echo];
        let mut population = Population::input(&name, units);
        population.groups = description.populations[1].groups.clone();
        replay.populations.push(population);
        (projection.from, projection.lag) = (format!("{name}.u"), 0);
    }
    let mut trials = trials.clone();
    trials.inputs = inputs;
    (replay, trials)
}

fn gradient(description: &Description, trials: &Trials, credit: &Credit<f64>) -> Vec<f64> {
    let network = Arc::new(Network::new(description.clone()).unwrap());
    let signals = ["out.y", "rec.v"].iter().filter_map(|s| network.signal(s).ok()).collect();
    let mut gradient = vec![0.0; network.layout().len()];
    let parameters = network.initial_parameters(1);
    let mut engine = engine::<f64>(&network);
    let (loss, noise) = (Quadratic { signals }, NoiseSource::off());
    engine.credited(&parameters, trials, &loss, noise, credit, &mut gradient).unwrap();
    gradient
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    norm(&difference) / norm(b).max(1e-30) // where both are 0, they are equal
}

#[test]
fn cut_recurrence_is_the_gradient_with_recurrence_stopped() {
    // rates may grow without bounds, spikes go on over several segments
    let (rates, spikes) = (neurons().into_iter(), spiking().into_iter());
    for (neuron, steps) in rates.map(|n| (n, 20)).chain(spikes.map(|n| (n, 45))) {
        let description = network_of(&neuron);
        let network = Network::new(description.clone()).unwrap();
        let trials = trials(steps, 5);
        let eprop = gradient(&description, &trials, &cut(&network));
        let (replay, with_echo) = replayed(&description, &trials);
        let oracle = gradient(&replay, &with_echo, &Credit::default());
        for entry in network.layout().entries().iter().filter(|entry| entry.trained) {
            let range = entry.range.clone();
            let error = distance(&eprop[range.clone()], &oracle[range]);
            assert!(error < 1e-5, "{} {}: {error}", neuron.name, entry.name);
        }
        if network.signal("rec.z").is_ok() && neuron.emissions[0].symbol.name == "z" {
            let recurrent = network.layout().get("rec0.W").unwrap().range.clone();
            assert!(eprop[recurrent].iter().any(|g| *g != 0.0), "{} is silent", neuron.name);
        }
    }
}

#[test]
fn recurrence_does_carry_credit() {
    let description = network_of(&unseen());
    let network = Network::new(description.clone()).unwrap();
    let trials = trials(45, 5);
    let eprop = gradient(&description, &trials, &cut(&network));
    let exact = gradient(&description, &trials, &Credit::default());
    assert!(distance(&eprop, &exact) > 1e-2);
}

/// `Σ c y` with fixed coefficients: its cotangents do not depend on the output.
struct Linear(SignalId);

impl Loss<f64> for Linear {
    fn signals(&self) -> &[SignalId] {
        std::slice::from_ref(&self.0)
    }

    fn evaluate(
        &self,
        part: &Part,
        signals: &[SignalView<'_, f64>],
        cotangents: &mut [SignalViewMut<'_, f64>],
    ) -> f64 {
        let mut value = 0.0;
        for (step, t) in part.steps.clone().enumerate() {
            for (trial, b) in part.trials.clone().enumerate() {
                for unit in 0..signals[0].units {
                    let c = number(t * 997 + b * 31 + unit);
                    value += c * signals[0].row(step, trial)[unit];
                    cotangents[0].row(step, trial)[unit] += c;
                }
            }
        }
        value
    }
}

#[test]
fn a_feedback_matrix_stands_in_for_the_readout() {
    let description = network_of(&unseen());
    let network = Arc::new(Network::new(description).unwrap());
    let loss = Linear(network.signal("out.y").unwrap());
    let mut parameters = network.initial_parameters(1);
    let readout = network.layout().get("rec->out.W").unwrap().range.clone();
    let b: Vec<f64> = (0..readout.len()).map(|k| number(k + 40)).collect();
    let mut engine = engine::<f64>(&network);
    let mut of = |parameters: &[f64], route: Route<f64>| {
        let mut credit = cut(&network);
        *credit.routes.last_mut().unwrap() = route;
        let mut gradient = vec![0.0; parameters.len()];
        let noise = NoiseSource::off();
        engine.credited(parameters, &trials(40, 5), &loss, noise, &credit, &mut gradient).unwrap();
        gradient
    };
    let through = of(&parameters, Route::Through(b.clone()));
    let own = parameters[readout.clone()].to_vec();
    assert!(
        distance(&of(&parameters, Route::Through(own)), &of(&parameters, Route::Transposed))
            < 1e-14
    );
    parameters[readout].copy_from_slice(&b);
    let transposed = of(&parameters, Route::Transposed);
    assert!(distance(&through, &transposed) < 1e-14);
}

#[test]
fn routes_that_do_not_fit_are_refused() {
    let description =
        network_of(&library::neuron("lif", library::NoisePlace::None).unwrap().unwrap());
    let network = Arc::new(Network::new(description).unwrap());
    let loss = Linear(network.signal("out.y").unwrap());
    let parameters = network.initial_parameters(1);
    let refused = |credit: Credit<f64>| {
        let mut gradient = vec![0.0; parameters.len()];
        let mut engine = engine::<f64>(&network);
        let noise = NoiseSource::off();
        let outcome =
            engine.credited(&parameters, &trials(3, 2), &loss, noise, &credit, &mut gradient);
        outcome.unwrap_err().to_string()
    };
    let few = refused(Credit { truncate: None, routes: vec![Route::Cut] });
    assert!(few.contains("1 routes") && few.contains("3 projections"), "{few}");
    let mut credit = cut(&network);
    credit.routes[2] = Route::Through(vec![0.0; 3]);
    let small = refused(credit);
    assert!(small.contains("`rec->out` has 3 values") && small.contains("7 × 7"), "{small}");
}

#[test]
fn parts_of_a_trial_are_observed_in_order() {
    /// Remembers which steps of each trial were seen.
    struct Seen(SignalId, std::sync::Mutex<Vec<Vec<usize>>>);
    impl Loss<f64> for Seen {
        fn signals(&self) -> &[SignalId] {
            std::slice::from_ref(&self.0)
        }
        fn observes(&self) -> bool {
            true
        }
        fn observe(&self, part: &Part, signals: &[SignalView<'_, f64>]) {
            let mut seen = self.1.lock().unwrap();
            assert_eq!(
                signals[0].values.len(),
                part.steps.len() * part.trials.len() * signals[0].ld
            );
            part.trials.clone().for_each(|trial| seen[trial].extend(part.steps.clone()));
        }
        fn evaluate(
            &self,
            part: &Part,
            _: &[SignalView<'_, f64>],
            _: &mut [SignalViewMut<'_, f64>],
        ) -> f64 {
            let seen = self.1.lock().unwrap();
            assert!(part.trials.clone().all(|trial| seen[trial].len() == 75));
            0.0
        }
    }
    let network = Arc::new(
        Network::new(network_of(
            &library::neuron("lif", library::NoisePlace::None).unwrap().unwrap(),
        ))
        .unwrap(),
    );
    let parameters = network.initial_parameters(1);
    for memory in [usize::MAX, 0] {
        let loss = Seen(network.signal("out.y").unwrap(), vec![Vec::new(); 20].into());
        let options = EngineOptions { threads: 2, memory, ..EngineOptions::default() };
        let mut engine = Engine::<f64>::new(network.clone(), options).unwrap();
        let mut gradient = vec![0.0; parameters.len()];
        let noise = NoiseSource::off();
        engine.gradient(&parameters, &trials(75, 20), &loss, noise, None, &mut gradient).unwrap();
        let all: Vec<usize> = (0..75).collect();
        assert!(loss.1.lock().unwrap().iter().all(|seen| *seen == all));
    }
}
