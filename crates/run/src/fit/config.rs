//! What can be set for a fit.

use std::collections::BTreeMap;
use std::path::Path;

use attractor_analysis::{EncodingModel, EncodingOptions, SubspaceOptions};
use attractor_learn::stochastic::{Observation, Phi};
use attractor_recording::{Normalisation, Step};
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, Node, Problem, Request, node, read};

/// The configuration of a fit: defaults, a TOML file, `key=value`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitConfig {
    /// Seed of weights, noise, order of training and division.
    pub seed: u64,
    /// The recording and how it is prepared.
    pub recording: RecordingConfig,
    /// What both networks share.
    pub network: SharedConfig,
    /// Which solver, and what the direct ones need.
    #[serde(default)]
    pub fit: SolverConfig,
    /// What `smc` needs.
    #[serde(default)]
    pub smc: SmcConfig,
    /// Encoding models of units (`fit.solver = "encode"`).
    #[serde(default)]
    pub encode: EncodeConfig,
    /// Reduced-rank regression between regions (`fit.solver = "reduced-rank"`).
    #[serde(default)]
    pub subspace: SubspaceConfig,
    /// The network that reproduces a stretch, in sample.
    pub reproduction: ReproductionConfig,
    /// The networks that are judged on held-out data.
    pub forecast: ForecastConfig,
}

/// Which solver fits the network, and what the direct solvers need; `bptt` has sections of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SolverConfig {
    /// `bptt`; a direct solver, `rollout-ridge` or `rls`; `smc`; or no network: `encode` or `reduced-rank`.
    pub solver: Solver,
    /// Key of the units' regions in the file, `[unit]` text; `auto` takes `regions` if there is one,
    /// `none` takes all units for one region.
    pub regions: String,
    /// Penalties per sample to choose from, by what is held out one step ahead.
    pub l2: Vec<f64>,
    /// Parts of each trial that are held out in turn for that choice.
    pub folds: usize,
    /// Whether no unit may drive itself.
    pub no_self: bool,
    /// Frames that each roll-out goes on for; `none` is ten time constants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// Regressions on roll-outs.
    pub iterations: usize,
    /// Standard deviation of what is added to the potentials each step of the roll-outs.
    pub noise: f64,
    /// Passes of recursive least squares: all there is for `rls`, a polish for `rollout-ridge`.
    pub passes: usize,
    /// Whether `rls` is the algorithm as it was published, lag and frozen noise included.
    pub published: bool,
    /// Fits from other seeds that weights and currents are compared with.
    pub restarts: usize,
    /// Fraction of blocks (or trials) that a further fit does not see, to be judged on; 0 for none.
    pub held_out: f64,
}

/// How a network is fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// Back-propagation through free runs: hidden units, low rank, forecasts.
    #[default]
    Bptt,
    /// Ridge regression on states that the network visits: every unit is a recorded one; seconds.
    RolloutRidge,
    /// Recursive least squares while the network runs (FORCE).
    Rls,
    /// Variational sequential Monte Carlo: a network of low rank with its noise.
    Smc,
    /// No network: each unit from features of stimuli.
    Encode,
    /// No network: one region from another by reduced-rank regression.
    ReducedRank,
}

impl Solver {
    /// Every unit of the network is a recorded one.
    pub(crate) fn direct(self) -> bool {
        matches!(self, Solver::RolloutRidge | Solver::Rls)
    }

    /// Its name in the configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Solver::Bptt => "bptt",
            Solver::RolloutRidge => "rollout-ridge",
            Solver::Rls => "rls",
            Solver::Smc => "smc",
            Solver::Encode => "encode",
            Solver::ReducedRank => "reduced-rank",
        }
    }

    /// Whether a network comes out.
    #[must_use]
    pub fn makes_network(self) -> bool {
        !matches!(self, Solver::Encode | Solver::ReducedRank)
    }
}

