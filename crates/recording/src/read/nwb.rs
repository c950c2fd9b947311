//! NWB 2: what the standard calls units, time intervals and time series, wherever they lie.

use attractor_data::{Column, Conditions, FileError, FileProblem};
use attractor_hdf5::{Hdf5, Kind, Node};

use super::columns::{Entry, add, add_numbers, ends, entry, member, settle_regions, why_not};
use super::{SessionOptions, series};
use crate::session::{Intervals, Moments, Provenance, Session, Spikes, Units};

/// Groups in groups, at most, and groups in all: in a damaged file they may hold each other.
const MOST_DEPTH: usize = 16;
const MOST_GROUPS: usize = 10_000;
/// Where electrodes are.
const ELECTRODES: &str = "general/extracellular_ephys/electrodes";
/// Descriptions of apparatus, of which a session needs nothing.
const APPARATUS: [&str; 7] = [
    "Device",
    "DeviceModel",
    "ElectrodeGroup",
    "ImagingPlane",
    "OpticalChannel",
    "Subject",
    "LabMetaData",
];

/// Reads a session.
pub(super) fn read(file: &Hdf5, options: &SessionOptions) -> Result<Session, FileError> {
    let root = file.node("")?;
    let version = match root.attributes()?.text("nwb_version") {
        Some(version) => version.to_owned(),
        None => file.text("nwb_version").unwrap_or_default(),
    };
    if version.starts_with("NWB-1") || version.starts_with('1') || version.starts_with("0.") {
        let fix = "only NWB 2 is read; convert it with the tools of nwb.org".to_owned();
        let key = "nwb_version".to_owned();
        return Err(FileProblem::Value { key, value: version, fix }.of(file.path()));
    }
    let mut session = Session {
        provenance: Provenance { format: format!("NWB {version}"), ..Provenance::default() },
        ..Session::default()
    };
    about(file, &mut session);
    let mut groups = 0;
    // the specification of the format, kept in the file, is not data
    for name in root.members()?.iter().filter(|name| *name != "specifications") {
        match root.member(name) {
            Ok(node) => walk(file, &mut session, &node, options, 0, &mut groups),
            Err(error) => session.leave(name, why_not(&error)),
        }
    }
    regions_of_interest(file, &mut session);
    session.intervals.sort_by_key(|table| table.name != "trials");
    // a table may be looked at for several series
    let mut seen = Vec::new();
    session.unread.retain(|unread| {
        let new = !seen.contains(unread);
        if new {
            seen.push(unread.clone());
        }
        new
    });
    Ok(session)
}

fn about(file: &Hdf5, session: &mut Session) {
    const PLACES: [&str; 9] = [
        "identifier",
        "session_description",
        "session_start_time",
        "general/institution",
        "general/lab",
        "general/related_publications",
        "general/subject/subject_id",
        "general/subject/species",
        "general/subject/age",
    ];
    for place in PLACES {
        let text = file.texts(place).ok().and_then(|texts| texts.into_iter().next());
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            let name = place.rsplit('/').next().unwrap_or(place);
            session.provenance.about.insert(name.to_owned(), text);
        }
    }
}

/// Takes what is known of a group and what is in it; counts groups.
fn walk(
    file: &Hdf5,
    session: &mut Session,
    node: &Node,
    options: &SessionOptions,
    depth: usize,
    groups: &mut usize,
) {
    *groups += 1;
    if *groups > MOST_GROUPS {
        // said once
        if *groups == MOST_GROUPS + 1 {
            session.leave(
                node.key(),
                format!("this and what follows: more than {MOST_GROUPS} groups"),
            );
        }
        return;
    }
    let (kind, attributes) = match (node.kind(), node.attributes()) {
        (Ok(kind), Ok(attributes)) => (kind, attributes),
        (Err(error), _) | (_, Err(error)) => {
            return session.leave(node.key(), error.problem.to_string());
        }
    };
    let neurodata = attributes.text("neurodata_type").unwrap_or_default();
    if kind != Kind::Group {
        // plain arrays of the root and of `general` are what the file says about itself
        if !neurodata.is_empty() {
            session.leave(node.key(), format!("`{neurodata}` outside of a table"));
        }
        return;
    }
    if depth > MOST_DEPTH {
        return session.leave(node.key(), format!("more than {MOST_DEPTH} groups deep"));
    }
    let table = attributes.texts("colnames");
    let series_like = node.child("data").is_some();
    match neurodata {
        "Units" => take(session, node, |session| units(file, session, node, table)),
        "TimeIntervals" => take(session, node, |session| intervals(session, node, table)),
        name if APPARATUS.contains(&name) => {}
        _ if node.key() == ELECTRODES => {}
        "PlaneSegmentation" => {}
        _ if series_like => series::read(session, node, options),
        _ if table.is_some() => {
            session.leave(node.key(), format!("a table of the kind `{neurodata}`"));
        }
        _ => match node.members() {
            Ok(members) => {
                if members.is_empty() && !neurodata.is_empty() {
                    session.leave(node.key(), format!("`{neurodata}` with nothing in it to read"));
                }
                for name in &members {
                    match node.member(name) {
                        Ok(member) => walk(file, session, &member, options, depth + 1, groups),
                        Err(error) => {
                            session.leave(format!("{}/{name}", node.key()), why_not(&error));
                        }
                    }
                }
            }
            Err(error) => session.leave(node.key(), error.problem.to_string()),
        },
    }
}

