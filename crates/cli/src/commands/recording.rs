//! `attractor recording`

use std::path::PathBuf;

use attractor::data::{Column, Conditions, Value};
use attractor::recording::{
    Clock, Intervals, NwbOptions, Series, Session, SessionOptions, read_session, write_nwb,
};
use clap::Args;
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::output::{self, Answer, table};

mod picture;

/// Values of a column that are all listed; of more only their number is.
const LISTED: usize = 8;
/// Lines of a list that are printed; `--json` has all.
const LINES: usize = 30;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// NWB, MATLAB, `.npz`, `.npy`, HDF5, or a table (CSV, TSV) of spikes or samples
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Draw spikes, the rate of the population and series into this file, `.svg` or `.png`
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    /// Part that is drawn, ms [default: as much of the beginning as can be seen]
    #[arg(
        long,
        value_name = "FROM,UNTIL",
        value_delimiter = ',',
        num_args = 1,
        allow_hyphen_values = true,
        requires = "plot"
    )]
    part: Option<Vec<f64>>,

    /// Write what was read as an NWB file
    #[arg(long, value_name = "FILE")]
    nwb: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  attractor recording session.nwb
  attractor recording session.nwb --plot session.png --part 0,5000
  attractor recording spikes.mat --json
  attractor recording spikes.csv --nwb spikes.nwb

Prints units by region with their rates, trials with conditions and events, series with clocks, what was
mended or guessed, and what could not be read and why. `attractor fit FILE` fits a network to it.";

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let Arguments { file, plot, part, nwb } = arguments;
    let session = read_session(file, &SessionOptions::default())?;
    let mut text = describe(&session);
    let mut value = as_json(&session);
    if let Some(path) = plot {
        let part = match part.as_deref() {
            None => None,
            Some([from, until]) if from < until => Some((*from, *until)),
            Some(other) => {
                let message =
                    format!("--part {other:?}: two times in ms, the first before the second");
                return Err(Failure::Request(message));
            }
        };
        let figure = picture::figure(&session, part)?;
        output::picture(&figure, path, "--plot")?;
        text.push_str(&format!("\ndrawn     {}\n", path.display()));
        value["drawn"] = json!(path);
    }
    if let Some(path) = nwb {
        let left = write_nwb(path, &session, &NwbOptions::default())?;
        text.push_str(&format!("\nwritten   {}\n", path.display()));
        for unread in &left {
            text.push_str(&format!("  without `{}`: {}\n", unread.path, unread.why));
        }
        value["written"] = json!({ "nwb": path, "without": left });
    }
    Ok(Answer::new(text, &value))
}

fn describe(session: &Session) -> String {
    let provenance = &session.provenance;
    let mut text = format!("{}: {}", provenance.file, provenance.format);
    if let Some((from, to)) = session.span() {
        text.push_str(&format!(", {} s, from {} s", seconds(to - from), seconds(from)));
    }
    text.push('\n');
    for (key, value) in provenance.about.iter().take(LINES) {
        let line: String = value.lines().next().unwrap_or_default().chars().take(80).collect();
        text.push_str(&format!("  {key}: {line}\n"));
    }
    text.push_str(&units(session));
    for table in &session.intervals {
        text.push_str(&intervals(table));
    }
    if !session.series.is_empty() {
        text.push_str("\nSeries\n");
        let mut rows =
            vec![["path", "samples", "channels", "unit", "clock"].map(str::to_owned).to_vec()];
        rows.extend(session.series.iter().take(LINES).map(|series| {
            let (samples, channels) = series.values.dim();
            let unit = if series.unit.is_empty() { "-" } else { &series.unit };
            vec![
                series.path.clone(),
                samples.to_string(),
                channels.to_string(),
                unit.to_owned(),
                clock(series),
            ]
        }));
        text.push_str(&table(&rows));
        text.push_str(&more(session.series.len()));
    }
    if session.units.is_empty() && session.series.is_empty() {
        text.push_str("\nNothing that could be fitted was found.\n");
    }
    let list = |title: &str, lines: Vec<String>| match lines.len() {
        0 => String::new(),
        count => {
            let shown: Vec<String> = lines.into_iter().take(LINES).collect();
            format!("\n{title}\n  {}\n{}", shown.join("\n  "), more(count))
        }
    };
    text.push_str(&list("Mended or guessed", provenance.repairs.clone()));
    let doubts = session.doubts();
    text.push_str(&list("Doubtful", doubts));
    let unread = session.unread.iter().map(|u| format!("{}: {}", u.path, u.why)).collect();
    text.push_str(&list("Not read", unread));
    text
}

fn more(count: usize) -> String {
    match count.saturating_sub(LINES) {
        0 => String::new(),
        more => format!("  and {more} more (--json has all)\n"),
    }
}