/// A stochastic network of rank `network.rank`, fitted by variational sequential Monte Carlo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmcConfig {
    /// Units that are not recorded; `none` makes it 50 units, or as many as are recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// What units send: `relu`, or `clipped`, which is bounded.
    pub phi: Phi,
    /// `gaussian`, or `poisson` for counts, which are neither smoothed nor scaled.
    pub observation: Observation,
    /// Frames of each stretch that is trained on: longer ones are cut.
    pub window: usize,
    /// Particles.
    pub particles: usize,
    /// Updates, rounded up to whole passes over all stretches.
    pub updates: usize,
    /// Stretches per update.
    pub batch: usize,
    /// Learning rate of Adam at first; it falls exponentially.
    pub rate: f64,
    /// Learning rate at the end.
    pub last_rate: f64,
}

impl Default for SmcConfig {
    fn default() -> Self {
        SmcConfig {
            hidden: None,
            phi: Phi::Relu,
            observation: Observation::Gaussian,
            window: 100,
            particles: 32,
            updates: 2000,
            batch: 10,
            rate: 1e-2,
            last_rate: 1e-3,
        }
    }
}

/// Encoding models: features of stimuli to responses in trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncodeConfig {
    /// `.npz` with `layers/NAME` or `features`, `[stimulus, feature]`, such as `attractor features` writes.
    pub features: String,
    /// Layers to take; all if none is named.
    pub layers: Vec<String>,
    /// Column of the trials that says which stimulus each showed: rows of the features counted from 0, or
    /// texts among their `images`. `auto` takes `image`, or else one row per trial.
    pub image: String,
    /// Window of the response, ms after the beginning of a trial; `none` is all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<[f64; 2]>,
    /// `ridge` of mean responses (square roots, where none is negative) or `poisson` of counts.
    pub model: EncodingModel,
    /// Most principal components of the features.
    pub components: usize,
    /// Penalties to choose from, unit by unit.
    pub l2: Vec<f64>,
    /// Parts of the stimuli that are held out in turn.
    pub outer: usize,
    /// Parts of the rest by which penalties are chosen.
    pub inner: usize,
    /// Permutations of the stimuli for the test of each unit; 0 for no test.
    pub permutations: usize,
    /// Random halves of the repeats for the noise ceiling.
    pub splits: usize,
}

impl Default for EncodeConfig {
    fn default() -> Self {
        let EncodingOptions { model, components, l2, outer, inner, .. } =
            EncodingOptions::default();
        EncodeConfig {
            features: String::new(),
            layers: Vec::new(),
            image: AUTO.to_owned(),
            window: None,
            model,
            components,
            l2,
            outer,
            inner,
            permutations: 200,
            splits: 50,
        }
    }
}

/// Reduced-rank regression of one region on another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubspaceConfig {
    /// The region that is read.
    pub from: String,
    /// The region that is predicted.
    pub to: String,
    /// Whether the mean over trials is subtracted at each time.
    pub residuals: bool,
    /// Columns of the trials: means are taken over those that agree in all of them.
    pub by: Vec<String>,
    /// Penalties to choose from.
    pub l2: Vec<f64>,
    /// Parts that are held out in turn.
    pub folds: usize,
}

impl Default for SubspaceConfig {
    fn default() -> Self {
        let SubspaceOptions { folds, l2, .. } = SubspaceOptions::default();
        SubspaceConfig {
            from: String::new(),
            to: String::new(),
            residuals: true,
            by: Vec::new(),
            l2,
            folds,
        }
    }
}

impl Default for SolverConfig {
    fn default() -> Self {
        SolverConfig {
            solver: Solver::Bptt,
            regions: AUTO.to_owned(),
            l2: vec![1e-5, 1e-4, 1e-3, 1e-2],
            folds: 5,
            no_self: true,
            length: None,
            iterations: 40,
            noise: 0.01,
            passes: 0,
            published: false,
            restarts: 2,
            held_out: 0.2,
        }
    }
}