/// Does something that may fail; what fails is noted.
fn take(
    session: &mut Session,
    node: &Node,
    read: impl FnOnce(&mut Session) -> Result<Result<(), String>, FileError>,
) {
    match read(session) {
        Ok(Ok(())) => {}
        Ok(Err(why)) => session.leave(node.key(), why),
        Err(error) => session.leave(node.key(), error.problem.to_string()),
    }
}

/// Names of a table's columns: those it lists, in that order, then others that lie there.
fn names(table: &Node, listed: Option<Vec<String>>) -> Result<Vec<String>, FileError> {
    let mut names = listed.unwrap_or_default();
    for member in table.members()? {
        if !names.contains(&member) && member != "id" && !member.ends_with("_index") {
            names.push(member);
        }
    }
    Ok(names)
}

fn rows(table: &Node) -> Result<Option<usize>, FileError> {
    match table.child("id") {
        Some(id) => Ok(id.shape()?.first().copied()),
        None => Ok(None),
    }
}

fn units(
    file: &Hdf5,
    session: &mut Session,
    table: &Node,
    listed: Option<Vec<String>>,
) -> Result<Result<(), String>, FileError> {
    let Some(rows) = rows(table)? else {
        return Ok(Err("a table of units without ids".to_owned()));
    };
    if !session.units.is_empty() {
        return Ok(Err("a second table of units; the first is taken".to_owned()));
    }
    let ids = table.child("id").map(|id| id.values::<f64>()).transpose()?;
    let ids = ids.into_iter().flatten().map(|id| id.to_string()).collect::<Vec<String>>();
    if let Some(times) = member(session, table, "spike_times") {
        match spikes(session, table, &times, rows)? {
            Ok(spikes) => session.spikes = spikes,
            Err(why) => session.leave(times.key(), why),
        }
    } else {
        session.leave(table.key(), "units without spike times");
    }
    let mut columns = Conditions::none(rows);
    for name in names(table, listed)?.iter().filter(|name| *name != "spike_times") {
        let path = format!("{}/{name}", table.key());
        match entry(table, name, rows) {
            Entry::Numbers(numbers) if name != "electrodes" => {
                columns = add_numbers(session, columns, &path, name, numbers);
            }
            Entry::Labels(labels) => columns = add(session, columns, &path, name, labels.into()),
            Entry::Left(why) if name != "electrodes" => session.leave(path, why),
            _ => {}
        }
    }
    let known = |columns: &Conditions| {
        ["region", "location", "brain_area"].iter().any(|n| columns.column(n).is_some())
    };
    if !known(&columns)
        && let Some(labels) = regions_of_electrodes(file, table, rows)?
    {
        session.repair("the regions of units are the locations of their first electrodes");
        columns = add(session, columns, "units/electrodes", "region", labels.into());
    }
    columns = settle_regions(session, columns, "units");
    session.units = Units { names: ids, columns };
    Ok(Ok(()))
}

