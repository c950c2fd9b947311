//! Configurations: every problem at once, resolved ones that read back, neurons of all kinds wired.

use std::fs;
use std::path::Path;

use attractor_network::library;
use attractor_run::*;

fn request(task: &str, overrides: &[&str]) -> Request {
    Request {
        task: Some(task.into()),
        overrides: overrides.iter().map(|s| (*s).to_owned()).collect(),
        ..Request::default()
    }
}

fn read(overrides: &[&str]) -> Experiment {
    Experiment::read(&request("context-decision", overrides)).unwrap_or_else(|e| panic!("{e}"))
}

fn said(request: &Request) -> Vec<String> {
    let Err(error) = Experiment::read(request) else { panic!("nothing is wrong with {request:?}") };
    error.problems.iter().map(Problem::to_string).collect()
}

/// Says one thing that contains all parts.
fn says(overrides: &[&str], parts: &[&str]) {
    let said = said(&request("context-decision", overrides));
    assert_eq!(said.len(), 1, "{said:#?}");
    for part in parts {
        assert!(said[0].contains(part), "`{part}` is not in: {}", said[0]);
    }
}

/// The configuration written, and read again.
fn again(experiment: &Experiment, dir: &Path) -> Experiment {
    let file = dir.join("config.toml");
    fs::write(&file, &experiment.text).unwrap();
    let request = Request { config: Some(file), ..Request::default() };
    Experiment::read(&request).unwrap_or_else(|e| panic!("{e}\n{}", experiment.text))
}

#[test]
fn resolved_configurations_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let neuron = dir.path().join("own.toml");
    fs::write(
        &neuron,
        "name = 'own'\ndrives = ['I', 'J']\nequations = ['dx/dt = (I - x)/tau', 'r = tanh(after(x) + J)', 's = x']\n\
         [parameters]\ntau = { default = 50.0, range = [21.0, inf], trained = true, per_unit = true }\n",
    )
    .unwrap();
    let own = format!("network.neuron={}", neuron.display());
    let points = dir.path().join("points.csv");
    let rows: String = (0..8).map(|k| format!("{k},{},0.5\n", k * k)).collect();
    fs::write(&points, format!("x,y,z\n{rows}")).unwrap();
    let points = format!("network.positions={}", points.display());
    let cases: [&[&str]; 14] = [
        &[],
        &["stop.score=none", "network.bias=none", "network.readout_bias=none", "seed=77"],
        &[
            "network.bias.I=none",
            "network.noise=none",
            "network.params.tau={kind='constant', value=150}",
        ],
        &["network.recurrent=low-rank", "network.recurrent.rank=3", "network.input.law=orthogonal"],
        &["network.neuron=gru", "network.recurrent=masked", "learner.optimiser=adamw"],
        &[
            "network.neuron=gated",
            "network.integrator=exponential-euler",
            "learner.schedule.kind=cosine",
        ],
        &[&own, "network.start.x={kind='trained', law={kind='normal', sd=0.1}}"],
        &[&own.replace("neuron", "readout_neuron"), "network.readout_params.tau=77"],
        &["network.readout_neuron=li", "network.readout_params.tau={kind='around', mean=60, sd=1}"],
        &[
            "network.groups.a=0..64",
            "network.groups.b=[64, 65]",
            "network.recurrent={kind='blocks', blocks=[{from='a', to='b', wiring={kind='dense', law={kind='normal', sd=0.1}}}]}",
        ],
        &["network.units=24", "network.positions={kind='lattice', shape=[2, 3, 4]}"],
        &["network.units=8", &points],
        &[
            "phase=[{name='one', stop.updates=10}, {learner.optimiser='sgd', train=['*.bias']}]",
            "rates=[{parameters='*->out*', rate=0.1}]",
        ],
        &[
            "network.projection=[{from='in.u', to='rec.I'}, {from='rec.r', to='rec.I', lag=3, name='slow'}, {from='rec.r', to='rec.I'}, {from='rec.r', to='out.I', trained=false}]",
        ],
    ];
    for case in cases {
        let first = read(case);
        let second = again(&first, dir.path());
        assert_eq!(second.config, first.config, "{case:?}");
        assert_eq!(second.text, first.text, "{case:?}");
        assert_eq!(second.network.description(), first.network.description(), "{case:?}");
        assert_eq!(second.phases, first.phases, "{case:?}");
    }
    let text = read(&["stop.score=none"]).text;
    assert!(text.contains("score = \"none\""), "{text}");
    let moved = again(&read(&[&own]), dir.path());
    fs::remove_file(&neuron).unwrap();
    assert_eq!(again(&moved, dir.path()).neuron.name, "own", "the file is not needed any more");
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.toml");
    fs::write(
        &file,
        "sede = 3\n\
         [task]\n\
         name = 'context-decision'\n\
         noize = 0.2\n\
         coherences = [1, 0]\n\
         [network]\n\
         unit = 12\n\
         recurrent = { kind = 'dence' }\n\
         [network.params]\n\
         tua = 20\n\
         [learner]\n\
         rate = -1.0\n\
         [stop]\n\
         updates = 'all'\n",
    )
    .unwrap();
    let overrides = vec![
        "network.dt=10".into(),
        "network.neuron=gru2".into(),
        "objective=[{kind='mse', signal='out.z'}]".into(),
    ];
    let said = said(&Request { config: Some(file.clone()), overrides, ..Request::default() });
    let file = file.display();
    let expected = [
        format!("{file}:1:1: `sede`: there is no such key (did you mean `seed`?)"),
        format!("{file}:4:1: `task.noize`: there is no such key (did you mean `task.noise`?)"),
        format!("{file}:5:1: `task.coherences`: task context-decision: `coherences`"),
        format!("{file}:7:1: `network.unit`: there is no such key (did you mean `network.units`?)"),
        format!(
            "{file}:8:15: `network.recurrent.kind`: there is no `dence` (did you mean `dense`?)"
        ),
        format!(
            "{file}:10:1: `network.params.tua`: `leaky-tanh` has no parameter `tua` (did you mean `tau`?)"
        ),
        format!("{file}:14:1: `stop.updates`: u64 expected, text \"all\" given"),
        "`network.dt=10`: `network.dt`: there is no such key".to_owned(),
        "`network.neuron=gru2`: `network.neuron`: there is no neuron `gru2` (did you mean `gru`?)"
            .to_owned(),
    ];
    for expected in &expected {
        assert!(
            said.iter().any(|said| said.starts_with(expected)),
            "{expected} is not among {said:#?}"
        );
    }
    assert_eq!(said.len(), expected.len(), "{said:#?}");
}

