//! A network of 128 units that decides by context, drawn from three hidden variables: choice, evidence and context.

use attractor_report::{
    FixedPoint, Kind, Matrix, Mode, ReportError, SampleTrials, StateSpace, Trajectory, Trial,
};

use crate::Random;

const UNITS: usize = 128;
const STEPS: usize = 80;
const DT: f64 = 20.0;

/// Loadings of the units on the three axes, of unit length each.
fn loadings(r: &mut Random) -> Vec<f64> {
    let mut rows: Vec<f64> = (0..3 * UNITS).map(|_| r.normal()).collect();
    for row in rows.chunks_mut(UNITS) {
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        row.iter_mut().for_each(|v| *v /= length);
    }
    rows
}

/// Twenty-four trials in two contexts with their trajectories, and the points around which they run.
pub(crate) fn state_space() -> Result<StateSpace, ReportError> {
    let mut r = Random(31);
    let weights = loadings(&mut r);
    let names = ["motion evidence", "colour evidence", "motion context", "colour context"];
    let mut space = StateSpace::new(["PC1 (46 %)", "PC2 (21 %)", "PC3 (12 %)"])
        .loadings(Matrix::new(3, UNITS, &weights)?)
        .note("Synthetic data. Points satisfy q ≤ 1e−20; slow ones are labelled as such.");
    let mut trials = SampleTrials::new(DT).inputs(names).outputs(["choice"]);
    let strengths = [-0.32, -0.16, -0.06, 0.06, 0.16, 0.32];
    for context in 0..2usize {
        for (i, &strength) in strengths.iter().enumerate() {
            for other in [strengths[5 - i], strengths[(i + 2) % 6]] {
                let evidence = if context == 0 { [strength, other] } else { [other, strength] };
                let (trial, path) = trial(&mut r, &weights, evidence, context)?;
                let side = if strength > 0.0 { "right" } else { "left" };
                let attended = ["motion", "colour"][context];
                let condition = format!("attend {attended}, {side}");
                let index = 2 * context + usize::from(strength > 0.0);
                let at = (context * 6 + i) * 2 + usize::from(other != strengths[5 - i]);
                let path = Trajectory::new(condition, path).color_index(index).trial(at);
                space = space.trajectory(path);
                trials = trials.trial(trial);
            }
        }
    }
    for (context, height) in [("motion", 2.6), ("colour", -2.6)] {
        let label = |what: &str| format!("{what}, attend {context}");
        for side in [-1.0, 1.0] {
            let modes = [(0.96, 0.0), (0.82, 0.11), (0.82, -0.11), (0.55, 0.0)];
            space = space.point(point(
                [6.2 * side, 0.0, height],
                Kind::Stable,
                label(if side > 0.0 { "right" } else { "left" }),
                "7.3×10⁻²⁹",
                86,
                &modes,
                &mut r,
            ));
        }
        let modes = [(1.034, 0.0), (0.84, 0.1), (0.84, -0.1), (0.6, 0.0)];
        let saddle = point(
            [0.0, 0.1, height],
            Kind::Saddle,
            label("undecided"),
            "2.1×10⁻²⁷",
            41,
            &modes,
            &mut r,
        );
        space = space.point(saddle.direction([1.3, 0.05, 0.0]));
        for x in [-3.4, -1.7, 1.7, 3.4] {
            let modes = [(0.999, 0.0), (0.83, 0.1), (0.83, -0.1)];
            let slow =
                point([x, 0.05, height], Kind::Slow, label("slow"), "4.0×10⁻⁷", 9, &modes, &mut r);
            space = space.point(slow.direction([0.8, 0.0, 0.0]));
        }
    }
    let modes = [(1.12, 0.16), (1.12, -0.16), (1.05, 0.0)];
    Ok(space.trials(trials).point(point(
        [0.0, 0.0, 0.0],
        Kind::Unstable,
        "no context".to_owned(),
        "9.4×10⁻³⁰",
        3,
        &modes,
        &mut r,
    )))
}

fn point(
    at: [f64; 3],
    kind: Kind,
    label: String,
    q: &str,
    starts: usize,
    modes: &[(f64, f64)],
    r: &mut Random,
) -> FixedPoint {
    let point = FixedPoint::new(at, kind)
        .label(label)
        .detail("q", q)
        .detail("starts that ended here", starts.to_string());
    modes.iter().fold(point, |point, &value| {
        let units = (0..5).map(|_| ((r.uniform() * UNITS as f64) as usize, 0.3 * r.normal()));
        point.mode(Mode::of_map(value, DT).units(units.collect::<Vec<_>>()))
    })
}

/// One trial, and its path along choice, evidence and context.
fn trial(
    r: &mut Random,
    weights: &[f64],
    evidence: [f64; 2],
    context: usize,
) -> Result<(Trial, Vec<[f64; 3]>), ReportError> {
    let (mut choice, mut seen, mut rule) = (0.0f64, 0.0f64, 0.0f64);
    let (mut inputs, mut targets, mut outputs) = (vec![], vec![], vec![]);
    let (mut asked, mut activity, mut path) = (vec![], vec![], vec![]);
    let sign = evidence[context].signum();
    for t in 0..STEPS {
        let ms = t as f64 * DT;
        let stimulus = f64::from(u8::from((350.0..1150.0).contains(&ms)));
        let cue = f64::from(u8::from(ms >= 100.0));
        let noisy = evidence.map(|e| stimulus * (e + 0.05 * r.normal()));
        inputs.extend(noisy);
        inputs.extend([cue * (1 - context) as f64, cue * context as f64]);
        let other = noisy[1 - context];
        choice += 0.02 * choice * (1.0 - (choice / 6.2).powi(2)) + 1.1 * noisy[context];
        seen += 0.12 * (9.0 * (noisy[context] + 0.6 * other) - seen);
        rule += 0.09 * (2.6 * cue * (1.0 - 2.0 * context as f64) - rule);
        let state = [choice, seen, rule + 0.18 * seen.abs()];
        path.push(state);
        let answer = f64::from(u8::from(ms >= 1250.0));
        targets.push(sign * answer);
        asked.push(f64::from(u8::from(!(350.0..1250.0).contains(&ms))));
        outputs.push((choice / 5.0).tanh() * (0.15 + 0.85 * answer) + 0.012 * r.normal());
        for u in 0..UNITS {
            let drive: f64 = (0..3).map(|k| state[k] * weights[k * UNITS + u]).sum();
            activity.push((1.6 * drive + 0.03 * r.normal()).tanh());
        }
    }
    let title = format!(
        "attend {}, motion {:+.2}, colour {:+.2}",
        ["motion", "colour"][context],
        evidence[0],
        evidence[1]
    )
    .replace('-', "−");
    let trial = Trial::new(
        title,
        Matrix::new(STEPS, 4, &inputs)?,
        Matrix::new(STEPS, 1, &targets)?,
        Matrix::new(STEPS, 1, &outputs)?,
        asked,
        Matrix::new(STEPS, UNITS, &activity)?,
    )
    .condition("context", ["motion", "colour"][context])
    .condition("coherence", format!("{:+.2}", evidence[context]).replace('-', "−"))
    .condition("correct", if choice * sign > 0.0 { "yes" } else { "no" });
    Ok((trial, path))
}