fn spikes(
    session: &mut Session,
    table: &Node,
    times: &Node,
    rows: usize,
) -> Result<Result<Spikes, String>, FileError> {
    let Some(index) = member(session, table, "spike_times_index") else {
        return Ok(Err("no `spike_times_index`: whose spikes are whose is not known".to_owned()));
    };
    let mut ms: Vec<f64> = times.values::<f64>()?.into_raw_vec_and_offset().0;
    let Some(mut ends) = ends(&index, ms.len())?.filter(|ends| ends.len() == rows) else {
        let found = index.shape()?;
        return Ok(Err(format!(
            "`spike_times_index` {found:?} does not fit {} times of {rows} units",
            ms.len()
        )));
    };
    ms.iter_mut().for_each(|t| *t *= 1000.0);
    ms.truncate(ends.last().copied().unwrap_or(0));
    if ms.iter().any(|t| !t.is_finite()) {
        let bad = ms.iter().filter(|t| !t.is_finite()).count();
        session.repair(format!("{bad} spike times that are no numbers are left out"));
        let mut kept = 0;
        let mut from = 0;
        for end in &mut ends {
            kept += ms[from..*end].iter().filter(|t| t.is_finite()).count();
            from = std::mem::replace(end, kept);
        }
        ms.retain(|t| t.is_finite());
    }
    match Spikes::ragged(ms, ends) {
        Some((spikes, 0)) => Ok(Ok(spikes)),
        Some((spikes, sorted)) => {
            session.repair(format!("the spikes of {sorted} units did not ascend: they are sorted"));
            Ok(Ok(spikes))
        }
        None => Ok(Err("`spike_times_index` does not ascend".to_owned())),
    }
}

/// The location of the first electrode of every unit.
fn regions_of_electrodes(
    file: &Hdf5,
    table: &Node,
    rows: usize,
) -> Result<Option<Vec<String>>, FileError> {
    let (Some(region), Ok(electrodes)) = (table.child("electrodes"), file.node(ELECTRODES)) else {
        return Ok(None);
    };
    let Some(locations) = electrodes.child("location") else { return Ok(None) };
    let locations: Vec<String> = locations.texts()?.into_iter().collect();
    let chosen: Vec<f64> = region.values::<f64>()?.into_iter().collect();
    let starts: Vec<usize> = match table.child("electrodes_index") {
        Some(index) => {
            let Some(ends) = ends(&index, chosen.len())?.filter(|ends| ends.len() == rows) else {
                return Ok(None);
            };
            // a unit without electrodes has none to begin with
            let begins = [0].into_iter().chain(ends.iter().copied());
            begins.zip(&ends).map(|(a, &b)| if a < b { a } else { usize::MAX }).collect()
        }
        None if chosen.len() == rows => (0..rows).collect(),
        None => return Ok(None),
    };
    let location = |start: usize| {
        let electrode = chosen.get(start).map(|&e| e as usize);
        electrode.and_then(|e| locations.get(e)).cloned().unwrap_or_default()
    };
    Ok(Some(starts.into_iter().map(location).collect()))
}

fn intervals(
    session: &mut Session,
    table: &Node,
    listed: Option<Vec<String>>,
) -> Result<Result<(), String>, FileError> {
    let name = table.key().rsplit('/').next().unwrap_or_default().to_owned();
    let Some(rows) = rows(table)? else { return Ok(Err("intervals without ids".to_owned())) };
    let times = |column: &str| match entry(table, column, rows) {
        Entry::Numbers(seconds) => Ok(seconds.into_iter().map(|s| s * 1000.0).collect()),
        Entry::Labels(_) => Err(format!("`{column}` is text")),
        Entry::Left(why) => Err(format!("`{column}`: {why}")),
    };
    let (start, stop): (Vec<f64>, Vec<f64>) = match (times("start_time"), times("stop_time")) {
        (Ok(start), Ok(stop)) => (start, stop),
        (Err(why), _) | (_, Err(why)) => return Ok(Err(why)),
    };
    let mut columns = Conditions::none(rows);
    let mut moments = Vec::new();
    for column in names(table, listed)? {
        if column == "start_time" || column == "stop_time" {
            continue;
        }
        let path = format!("{}/{column}", table.key());
        match entry(table, &column, rows) {
            Entry::Numbers(seconds) if column.ends_with("_time") => {
                let times = seconds.into_iter().map(|s| s * 1000.0).collect();
                moments.push(Moments { name: column, times });
            }
            Entry::Numbers(numbers) => {
                columns = add_numbers(session, columns, &path, &column, numbers);
            }
            Entry::Labels(labels) => {
                columns = add(session, columns, &path, &column, Column::Labels(labels));
            }
            Entry::Left(why) => session.leave(path, why),
        }
    }
    let table = Intervals { name, start, stop, columns, moments };
    let table = whole(session, table);
    session.intervals.push(table);
    Ok(Ok(()))
}