#[test]
fn values_that_make_no_sense_are_told_with_their_key() {
    let two = said(&request("context-decision", &["learner.rate=-1", "learner.batch=0"]));
    assert_eq!(two.len(), 2, "{two:#?}");
    assert!(
        two[0].starts_with("`learner.rate=-1`: `learner.rate`: is -1; it must be"),
        "{}",
        two[0]
    );
    says(&["objective=[{kind='mse', signal='out.z'}]"], &["`objective`", "out.z", "out.y"]);
    says(&["train=['W*']"], &["`train=['W*']`", "no parameter fits `W*`", "rec->rec.W"]);
    says(&["phase=[{}, {learner.rate=0}]"], &["`phase.1.learner.rate`", "is 0; it must be"]);
    says(&["network.units=0"], &["no units"]);
    says(&["network.units=999999"], &["network.units", "low-rank"]);
    says(&["network.params.tau=5"], &["dt = 20 ms cannot resolve", "5.0000 ms"]);
    says(&["task.dt=50"], &["task.dt=50", "`decision` lasts 20 ms"]);
    says(&["network.noise=outsied"], &["there is no `outsied`", "did you mean `outside`?"]);
    says(&["network.neuron=gru", "network.noise=inside"], &["`gru` has no noise"]);
    says(&["network.surrogate=arctan"], &["`network.surrogate`", "`leaky-tanh` has no surrogate"]);
    says(
        &["network.neuron=lif", "network.surrogate=arctn"],
        &["`network.surrogate", "there is no `arctn`", "did you mean `arctan`?", "multi-gaussian"],
    );
    says(
        &["network.neuron=lif-hard", "network.params.v_reset=0.3"],
        &["requires th >= v_reset, but 0.1 is less than 0.3"],
    );
    says(
        &["network.readout_neuron=li-curent"],
        &["`network.readout_neuron`", "did you mean `li-current`?"],
    );
    // the network that cannot be made for it is told as well
    let tua = said(&request(
        "context-decision",
        &["network.readout_neuron=li", "network.readout_params.tua=20"],
    ));
    assert!(
        tua[0].contains("`network.readout_params.tua`: `li` has no parameter `tua`"),
        "{tua:?}"
    );
    assert!(tua[0].contains("did you mean `tau`?"), "{tua:?}");
    let none = said(&request("context-decision", &["network.readout_params.tau=20"]));
    assert!(none[0].contains("`linear` has no parameter `tau`; it has none"), "{none:?}");
    says(
        &["network.readout_neuron={name='deaf', equations=['x[t+1] = x', 'r = x']}"],
        &["`network.readout_neuron", "`deaf` hears nothing"],
    );
    says(&["network.readout_neuron=li", "network.readout_params.tau=5"], &["requires tau >= dt"]);
    says(&["network.neuron=lif", "network.params.tau=5"], &["requires tau >= dt, but 5"]);
    says(&["network.neuron=gamma", "network.params.s=1.5"], &["`s` = 1.5", "range [0, 1]"]);
    says(&["network.neuron=gamma", "network.trained=['m']"], &["has no parameter `m`", "`n`, `s`"]);
    says(&["network.neuron=nowhere.toml"], &["nowhere.toml: cannot be read"]);
    says(
        &["network.neuron={name='n', equations=['r = tanh(y)']}"],
        &["network.neuron", "unknown", "y"],
    );
    says(&["network.groups.a=0-5"], &["network.groups.a", "\"0-5\" is no range"]);
    says(&["network.recurrent.rank=2"], &["`network.recurrent.rank`", "there are `law`"]);
    says(&["network.projection=[{from='in.u', to='rec.J'}]"], &["`rec.J` does not exist"]);
    says(&["seed=-1"], &["`seed`", "u64 expected, -1 given"]);
    says(&["units"], &["expected key=value"]);
    let none = said(&Request::default());
    assert!(none[0].contains("which task?") && none[0].contains("`flip-flop`"), "{none:?}");
    let unknown = said(&request("flipflop", &[]));
    assert!(unknown[0].contains("did you mean `flip-flop`?"), "{unknown:?}");
    let missing = said(&request("nowhere.npz", &[]));
    assert!(missing[0].contains("nowhere.npz"), "{missing:?}");
}

