//! Sessions as NWB files (version 2), which `pynwb` opens and validates.
//!
//! Units become the table `units`, tables of intervals lie under `intervals`, series under
//! `processing/attractor`. Files have the same bytes each time: identifiers are made from names, and the
//! start is what the session says, or what the options give.

use std::path::Path;

use attractor_data::{Column, Conditions, FileError};
use attractor_hdf5::{Attribute, Leaf, Tree};
use ndarray::{Array1, ArrayD, IxDyn};

use crate::session::{Clock, Intervals, Series, Session, Units, Unread};

/// The version of the standard that is written.
const VERSION: &str = "2.7.0";
/// The start of files that know none.
const NO_START: &str = "1970-01-01T00:00:00+00:00";

/// What an NWB file says about itself, if the session does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NwbOptions {
    /// A name that no other file has; that of the session if empty.
    pub identifier: String,
    /// What was done.
    pub description: String,
    /// When it began, ISO 8601 with time zone, such as `2026-11-27T10:00:00+00:00`.
    pub start: String,
}

/// Writes a session. Returns what the format has no place for.
///
/// # Errors
/// [`FileError`] if the file cannot be written.
pub fn write_nwb(
    path: impl AsRef<Path>,
    session: &Session,
    options: &NwbOptions,
) -> Result<Vec<Unread>, FileError> {
    let (tree, left) = tree(session, options);
    tree.write(path.as_ref())?;
    Ok(left)
}

/// The bytes of a session as an NWB file, and what the format has no place for.
///
/// # Errors
/// As [`write_nwb`].
pub fn nwb_bytes(
    session: &Session,
    options: &NwbOptions,
) -> Result<(Vec<u8>, Vec<Unread>), FileError> {
    let (tree, left) = tree(session, options);
    Ok((tree.bytes("session.nwb".as_ref())?, left))
}

fn tree(session: &Session, options: &NwbOptions) -> (Tree, Vec<Unread>) {
    let mut left = Vec::new();
    let about = |key: &str, given: &str, or: &str| {
        let known = session.provenance.about.get(key).map(String::as_str);
        let first = [given, known.unwrap_or_default(), or];
        first.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
    };
    let identifier = about("identifier", &options.identifier, &session.provenance.file);
    let identifier = if identifier.is_empty() { "session".to_owned() } else { identifier };
    let start = about("session_start_time", &options.start, NO_START);
    let description = about("session_description", &options.description, "no description");
    let writer = Writer { seed: identifier.clone() };

    let mut root = Tree::default();
    writer.kind(&mut root, "", "core", "NWBFile");
    root.attribute("nwb_version", Attribute::Text(VERSION.to_owned()));
    root.text("identifier", &identifier);
    root.text("session_description", &description);
    root.text("session_start_time", &start);
    root.text("timestamps_reference_time", &start);
    root.texts("file_create_date", &Array1::from(vec![start.clone()]).into_dyn());
    for name in ["acquisition", "analysis", "general", "processing"] {
        root.group(name);
    }
    for name in ["presentation", "templates"] {
        root.group("stimulus").group(name);
    }
    for key in ["institution", "lab"] {
        if let Some(text) = session.provenance.about.get(key) {
            root.group("general").text(key, text);
        }
    }
    if let Some(subject) = session.provenance.about.get("subject_id") {
        let group = root.group("general").group("subject");
        writer.kind(group, "general/subject", "core", "Subject");
        group.text("subject_id", subject);
        for key in ["species", "age"] {
            if let Some(text) = session.provenance.about.get(key) {
                let leaf = group.text(key, text);
                if key == "age" {
                    leaf.attribute("reference", Attribute::Text("birth".to_owned()));
                }
            }
        }
    }
    if !session.units.is_empty() && session.spikes.units() == session.units.len() {
        writer.units(root.group("units"), session);
    }
    for table in &session.intervals {
        let path = format!("intervals/{}", plain(&table.name));
        writer.intervals(root.group("intervals").group(&plain(&table.name)), &path, table);
    }
    let mut taken: Vec<String> = Vec::new();
    for series in &session.series {
        let mut name = plain(&series.name);
        while taken.contains(&name) {
            name.push('_');
        }
        let module = "processing/attractor";
        match &series.clock {
            Clock::Unknown => left.push(Unread {
                path: series.path.clone(),
                why: "when it was sampled is not known, and NWB asks for it".to_owned(),
            }),
            _ => {
                let group = root.group("processing").group("attractor");
                if taken.is_empty() {
                    writer.kind(group, module, "core", "ProcessingModule");
                    let text = "Series of the session".to_owned();
                    group.attribute("description", Attribute::Text(text));
                }
                writer.series(group.group(&name), &format!("{module}/{name}"), series);
                if series.channels.columns.columns().next().is_some() {
                    left.push(Unread {
                        path: series.path.clone(),
                        why: "the columns of its channels; their names are in the comments"
                            .to_owned(),
                    });
                }
                taken.push(name);
            }
        }
    }
    (root, left)
}