/// Without intervals that have no beginning or end, or end before they begin.
pub(super) fn whole(session: &mut Session, table: Intervals) -> Intervals {
    let right = |&k: &usize| {
        let (a, b) = (table.start[k], table.stop[k]);
        a.is_finite() && b.is_finite() && a <= b
    };
    let kept: Vec<usize> = (0..table.start.len()).filter(right).collect();
    if kept.len() == table.start.len() {
        return table;
    }
    session.repair(format!(
        "{} of {} intervals of `{}` have no time or end before they begin: they are left out",
        table.start.len() - kept.len(),
        table.start.len(),
        table.name
    ));
    let pick = |times: &[f64]| kept.iter().map(|&k| times[k]).collect::<Vec<f64>>();
    let moments = table.moments.iter();
    Intervals {
        start: pick(&table.start),
        stop: pick(&table.stop),
        columns: table.columns.select(&kept).unwrap_or_else(|_| Conditions::none(kept.len())),
        moments: moments
            .map(|event| Moments { name: event.name.clone(), times: pick(&event.times) })
            .collect(),
        name: table.name,
    }
}

/// Gives series over regions of interest the columns of these, and electrical series their regions.
fn regions_of_interest(file: &Hdf5, session: &mut Session) {
    for k in 0..session.series.len() {
        let path = session.series[k].path.clone();
        let count = session.series[k].channels.len();
        let Ok(group) = file.node(&path) else { continue };
        let rows = |name: &str| {
            let region = group.child(name)?.values::<f64>().ok()?;
            let rows: Vec<usize> = region.iter().map(|&row| row as usize).collect();
            (rows.len() == count).then_some(rows)
        };
        let (chosen, table) = match (rows("rois"), rows("electrodes")) {
            (Some(rows), _) => (rows, plane(file, &path)),
            (None, Some(rows)) => (rows, file.node(ELECTRODES).ok()),
            (None, None) => continue,
        };
        let Some(table) = table else {
            session.leave(path, "the table of its regions of interest: there are several, or none");
            continue;
        };
        let Ok(Some(total)) = self::rows(&table) else { continue };
        let mut columns = Conditions::none(count);
        let listed = names(&table, None);
        if let Err(error) = &listed {
            session.leave(table.key(), error.to_string());
        }
        for name in listed.unwrap_or_default() {
            let there = chosen.iter().all(|&row| row < total);
            let column = match entry(&table, &name, total) {
                Entry::Numbers(all) if there && all.iter().all(|x| x.is_finite()) => {
                    Column::Numbers(chosen.iter().map(|&row| all[row]).collect())
                }
                Entry::Labels(all) if there => {
                    Column::Labels(chosen.iter().map(|&row| all[row].clone()).collect())
                }
                Entry::Left(why) => {
                    session.leave(format!("{}/{name}", table.key()), why);
                    continue;
                }
                _ => continue,
            };
            columns = add(session, columns, &format!("{}/{name}", table.key()), &name, column);
        }
        let columns = settle_regions(session, columns, &format!("`{path}`"));
        session.series[k].channels.columns = columns;
    }
}

/// The one table of regions of interest that there is.
fn plane(file: &Hdf5, series: &str) -> Option<Node> {
    let module = series.split('/').take(2).collect::<Vec<&str>>().join("/");
    let mut found = Vec::new();
    planes(&file.node(&module).ok()?, &mut found, 0);
    let first = found.pop()?;
    found.is_empty().then_some(first)
}

fn planes(node: &Node, found: &mut Vec<Node>, depth: usize) {
    for name in node.members().unwrap_or_default() {
        let Some(child) = node.child(&name) else { continue };
        let attributes = child.attributes().unwrap_or_default();
        if attributes.text("neurodata_type") == Some("PlaneSegmentation") {
            found.push(child);
        } else if depth < 4 {
            planes(&child, found, depth + 1);
        }
    }
}