/// The recording and how it is prepared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingConfig {
    /// The file: `.npz` with the keys of `docs/files.md`, NWB, MATLAB, or a table (`docs/recordings.md`).
    pub file: String,
    /// Key of the activity in `.npz`; elsewhere `spikes` or a series by path or name, or `auto`.
    pub activity: String,
    /// Frames per second of a series whose file does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// Steps of preparation, in order, before what follows here; `docs/recordings.md` lists them.
    pub prepare: Vec<Step>,
    /// Key of the inputs, or a series by path or name. `auto` takes `inputs`, or else the one array `K` that has its own
    /// `K_rate_hz`; `none` takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
    /// Principal components that stand for the inputs, if they have more channels; 0 keeps all.
    pub components: usize,
    /// Standard deviation of the Gaussian that smooths the activity, frames; 0 leaves it.
    pub smooth: f64,
    /// How units are scaled: `global`, `per-unit` or `none`.
    pub normalise: Normalisation,
    /// Rate that the largest activity becomes; below 1, where tanh saturates.
    pub peak: f64,
}

/// What both networks share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SharedConfig {
    /// Time constant, ms; `none` is three frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
    /// Steps of the network per frame of the recording.
    pub steps: usize,
    /// Rank of the coupling; `none` is full rank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Ranks within regions (`V1`) and between them (`V1->V2`), `*` for all others, units that are not
    /// observed as the region `hidden`; 0 for no coupling. What is not named has full rank.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ranks: BTreeMap<String, usize>,
}

/// Where a stretch starts that is reproduced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartOf {
    /// Observed units at their recorded rates, hidden ones in a linear function of these.
    #[default]
    Recorded,
    /// The same, plus a displacement of every unit for each trial, which is trained.
    Inferred,
}

/// The network that reproduces a stretch, in sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReproductionConfig {
    /// First frame of the stretch, and the frame after its last: of every trial.
    pub frames: [usize; 2],
    /// Whether the inputs drive it; without, it is autonomous.
    pub inputs: bool,
    /// Units that are not observed.
    pub hidden: usize,
    /// Where each stretch starts: where it was `recorded`, or in a state that is `inferred`, in which what
    /// drives the activity and was not recorded can show.
    #[serde(default)]
    pub start: StartOf,
    /// Standard deviation of the noise in the potentials while training.
    pub noise: f64,
    /// Gain of the random coupling that training starts from.
    pub gain: f64,
    /// Weight of every unit on itself that training starts from.
    pub own: f64,
    /// Penalty on the sum of squared weights, relative to a loss of 1 for the mean.
    pub l2: f64,
    /// Updates; 0 leaves this part out.
    pub updates: u64,
    /// Learning rate of Adam; it falls along half a cosine.
    pub rate: f64,
    /// Largest norm of the gradient.
    pub clip: f64,
    /// Standard deviation of the error in the start from which it is run once more.
    pub jitter: f64,
}

/// The networks that are judged on held-out data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForecastConfig {
    /// Frames ahead at which forecasts are judged.
    pub horizons: Vec<usize>,
    /// Fraction of blocks (or trials) held out.
    pub held_out: f64,
    /// Length of a block, frames (one trial only); `none` is a ninth of the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
    /// Frames dropped on either side where training and held-out blocks meet; `none` is three
    /// standard deviations of the smoothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<usize>,
    /// Units that are not observed.
    pub hidden: usize,
    /// Frames of its own past that a unit filters; 0 for none.
    pub history: usize,
    /// Penalties of that filter to choose from.
    pub filter_l2: Vec<f64>,
    /// Penalties of the coupling to choose from, as in `reproduction.l2`.
    pub l2: Vec<f64>,
    /// Parts of the training data for the cross-validation that chooses.
    pub folds: usize,
    /// Standard deviation of the noise in the potentials while training.
    pub noise: f64,
    /// Gain of the random coupling that training starts from.
    pub gain: f64,
    /// Weight of every unit on itself that training starts from.
    pub own: f64,
    /// Frames that each training window runs freely.
    pub window: usize,
    /// Updates; 0 leaves this part out.
    pub updates: u64,
    /// Windows per update.
    pub batch: usize,
    /// Learning rate of Adam; it falls along half a cosine.
    pub rate: f64,
    /// Largest norm of the gradient.
    pub clip: f64,
}

