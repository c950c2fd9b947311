//! Reading an NWB file of 500 units and 2,000 trials, against pynwb, in turn.
//!
//! ```sh
//! cargo run --release -p attractor-recording --example nwb_read -- FOLDER [PYTHON]
//! ```
//!
//! writes `FOLDER/bench.nwb` (units of 1 to 20 Hz in five regions over 2,000 trials of 2 s, a trial's
//! conditions and an event, a position at 100 Hz), reads it nine times, and with a Python that has pynwb
//! runs `benches/peers/nwb_read.py` on it in between. Both read the same: spike times of every unit as
//! arrays, the columns of units and trials, the series.

#![allow(clippy::print_stdout)] // a program

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use attractor_data::Conditions;
use attractor_numerics::random;
use attractor_recording::{
    Clock, Intervals, Moments, NwbOptions, Series, Session, SessionOptions, Spikes, Units,
    read_session, write_nwb,
};
use ndarray::Array2;
use rand::RngExt;

const UNITS: usize = 500;
const TRIALS: usize = 2000;
/// From one trial to the next, ms.
const TRIAL: f64 = 2000.0;
const TURNS: usize = 9;

fn session() -> Result<Session, Box<dyn std::error::Error>> {
    let mut rng = random::stream(1, "bench/nwb");
    let end = TRIALS as f64 * TRIAL;
    let mut train = |unit: usize| {
        let rate = 1.0 + 19.0 * (unit % 97) as f64 / 96.0;
        let (mut time, mut times) = (0.0, Vec::new());
        loop {
            let u: f64 = rng.random();
            time -= (1.0 - u).ln() / rate * 1000.0;
            if time >= end {
                return times;
            }
            times.push(time);
        }
    };
    let spikes = Spikes::new((0..UNITS).map(&mut train).collect::<Vec<_>>());
    let regions: Vec<String> = (0..UNITS).map(|unit| format!("area {}", unit % 5)).collect();
    let start: Vec<f64> = (0..TRIALS).map(|k| k as f64 * TRIAL).collect();
    let directions: Vec<f64> =
        (0..TRIALS).map(|_| f64::from(rng.random_range(0..8)) * 45.0).collect();
    let samples = (end / 10.0) as usize;
    let values = Array2::from_shape_fn((samples, 2), |(t, k)| (t as f32 * 1e-3 + k as f32).sin());
    Ok(Session {
        units: Units {
            names: (0..UNITS).map(|unit| unit.to_string()).collect(),
            columns: Conditions::none(UNITS).with("region", regions)?,
        },
        spikes,
        intervals: vec![Intervals {
            name: "trials".to_owned(),
            stop: start.iter().map(|t| t + TRIAL).collect(),
            columns: Conditions::none(TRIALS).with("direction", directions)?,
            moments: vec![Moments {
                name: "go_time".to_owned(),
                times: start.iter().map(|t| t + 500.0).collect(),
            }],
            start,
        }],
        series: vec![Series {
            name: "position".to_owned(),
            path: "position".to_owned(),
            unit: "cm".to_owned(),
            clock: Clock::Regular { start: 0.0, dt: 10.0 },
            values,
            channels: Units::named(vec!["x".to_owned(), "y".to_owned()]),
        }],
        ..Session::default()
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give a folder to write to")?);
    let python = arguments.next();
    let file = folder.join("bench.nwb");
    write_nwb(&file, &session()?, &NwbOptions::default())?;
    println!("{} MB", std::fs::metadata(&file)?.len() / 1_000_000);
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../benches/peers/nwb_read.py");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let began = Instant::now();
        let read = read_session(&file, &SessionOptions::default())?;
        ours.push(began.elapsed().as_secs_f64() * 1e3);
        println!("attractor {:.1} ms, {} spikes", ours[ours.len() - 1], read.spikes.times().len());
        if let Some(python) = &python {
            let output = Command::new(python).arg(&script).arg(&file).output()?;
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let ms = said.split_whitespace().next().and_then(|ms| ms.parse::<f64>().ok());
            theirs.push(ms.ok_or(format!("pynwb: {}", String::from_utf8_lossy(&output.stderr)))?);
            println!("pynwb {}", said.trim());
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    };
    match (median(&mut ours), median(&mut theirs)) {
        (Some(ours), Some(theirs)) => {
            println!("medians {ours:.1} and {theirs:.1} ms: {:.1} times", theirs / ours);
        }
        (Some(ours), None) => println!("median {ours:.1} ms"),
        _ => {}
    }
    Ok(())
}