/// A name that a path can hold.
fn plain(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if matches!(c, '/' | ':') { '_' } else { c }).collect();
    if plain.is_empty() || plain == "." { "unnamed".to_owned() } else { plain }
}

struct Writer {
    seed: String,
}

impl Writer {
    /// What the standard calls a group, and its identifier.
    fn kind(&self, group: &mut Tree, path: &str, namespace: &str, kind: &str) {
        group
            .attribute("namespace", Attribute::Text(namespace.to_owned()))
            .attribute("neurodata_type", Attribute::Text(kind.to_owned()))
            .attribute("object_id", Attribute::Text(self.id(path)));
    }

    fn column(&self, leaf: &mut Leaf, path: &str, kind: &str, description: &str) {
        leaf.attribute("namespace", Attribute::Text("hdmf-common".to_owned()))
            .attribute("neurodata_type", Attribute::Text(kind.to_owned()))
            .attribute("object_id", Attribute::Text(self.id(path)));
        if !description.is_empty() {
            leaf.attribute("description", Attribute::Text(description.to_owned()));
        }
    }

    /// An identifier of the form of a UUID (version 8), a hash of the file's identifier and the path.
    fn id(&self, path: &str) -> String {
        let hash = |salt: u64| {
            let start = 0xcbf2_9ce4_8422_2325_u64 ^ salt;
            let bytes = self.seed.bytes().chain([0]).chain(path.bytes());
            let hash = bytes.fold(start, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
            (hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        let (high, low) = (hash(0), hash(0x5bd1_e995));
        format!(
            "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }

    fn table(&self, group: &mut Tree, path: &str, kind: &str, about: &str, names: Vec<String>) {
        let space = if kind == "DynamicTable" { "hdmf-common" } else { "core" };
        self.kind(group, path, space, kind);
        group
            .attribute("description", Attribute::Text(about.to_owned()))
            .attribute("colnames", Attribute::Texts(names));
    }

    fn ids(&self, group: &mut Tree, path: &str, ids: Vec<i64>) {
        let leaf = group.integers("id", &Array1::from(ids).into_dyn());
        self.column(leaf, &format!("{path}/id"), "ElementIdentifiers", "");
    }

    fn units(&self, group: &mut Tree, session: &Session) {
        let Units { names, columns } = &session.units;
        let ids: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
        let mut listed = vec!["spike_times".to_owned()];
        // names that are no numbers are kept in a column of their own
        if ids.is_none() {
            let leaf = group.texts("unit_name", &Array1::from(names.clone()).into_dyn());
            self.column(leaf, "units/unit_name", "VectorData", "name of the unit");
            listed.push("unit_name".to_owned());
        }
        listed.extend(self.columns(group, "units", columns, &["spike_times", "unit_name"]));
        self.table(group, "units", "Units", "sorted units", listed);
        let count = names.len() as i64;
        self.ids(group, "units", ids.unwrap_or_else(|| (0..count).collect()));
        let seconds: Array1<f64> = session.spikes.times().iter().map(|ms| ms / 1000.0).collect();
        let leaf = group.numbers("spike_times", &seconds.into_dyn());
        self.column(leaf, "units/spike_times", "VectorData", "spike times of each unit, s");
        let ends: Array1<u64> = session.spikes.ends().iter().map(|&end| end as u64).collect();
        let leaf = group.unsigned("spike_times_index", &ends.into_dyn());
        self.column(leaf, "units/spike_times_index", "VectorIndex", "index of spike_times");
        leaf.attribute("target", Attribute::Reference("units/spike_times".to_owned()));
    }

    /// Columns as vectors; returns their names.
    fn columns(
        &self,
        group: &mut Tree,
        path: &str,
        columns: &Conditions,
        taken: &[&str],
    ) -> Vec<String> {
        let mut listed = Vec::new();
        for (name, column) in columns.columns() {
            let name = match plain(name) {
                name if taken.contains(&name.as_str()) || name == "id" => format!("{name}_"),
                name => name,
            };
            let leaf = match column {
                Column::Numbers(numbers) => {
                    group.numbers(&name, &Array1::from(numbers.clone()).into_dyn())
                }
                Column::Labels(labels) => {
                    group.texts(&name, &Array1::from(labels.clone()).into_dyn())
                }
            };
            self.column(leaf, &format!("{path}/{name}"), "VectorData", &name.replace('_', " "));
            listed.push(name);
        }
        listed
    }

    fn intervals(&self, group: &mut Tree, path: &str, table: &Intervals) {
        let mut listed = vec!["start_time".to_owned(), "stop_time".to_owned()];
        let moments = table.moments.iter().map(|m| (m.name.as_str(), &m.times));
        let times = [("start_time", &table.start), ("stop_time", &table.stop)];
        for (name, times) in times.into_iter().chain(moments) {
            let name =
                if name.ends_with("_time") { plain(name) } else { format!("{}_time", plain(name)) };
            let seconds: Array1<f64> = times.iter().map(|ms| ms / 1000.0).collect();
            let leaf = group.numbers(&name, &seconds.into_dyn());
            let about = format!("{}, s", name.replace('_', " "));
            self.column(leaf, &format!("{path}/{name}"), "VectorData", &about);
            if !listed.contains(&name) {
                listed.push(name);
            }
        }
        let taken: Vec<String> = listed.clone();
        let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
        listed.extend(self.columns(group, path, &table.columns, &taken));
        self.table(group, path, "TimeIntervals", &table.name, listed);
        self.ids(group, path, (0..table.start.len() as i64).collect());
    }

    fn series(&self, group: &mut Tree, path: &str, series: &Series) {
        self.kind(group, path, "core", "TimeSeries");
        let channels = series.channels.names.join(", ");
        group.attribute("description", Attribute::Text(series.path.clone()));
        group.attribute("comments", Attribute::Text(format!("channels: {channels}")));
        let unit = if series.unit.is_empty() { "a.u." } else { &series.unit };
        let single = series.values.ncols() == 1;
        let values = match single {
            true => series.values.column(0).to_owned().into_dyn(),
            false => series.values.clone().into_dyn(),
        };
        group
            .single("data", &values)
            .attribute("unit", Attribute::Text(unit.to_owned()))
            .attribute("conversion", Attribute::Single(1.0))
            .attribute("resolution", Attribute::Single(-1.0))
            .attribute("offset", Attribute::Single(0.0));
        let seconds = Attribute::Text("seconds".to_owned());
        match &series.clock {
            Clock::Regular { start, dt } => {
                let start = ArrayD::from_elem(IxDyn(&[]), start / 1000.0);
                group
                    .numbers("starting_time", &start)
                    .attribute("rate", Attribute::Number(1000.0 / dt))
                    .attribute("unit", seconds);
            }
            Clock::Stamps(times) => {
                let times: Array1<f64> = times.iter().map(|ms| ms / 1000.0).collect();
                group
                    .numbers("timestamps", &times.into_dyn())
                    .attribute("interval", Attribute::Integer(1))
                    .attribute("unit", seconds);
            }
            Clock::Unknown => {}
        }
    }
}