impl Default for RecordingConfig {
    fn default() -> Self {
        RecordingConfig {
            file: String::new(),
            activity: AUTO.to_owned(),
            rate_hz: None,
            prepare: Vec::new(),
            inputs: Some(AUTO.to_owned()),
            components: 10,
            smooth: 4.0,
            normalise: Normalisation::Global,
            peak: 0.9,
        }
    }
}

/// What the file decides on.
pub(crate) const AUTO: &str = "auto";

impl Default for ReproductionConfig {
    fn default() -> Self {
        ReproductionConfig {
            frames: [0, 166],
            inputs: false,
            hidden: 75,
            start: StartOf::Recorded,
            noise: 0.01,
            gain: 0.3,
            own: 1.0,
            l2: 1e-4,
            updates: 2000,
            rate: 3e-3,
            clip: 1.0,
            jitter: 0.05,
        }
    }
}

impl Default for ForecastConfig {
    fn default() -> Self {
        ForecastConfig {
            horizons: vec![1, 3, 10],
            held_out: 0.25,
            block: None,
            gap: None,
            hidden: 0,
            history: 4,
            filter_l2: vec![1e-9, 1e-6, 1e-4],
            l2: vec![1.0, 10.0, 100.0, 1000.0],
            folds: 3,
            noise: 0.0,
            gain: 0.01,
            own: 0.0,
            window: 30,
            updates: 300,
            batch: 16,
            rate: 1e-3,
            clip: 1.0,
        }
    }
}

impl Default for FitConfig {
    fn default() -> Self {
        FitConfig {
            seed: 1,
            recording: RecordingConfig::default(),
            network: SharedConfig { steps: 1, ..SharedConfig::default() },
            fit: SolverConfig::default(),
            smc: SmcConfig::default(),
            encode: EncodeConfig::default(),
            subspace: SubspaceConfig::default(),
            reproduction: ReproductionConfig::default(),
            forecast: ForecastConfig::default(),
        }
    }
}

impl ForecastConfig {
    /// Frames that a forecast looks at: the filter's, or the present.
    pub(crate) fn lags(&self) -> usize {
        self.history.max(1)
    }
}

/// A checked configuration and its text.
#[derive(Clone, Debug)]
pub struct FitExperiment {
    /// The resolved configuration.
    pub config: FitConfig,
    /// What is written as `config.toml`.
    pub text: String,
}

impl FitExperiment {
    /// Puts defaults, a TOML file, `key=value` and a seed together, later ones winning, and finds
    /// everything that is wrong with it.
    ///
    /// # Errors
    /// Every problem there is, each with its place.
    pub fn read(
        file: Option<&str>,
        config: Option<&Path>,
        overrides: &[String],
        seed: Option<u64>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Vec::new();
        layers.extend(
            file.map(|file| format!("recording.file={}", toml::Value::String(file.to_owned()))),
        );
        layers.extend(overrides.iter().cloned());
        let request = Request {
            config: config.map(Path::to_owned),
            overrides: layers,
            seed,
            ..Request::default()
        };
        let user = request.tree().map_err(|problems| ConfigError { problems })?;
        let mut problems = Vec::new();
        let experiment = Self::resolve(user, &mut problems);
        match experiment.filter(|_| problems.is_empty()) {
            Some(experiment) => Ok(experiment),
            None => Err(ConfigError { problems }),
        }
    }

    fn resolve(user: Node, problems: &mut Vec<Problem>) -> Option<Self> {
        let defaults = node(&FitConfig::default())?;
        let tree = defaults.clone().under(user.clone());
        let mut config: FitConfig = read(tree, &defaults, &[], problems)?;
        // counts and their fluctuations are not smoothed unless that is asked for
        if !config.fit.solver.makes_network() && user.get(&["recording", "smooth"]).is_none() {
            config.recording.smooth = 0.0;
        }
        for (key, message) in config.wrong() {
            let path: Vec<&str> = key.split('.').collect();
            let place = user.get(&path).map(|node| node.place.clone()).unwrap_or_default();
            problems.push(Problem::new(key, message).at(&place));
        }
        let mut table = toml::Table::try_from(&config).ok()?;
        if let Some(recording) = table.get_mut("recording").and_then(toml::Value::as_table_mut)
            && config.recording.inputs.is_none()
        {
            recording.insert("inputs".to_owned(), "none".into());
        }
        let text = toml::to_string_pretty(&table).unwrap_or_default();
        let head = "# Resolved: `attractor fit --config config.toml` makes this run again.";
        Some(FitExperiment { config, text: format!("{head}\n\n{text}") })
    }
}