#[test]
fn every_neuron_of_the_library_goes_by_its_name() {
    for name in library::names() {
        let neuron = format!("network.neuron={name}");
        let experiment = read(&[
            &neuron,
            "network.units=4",
            "network.integrator=exponential-euler",
            "task.dt=1",
        ]);
        assert_eq!(experiment.neuron.name, name);
    }
    let by = |surrogate: &str| {
        let asked = format!("network.surrogate={surrogate}");
        read(&["network.neuron=alif", &asked]).neuron.to_text().equations.join("; ")
    };
    assert!(by("multi-gaussian").contains("multi-gaussian, gamma)"), "{}", by("multi-gaussian"));
}

#[test]
fn units_have_places() {
    let experiment =
        read(&["network.units=24", "network.positions={kind='lattice', shape=[2, 3, 4]}"]);
    let points = experiment.network.points("rec").unwrap().unwrap();
    assert_eq!((points.len(), points[23]), (24, [1.0, 2.0, 3.0]));
    assert_eq!(experiment.network.points("out").unwrap(), None);
    says(
        &["network.units=5", "network.positions={kind='lattice', shape=[2, 3, 4]}"],
        &["positions of `rec`", "[2, 3, 4]", "whose product is 5"],
    );
    says(&["network.positions=nowhere.csv"], &["network.positions", "nowhere.csv: no such file"]);
    says(&["network.positions={kind='latice', shape=[1, 1, 1]}"], &["`latice`", "`lattice`"]);
}

