//! Time series of NWB files.

use attractor_data::FileError;
use attractor_hdf5::{Attributes, Kind, Node};
use ndarray::{Array2, ArrayD, Axis, Ix1, Ix2};

use super::SessionOptions;
use super::columns::member;
use crate::recording::numbered;
use crate::session::{Clock, Series, Session, Units};

/// Reads a group with `data` as a series, or says why not.
pub(super) fn read(session: &mut Session, group: &Node, options: &SessionOptions) {
    match series(session, group, options) {
        Ok(Ok(series)) => session.series.push(series),
        Ok(Err(why)) => session.leave(group.key(), why),
        Err(error) => session.leave(group.key(), error.problem.to_string()),
    }
}

fn series(
    session: &mut Session,
    group: &Node,
    options: &SessionOptions,
) -> Result<Result<Series, String>, FileError> {
    let Some(data) = group.child("data") else { return Ok(Err("no data".to_owned())) };
    let path = group.key().to_owned();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let shape = data.shape()?;
    if data.kind()? != Kind::Numbers {
        return Ok(Err("its data are no numbers".to_owned()));
    }
    if !(1..=2).contains(&shape.len()) {
        return Ok(Err(format!("{} axes, shape {shape:?}: up to two are read", shape.len())));
    }
    let count = shape.iter().product::<usize>();
    let asked = options.series.iter().any(|s| s.trim_matches('/') == path || *s == name);
    if count > options.most && !asked {
        return Ok(Err(format!("{count} numbers: named as the activity, it is read")));
    }
    let about = data.attributes()?;
    let values = scaled(data.values::<f32>()?, &about);
    let values: Array2<f32> = match values.clone().into_dimensionality::<Ix1>() {
        Ok(single) => single.insert_axis(Axis(1)),
        Err(_) => match values.into_dimensionality::<Ix2>() {
            Ok(values) => values,
            Err(_) => return Ok(Err(format!("shape {shape:?}"))),
        },
    };
    let clock = match clock(session, group, values.nrows())? {
        Ok(clock) => clock,
        Err(why) => {
            session.leave(format!("{path}/timestamps"), why);
            Clock::Unknown
        }
    };
    let unit = about.text("unit").unwrap_or_default().to_owned();
    let channels = Units::named(numbered(&format!("{name}."), values.ncols()));
    Ok(Ok(Series { name, path, unit, clock, values, channels }))
}

/// Values in the unit of measure: times `conversion`, plus `offset`.
fn scaled(values: ArrayD<f32>, about: &Attributes) -> ArrayD<f32> {
    let finite = |x: f64| if x.is_finite() { Some(x) } else { None };
    let conversion = about.number("conversion").and_then(finite).unwrap_or(1.0);
    let offset = about.number("offset").and_then(finite).unwrap_or(0.0);
    if conversion == 1.0 && offset == 0.0 {
        return values;
    }
    values.mapv_into(|x| (f64::from(x) * conversion + offset) as f32)
}

/// When samples were taken; or why that is not known.
fn clock(
    session: &mut Session,
    group: &Node,
    samples: usize,
) -> Result<Result<Clock, String>, FileError> {
    if let Some(stamps) = member(session, group, "timestamps") {
        let times: Vec<f64> = stamps.values::<f64>()?.into_iter().map(|s| s * 1000.0).collect();
        if times.len() != samples {
            return Ok(Err(format!("{} time stamps for {samples} samples", times.len())));
        }
        if times.iter().any(|t| !t.is_finite()) {
            return Ok(Err("time stamps that are no numbers".to_owned()));
        }
        if !times.is_sorted() {
            return Ok(Err("time stamps that do not ascend".to_owned()));
        }
        return Ok(Ok(Clock::of(times)));
    }
    let Some(starting) = group.child("starting_time") else {
        return Ok(Err("neither a rate nor time stamps of its own".to_owned()));
    };
    let start = starting.values::<f64>()?.iter().copied().next().unwrap_or(f64::NAN) * 1000.0;
    let rate = starting.attributes()?.number("rate").unwrap_or(f64::NAN);
    if !(start.is_finite() && rate.is_finite() && rate > 0.0) {
        return Ok(Err(format!("a start of {start} ms and a rate of {rate} Hz make no clock")));
    }
    Ok(Ok(Clock::Regular { start, dt: 1000.0 / rate }))
}