impl FitConfig {
    /// Values that cannot be, with what could.
    fn wrong(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        let mut check = |right: bool, key, value: &dyn std::fmt::Display, expected: &str| {
            if !right {
                wrong.push((key, format!("is {value}; it must be {expected}")));
            }
        };
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let size = |x: f64| x.is_finite() && x >= 0.0;
        let (number, above) = ("0 or a positive number", "a positive number");
        let FitConfig { recording, network, reproduction: r, forecast: f, .. } = self;
        let file = recording.file.as_str();
        check(!file.is_empty(), "recording.file", &"empty", "the path of a recording");
        let RecordingConfig { smooth, peak, .. } = *recording;
        check(size(smooth), "recording.smooth", &smooth, "0 or a positive number of frames");
        check(peak > 0.0 && peak < 1.0, "recording.peak", &peak, "between 0 and 1");
        let tau = network.tau.unwrap_or(1.0);
        check(positive(tau), "network.tau", &tau, "a positive number of ms");
        check(network.steps > 0, "network.steps", &network.steps, "at least 1");
        check(network.rank != Some(0), "network.rank", &0, "at least 1, or none for full rank");
        let [from, to] = r.frames;
        let shown = format!("[{from}, {to}]");
        check(to > from + 2, "reproduction.frames", &shown, "first and last + 1, 3 frames or more");
        let sizes = [
            ("reproduction.noise", r.noise),
            ("reproduction.gain", r.gain),
            ("reproduction.l2", r.l2),
            ("reproduction.clip", r.clip),
            ("reproduction.jitter", r.jitter),
            ("forecast.noise", f.noise),
            ("forecast.gain", f.gain),
            ("forecast.clip", f.clip),
        ];
        sizes.iter().for_each(|&(key, x)| check(size(x), key, &x, number));
        for (key, x) in [("reproduction.own", r.own), ("forecast.own", f.own)] {
            check(x.is_finite(), key, &x, "a number");
        }
        for (key, x) in [("reproduction.rate", r.rate), ("forecast.rate", f.rate)] {
            check(positive(x), key, &x, above);
        }
        let SolverConfig { solver, folds, iterations, noise, passes, held_out, .. } = self.fit;
        let penalties = &self.fit.l2;
        let right = !penalties.is_empty() && penalties.iter().all(|&x| positive(x));
        check(right, "fit.l2", &format!("{penalties:?}"), "a list of penalties, each positive");
        check(folds > 1, "fit.folds", &folds, "at least 2");
        check(iterations > 0, "fit.iterations", &iterations, "at least 1");
        check(size(noise), "fit.noise", &noise, number);
        check((0.0..1.0).contains(&held_out), "fit.held_out", &held_out, "from 0 to below 1");
        let length = self.fit.length.unwrap_or(2);
        check(length > 1, "fit.length", &length, "at least 2 frames");
        let right = solver != Solver::Rls || passes > 0;
        check(
            right,
            "fit.passes",
            &passes,
            "at least 1 for rls: 20 do from a roll-out, the published algorithm takes 500",
        );
        self.wrong_without_network(&mut check);
        let right = network.ranks.is_empty() || network.rank.is_none();
        check(right, "network.rank", &network.rank.unwrap_or(0), "none beside network.ranks");
        let right = solver == Solver::Bptt || network.ranks.is_empty();
        check(right, "network.ranks", &"a table", "left out unless fit.solver is bptt");
        let right = !solver.direct() || network.rank.is_none();
        check(right, "network.rank", &network.rank.unwrap_or(0), "none for a direct solver");
        let right = solver == Solver::Bptt || network.steps == 1;
        check(right, "network.steps", &network.steps, "1 unless fit.solver is bptt");
        let right = solver != Solver::Smc || network.rank.is_some();
        check(right, "network.rank", &"none", "at least 1 for smc: the number of latents");
        let counts = solver == Solver::Smc && self.smc.observation == Observation::Poisson;
        let right = !counts || smooth == 0.0;
        check(right, "recording.smooth", &smooth, "0 for counts (smc.observation=poisson)");
        let SmcConfig { window, particles, updates, batch, rate, last_rate, .. } = self.smc;
        check(window > 1, "smc.window", &window, "at least 2 frames");
        let numbers =
            [("smc.particles", particles), ("smc.updates", updates), ("smc.batch", batch)];
        numbers.iter().for_each(|&(key, x)| check(x > 0, key, &x, "at least 1"));
        for (key, x) in [("smc.rate", rate), ("smc.last_rate", last_rate)] {
            check(positive(x), key, &x, above);
        }
        let inside = f.held_out > 0.0 && f.held_out < 1.0;
        check(inside, "forecast.held_out", &f.held_out, "between 0 and 1");
        let horizons = format!("{:?}", f.horizons);
        let right = !f.horizons.is_empty() && !f.horizons.contains(&0);
        check(right, "forecast.horizons", &horizons, "frames ahead, each at least 1");
        for (key, list) in [("forecast.filter_l2", &f.filter_l2), ("forecast.l2", &f.l2)] {
            let right = !list.is_empty() && list.iter().all(|&x| size(x));
            check(right, key, &format!("{list:?}"), "a list of penalties, each 0 or more");
        }
        check(f.folds > 1, "forecast.folds", &f.folds, "at least 2");
        check(f.window > 1, "forecast.window", &f.window, "at least 2 frames");
        check(f.batch > 0, "forecast.batch", &f.batch, "at least 1");
        let steps = network.steps;
        check(
            f.history == 0 || steps == 1,
            "forecast.history",
            &f.history,
            "0 with more than one step per frame (network.steps)",
        );
        let some = r.updates > 0 || f.updates > 0;
        check(some, "forecast.updates", &0, "positive, unless reproduction.updates is");
        wrong
    }