#[test]
fn parameters_are_trained_as_the_configuration_says() {
    let dir = tempfile::tempdir().unwrap();
    let overrides = [
        "network.neuron=gamma",
        "network.units=9",
        "network.trained=['n']",
        "network.per_unit=['n', 's']",
        "network.range.n=[0.5, 3.0]",
        "network.params.n={kind='around', mean=2.0, sd=5.0}",
    ];
    let experiment = read(&overrides);
    let network = experiment.network.clone();
    let entry = |name: &str| network.layout().get(name).unwrap().clone();
    let (n, s) = (entry("rec.n"), entry("rec.s"));
    assert_eq!((n.shape, n.trained, n.limits), (vec![9], true, (0.5, 3.0)));
    assert_eq!((s.shape, s.trained, s.limits), (vec![9], false, (0.0, 1.0)));
    let parameters = network.initial_parameters(1);
    let drawn = network.layout().array("rec.n", &parameters).unwrap();
    assert!(drawn.iter().all(|n| (0.5..=3.0).contains(n)) && drawn.contains(&0.5), "{drawn:?}");
    assert_eq!(again(&experiment, dir.path()).network.description(), network.description());
    // what the neuron says itself can be taken back
    let fixed = read(&["network.neuron=alif-learned", "network.trained=['tau_m']"]);
    let trained = |name: &str| fixed.network.layout().get(name).unwrap().trained;
    assert!(trained("rec.tau_m") && !trained("rec.tau_adp"));
}

#[test]
fn neurons_are_wired_as_their_ports_say() {
    let projections = |neuron: &str| -> Vec<String> {
        let overrides =
            [format!("network.neuron={neuron}"), "network.integrator=exponential-euler".into()];
        let experiment = read(&[&overrides[0], &overrides[1]]);
        let projections = experiment.network.description().projections.iter();
        projections.map(|p| format!("{} {}>{} {}", p.name(), p.from, p.to, p.lag)).collect()
    };
    assert_eq!(
        projections("leaky-tanh"),
        ["in->rec in.u>rec.I 0", "rec->rec rec.r>rec.I 1", "rec->out rec.r>out.I 0"]
    );
    let gru = projections("gru");
    assert_eq!(gru[2..4], ["in->rec.I_n in.u>rec.I_n 0", "rec->rec.I_r rec.h>rec.I_r 1"]);
    assert_eq!((gru.len(), gru[5].as_str()), (7, "rec->rec.H_n rec.h>rec.H_n 1"));
    let lstm = projections("lstm");
    assert_eq!((lstm.len(), lstm[7].as_str()), (9, "rec->rec.I_o rec.h>rec.I_o 1"));
    let gated = projections("gated");
    assert_eq!(
        gated[3..6],
        [
            "rec->rec.H rec.gated>rec.H 1",
            "rec->rec.Z rec.phi>rec.Z 1",
            "rec->rec.R rec.phi>rec.R 1",
        ]
    );
    // a neuron of one's own: the first emission goes everywhere
    let own = "{name='own', drives=['A','B'], equations=['x[t+1] = A*B', 'q = after(x)', 'p = x']}";
    assert_eq!(
        projections(own),
        [
            "in->rec.A in.u>rec.A 0",
            "in->rec.B in.u>rec.B 0",
            "rec->rec.A rec.q>rec.A 1",
            "rec->rec.B rec.q>rec.B 1",
            "rec->out rec.q>out.I 0",
        ]
    );
}

/// Whatever its neuron calls what it says, tasks and objectives find it as `out.y`, and training runs through it.
#[test]
fn any_neuron_reads_out() {
    for name in library::names() {
        let asked = format!("network.readout_neuron={name}");
        let experiment =
            read(&[&asked, "network.units=4", "network.integrator=exponential-euler", "task.dt=1"]);
        let network = &experiment.network;
        let out = network.signal("out.y").unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(matches!(out.quantity, attractor_network::Quantity::Emission(0)), "{name}");
        let description = network.description();
        let text = description.populations.last().unwrap().neuron.as_ref().unwrap();
        let noisy = text.equations.iter().any(|line| line.contains("xi"));
        assert_eq!(noisy, name == "escape", "{name}: noise it cannot do without, or none");
    }
    let ends = |overrides: &[&str]| -> Vec<String> {
        let experiment = read(overrides);
        let network = &experiment.network;
        let to_out = network.description().projections.iter().filter(|p| p.to.starts_with("out."));
        to_out.map(|p| format!("{} {}>{}", p.name(), p.from, p.to)).collect()
    };
    assert_eq!(ends(&["network.readout_neuron=li"]), ["rec->out rec.r>out.I"]);
    assert_eq!(
        ends(&["network.readout_neuron=gru"]),
        ["rec->out.I_r rec.r>out.I_r", "rec->out.I_z rec.r>out.I_z", "rec->out.I_n rec.r>out.I_n"]
    );
    let alif = read(&["network.readout_neuron=alif-learned", "task.dt=1"]);
    assert!(alif.network.layout().get("out.tau_m").unwrap().trained);
}