fn seconds(ms: f64) -> f64 {
    (ms).round() / 1000.0
}

/// Units by region: how many, and the least, middle and largest of their rates.
fn units(session: &Session) -> String {
    if session.units.is_empty() {
        return String::new();
    }
    let rates = session.rates();
    let mut text =
        format!("\nUnits     {}, {} spikes\n", session.units.len(), session.spikes.times().len());
    let all: Vec<usize> = (0..session.units.len()).collect();
    let groups = match session.units.columns.column("region") {
        Some(column) => column.groups(),
        None => vec![(Value::Label("(no regions)".to_owned()), all)],
    };
    let mut rows =
        vec![["region", "units", "rate: median", "least", "most, Hz"].map(str::to_owned).to_vec()];
    for (region, members) in groups.iter().take(LINES) {
        let mut own: Vec<f64> = members.iter().map(|&unit| rates[unit]).collect();
        own.sort_by(f64::total_cmp);
        let shown = |x: Option<&f64>| x.map_or("-".to_owned(), |x| format!("{x:.2}"));
        rows.push(vec![
            region.to_string(),
            members.len().to_string(),
            shown(own.get(own.len() / 2)),
            shown(own.first()),
            shown(own.last()),
        ]);
    }
    text.push_str(&table(&rows));
    text.push_str(&more(groups.len()));
    text.push_str(&columns(&session.units.columns));
    text
}

fn columns(columns: &Conditions) -> String {
    let mut text = String::new();
    for (name, column) in columns.columns() {
        let groups = column.groups();
        let values: Vec<String> = groups.iter().map(|(value, _)| value.to_string()).collect();
        let said = match (column, &groups[..]) {
            (_, _) if values.len() <= LISTED => values.join(", "),
            (Column::Numbers(_), [(least, _), .., (most, _)]) => format!("{least} to {most}"),
            _ => format!("{} different ones", values.len()),
        };
        text.push_str(&format!("  {name}: {said}\n"));
    }
    text
}

fn intervals(table: &Intervals) -> String {
    let long: Vec<f64> = table.start.iter().zip(&table.stop).map(|(a, b)| b - a).collect();
    let least = long.iter().copied().fold(f64::INFINITY, f64::min);
    let most = long.iter().copied().fold(0.0, f64::max);
    let mut text = format!("\n{}  {}", table.name, table.start.len());
    if !long.is_empty() {
        text.push_str(&format!(", {} to {} s long", seconds(least), seconds(most)));
    }
    text.push('\n');
    text.push_str(&columns(&table.columns));
    for event in &table.moments {
        let there = event.times.iter().filter(|t| t.is_finite()).count();
        text.push_str(&format!("  event {}: in {there}\n", event.name));
    }
    text
}

fn clock(series: &Series) -> String {
    match &series.clock {
        Clock::Regular { start, dt } => {
            format!("{} Hz from {} s", rounded(1000.0 / dt), seconds(*start))
        }
        Clock::Stamps(times) => {
            let last = times.last().copied().unwrap_or_default();
            let first = times.first().copied().unwrap_or_default();
            format!("irregular, {} to {} s", seconds(first), seconds(last))
        }
        Clock::Unknown => "not said: recording.rate_hz".to_owned(),
    }
}

fn rounded(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

fn as_json(session: &Session) -> Json {
    let rates = session.rates();
    let table = |columns: &Conditions| -> Json {
        columns.columns().map(|(name, column)| (name.to_owned(), json!(column))).collect()
    };
    json!({
        "provenance": session.provenance,
        "span_ms": session.span().map(|(a, b)| [a, b]),
        "units": {
            "names": session.units.names,
            "spikes": (0..session.spikes.units()).map(|k| session.spikes.unit(k).len()).collect::<Vec<usize>>(),
            "rates_hz": rates,
            "columns": table(&session.units.columns),
        },
        "intervals": session.intervals.iter().map(|intervals| json!({
            "name": intervals.name,
            "start_ms": intervals.start,
            "stop_ms": intervals.stop,
            "columns": table(&intervals.columns),
            "events": intervals.moments.iter().map(|m| m.name.clone()).collect::<Vec<String>>(),
        })).collect::<Vec<Json>>(),
        "series": session.series.iter().map(|series| json!({
            "path": series.path,
            "shape": [series.values.nrows(), series.values.ncols()],
            "unit": series.unit,
            "clock": match &series.clock {
                Clock::Regular { start, dt } => json!({ "start_ms": start, "dt_ms": dt }),
                Clock::Stamps(times) => json!({ "stamps": times.len() }),
                Clock::Unknown => Json::Null,
            },
            "channels": series.channels.names,
        })).collect::<Vec<Json>>(),
        "doubts": session.doubts(),
        "unread": session.unread,
    })
}