    /// The same of what makes no network.
    fn wrong_without_network(
        &self,
        check: &mut dyn FnMut(bool, &'static str, &dyn std::fmt::Display, &str),
    ) {
        let positive = |l2: &[f64]| !l2.is_empty() && l2.iter().all(|&x| x.is_finite() && x > 0.0);
        let EncodeConfig { features, window, components, l2, outer, inner, splits, .. } =
            &self.encode;
        let encodes = self.fit.solver == Solver::Encode;
        let right = !encodes || !features.is_empty();
        check(right, "encode.features", &"empty", "the path of features, .npz (docs/features.md)");
        let [from, until] = window.unwrap_or([0.0, 1.0]);
        let shown = format!("[{from}, {until}]");
        let right = from.is_finite() && until.is_finite() && 0.0 <= from && from < until;
        check(right, "encode.window", &shown, "[from, until] ms after the beginning of a trial");
        check(*components > 0, "encode.components", components, "at least 1");
        let expected = "a list of penalties, each positive";
        check(positive(l2), "encode.l2", &format!("{l2:?}"), expected);
        check(*outer > 1, "encode.outer", outer, "at least 2");
        check(*inner > 1, "encode.inner", inner, "at least 2");
        check(*splits > 0, "encode.splits", splits, "at least 1");
        let SubspaceConfig { from, to, l2, folds, .. } = &self.subspace;
        let reduces = self.fit.solver == Solver::ReducedRank;
        for (key, region) in [("subspace.from", from), ("subspace.to", to)] {
            check(!reduces || !region.is_empty(), key, &"empty", "the name of a region");
        }
        let right = !reduces || from != to;
        check(right, "subspace.to", to, "another region than subspace.from");
        let right = !l2.is_empty() && l2.iter().all(|&x| x.is_finite() && x >= 0.0);
        check(right, "subspace.l2", &format!("{l2:?}"), "a list of penalties, each 0 or more");
        check(*folds > 1, "subspace.folds", folds, "at least 2");
    }
}