#[test]
fn tasks_of_phases_must_fit_the_network() {
    says(
        &["phase=[{task='flip-flop'}]"],
        &[
            "`phase.0.task`",
            "made for the inputs of `context-decision`, 4 (sensory_a",
            "`flip-flop` has 3",
        ],
    );
    says(&["phase=[{},{task.dt=10}]"], &["`phase.1.task`", "steps of 20 ms", "10 ms"]);
    says(
        &["phase=[{task.nois=0.2}]"],
        &["`phase.0.task.nois`", "did you mean `phase.0.task.noise`?"],
    );
    says(&["phase=[{task='flip-flip'}]"], &["`phase.0.task.name`", "did you mean `flip-flop`?"]);
    let own = read(&["phase=[{task={name='context-decision',cue=100}}]", "task.cue=200"]);
    assert_eq!(own.curriculum[0].inputs(), own.material.inputs());
}

#[test]
fn weights_of_another_network_are_refused_with_what_differs() {
    let dir = tempfile::tempdir().unwrap();
    let earlier = read(&["network.units=20"]);
    let file = dir.path().join("model.safetensors");
    attractor_interop::save(&file, &earlier.network, &earlier.initial()).unwrap();
    let from = format!("from={}", file.display());
    let later = read(&["network.units=20", &from, "seed=3"]);
    assert_eq!(later.initial(), earlier.initial());
    assert!(again(&later, dir.path()).initial() == earlier.initial());
    says(
        &["network.units=12", &from],
        &["`from`", "`rec->rec.W` is [20, 20] there and [12, 12] here", "and "],
    );
    let lowrank = ["network.units=20", "network.recurrent=low-rank", &from];
    says(&lowrank, &["`from`", "it has no `rec->rec.", "this one has no `rec->rec.W`"]);
    says(&["from=nowhere.safetensors"], &["`from`", "nowhere.safetensors"]);
}

/// As Yang et al. 2019 weigh it: the fixation output counts twice.
#[test]
fn one_of_several_outputs_is_asked_for_by_name() {
    let twice = "objective=[{kind='mse'},{kind='mse',signal='out.y[fixation]',weight=0.03}]";
    let experiment = Experiment::read(&request("yang-2019", &[twice])).unwrap();
    let populations = &experiment.network.description().populations;
    let out = populations.iter().find(|population| population.name == "out").unwrap();
    assert_eq!((out.groups.len(), &out.groups["fixation"]), (33, &vec![0]));
    let unknown = "objective=[{kind='mse',signal='out.y[fixatoin]'}]";
    let said = said(&request("yang-2019", &[unknown]));
    assert!(said.iter().any(|said| said.contains("did you mean `fixation`?")), "{said:#?}");
    assert!(read(&[]).network.description().populations.iter().all(|p| p.groups.is_empty()));
}

/// Every block of the page on objectives is a configuration.
#[test]
fn the_page_on_objectives_is_right() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/objective.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 4);
    let dir = tempfile::tempdir().unwrap();
    // the first block speaks of places that the second gives
    let places = "network.units=100";
    let lattice = "network.positions={kind='lattice', shape=[5, 5, 4]}";
    for (k, block) in blocks.iter().enumerate() {
        let file = dir.path().join(format!("{k}.toml"));
        fs::write(&file, block).unwrap();
        let experiment = Experiment::read(&Request {
            task: Some("context-decision".into()),
            config: Some(file),
            overrides: vec![places.into(), lattice.into()],
            ..Request::default()
        });
        let experiment = experiment.unwrap_or_else(|e| panic!("{e}\n{block}"));
        assert_eq!(experiment.phases.len(), if k == 3 { 2 } else { 1 });
        assert_eq!(experiment.phases.last().unwrap().prune.is_some(), k >= 2, "{block}");
    }
}
