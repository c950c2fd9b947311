//! MATLAB files, which have no rule for where spikes are: what looks like spike times is taken for them.
//!
//! - Structures with a field such as `time` or `spike_times` are units, wherever they lie; unless a
//!   field of data goes with it, then they are series.
//! - A cell array of ascending vectors is one of units.
//! - Matrices are series; their longer axis is time.
//!
//! Times are taken as seconds. All of that is said in the provenance.

use attractor_data::{Conditions, Mat, MatArray, MatValue};
use attractor_hdf5::{Kind, Node};
use ndarray::{Array2, ArrayD, Axis, Ix2};

use super::SessionOptions;
use super::columns::{add, settle_regions, why_not};
use crate::recording::numbered;
use crate::session::{Clock, Provenance, Series, Session, Spikes, Units};

/// Fields that hold times, in small letters without underscores, the likeliest first.
const TIMES: [&str; 9] =
    ["spiketimes", "spiketime", "times", "time", "timestamps", "spikes", "spk", "ts", "t"];
/// Fields that make a structure with times a series.
const VALUES: [&str; 6] = ["data", "values", "position", "pos", "signal", "samples"];
/// Cells in structures in cells, at most.
const MOST_DEPTH: usize = 32;
/// Objects of an HDF5 file that are looked at, and numbers that are read, at most.
const MOST_OBJECTS: usize = 200_000;
const MOST_NUMBERS: usize = 1 << 28;

/// A session from the variables of a file.
pub(super) fn read(file: &Mat) -> Session {
    session("MATLAB 5", file.variables())
}

/// A session from a file of MATLAB 7.3, or from any HDF5 file.
pub(super) fn read_hdf5(root: &Node, options: &SessionOptions) -> Session {
    let mut reader = Reader { objects: 0, numbers: 0, most: options.most, matlab: false };
    let (mut variables, mut lost) = (Vec::new(), Vec::new());
    for name in root.members().unwrap_or_default() {
        // what references of MATLAB point to, and its own accounts
        if name == "#refs#" || name == "#subsystem#" {
            reader.matlab = true;
            continue;
        }
        match root.member(&name) {
            Ok(node) => {
                let class = node.attributes().unwrap_or_default();
                reader.matlab |= class.text("MATLAB_class").is_some();
                variables.push((name, node));
            }
            Err(error) => lost.push((name, why_not(&error))),
        }
    }
    let format = if reader.matlab { "MATLAB 7.3" } else { "HDF5" };
    let read: Vec<(String, MatValue)> =
        variables.iter().map(|(name, node)| (name.clone(), reader.value(node, 0))).collect();
    let mut session = session(format, read.iter().map(|(name, value)| (name.as_str(), value)));
    lost.into_iter().for_each(|(name, why)| session.leave(name, why));
    session
}

fn session<'a>(format: &str, variables: impl Iterator<Item = (&'a str, &'a MatValue)>) -> Session {
    let provenance = Provenance { format: format.to_owned(), ..Provenance::default() };
    let mut session = Session { provenance, ..Session::default() };
    let mut found = Found::default();
    for (name, value) in variables {
        found.walk(&mut session, name, value, 0);
    }
    found.finish(&mut session);
    session
}

/// Units found so far.
#[derive(Default)]
struct Found {
    names: Vec<String>,
    times: Vec<Vec<f64>>,
    /// Texts beside the times: name of the field and text, per unit.
    texts: Vec<Vec<(String, String)>>,
    silent: usize,
    /// Whether a matrix had to be turned.
    turned: bool,
}

impl Found {
    fn walk(&mut self, session: &mut Session, path: &str, value: &MatValue, depth: usize) {
        if depth > MOST_DEPTH {
            return session.leave(path, format!("more than {MOST_DEPTH} deep"));
        }
        match value {
            MatValue::Numbers(array) => self.array(session, path, array),
            MatValue::Text(text) => {
                session.provenance.about.insert(path.to_owned(), text.clone());
            }
            MatValue::Unread(what) => session.leave(path, *what),
            MatValue::Cell { shape, cells } => {
                let name = |k: usize| format!("{path}{{{}}}", place(shape, k));
                if let Some(units) = all_trains(cells) {
                    for (k, times) in units.into_iter().enumerate() {
                        self.unit(name(k), times, Vec::new());
                    }
                    return;
                }
                for (k, cell) in cells.iter().enumerate() {
                    self.walk(session, &name(k), cell, depth + 1);
                }
            }
            MatValue::Struct { shape, fields } => {
                let count = fields.first().map_or(0, |(_, values)| values.len());
                for k in 0..count {
                    let name = match count {
                        1 => path.to_owned(),
                        _ => format!("{path}({})", place(shape, k)),
                    };
                    self.structure(session, &name, fields, k, depth);
                }
            }
        }
    }

    fn structure(
        &mut self,
        session: &mut Session,
        path: &str,
        fields: &[(String, Vec<MatValue>)],
        k: usize,
        depth: usize,
    ) {
        let plain = |name: &str| name.to_lowercase().replace('_', "");
        let data = fields.iter().any(|(name, _)| VALUES.contains(&plain(name).as_str()));
        let of = |wanted: &&str| {
            let field = fields.iter().position(|(name, _)| plain(name) == **wanted)?;
            Some((field, train(fields[field].1.get(k)?)?))
        };
        let times = if data { None } else { TIMES.iter().find_map(of) };
        let Some((field, times)) = times else {
            for (name, values) in fields {
                if let Some(value) = values.get(k) {
                    self.walk(session, &format!("{path}.{name}"), value, depth + 1);
                }
            }
            return;
        };
        let mut texts = Vec::new();
        for (other, (name, values)) in fields.iter().enumerate() {
            match values.get(k) {
                Some(MatValue::Text(text)) => texts.push((name.clone(), text.clone())),
                Some(_) if other != field => {
                    // the same field of every unit: one line says it
                    let generic: String = path
                        .split_inclusive(['{', '('])
                        .map(|part| match part.find(['}', ')']) {
                            Some(end) => format!("…{}", &part[end..]),
                            None => part.to_owned(),
                        })
                        .collect();
                    let unread = format!("{generic}.{name}");
                    if !session.unread.iter().any(|u| u.path == unread) {
                        session.leave(unread, "what else is known of a unit, other than texts");
                    }
                }
                _ => {}
            }
        }
        self.unit(path.to_owned(), times, texts);
    }

    fn unit(&mut self, name: String, times: Vec<f64>, texts: Vec<(String, String)>) {
        if times.is_empty() {
            self.silent += 1;
            return;
        }
        self.names.push(name);
        self.times.push(times);
        self.texts.push(texts);
    }

    fn array(&mut self, session: &mut Session, path: &str, array: &MatArray) {
        let shape = array.shape().to_vec();
        let count = shape.iter().product::<usize>();
        if shape.iter().filter(|&&n| n > 1).count() > 2 {
            let why =
                format!("shape {shape:?}: which axis is time is not known; cut it into matrices");
            return session.leave(path, why);
        }
        let values = match array.numbers::<f32>() {
            Ok(values) => values,
            Err(problem) => return session.leave(path, problem),
        };
        if count == 1 {
            let value = values.iter().next().copied().unwrap_or_default();
            session.provenance.about.insert(path.to_owned(), value.to_string());
            return;
        }
        if count == 0 {
            return session.leave(path, "it is empty");
        }
        let Some(matrix) = matrix(values) else {
            return session.leave(path, format!("shape {shape:?}"));
        };
        let turned = matrix.ncols() > matrix.nrows();
        self.turned |= turned;
        let values = if turned { matrix.t().as_standard_layout().into_owned() } else { matrix };
        let channels = Units::named(numbered(&format!("{path}."), values.ncols()));
        let (name, clock) = (path.to_owned(), Clock::Unknown);
        let (path, unit) = (path.to_owned(), String::new());
        session.series.push(Series { name, path, unit, clock, values, channels });
    }

    fn finish(self, session: &mut Session) {
        if self.turned {
            session.repair("the longer axis of a matrix is taken as time");
        }
        if self.silent > 0 {
            session.repair(format!("{} units without a spike are left out", self.silent));
        }
        if self.names.is_empty() {
            return;
        }
        session.repair("what looks like spike times is taken as such, in seconds");
        let mut columns = Conditions::none(self.names.len());
        let names: Vec<String> =
            self.texts.first().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        for name in names {
            let of = |texts: &Vec<(String, String)>| {
                texts.iter().find(|(n, _)| *n == name).map(|(_, text)| text.clone())
            };
            match self.texts.iter().map(of).collect::<Option<Vec<String>>>() {
                Some(labels) => columns = add(session, columns, &name, &name, labels.into()),
                None => session.leave(name, "not every unit has it"),
            }
        }
        let columns = settle_regions(session, columns, "units");
        let ms = self.times.into_iter().map(|unit| unit.into_iter().map(|s| s * 1000.0).collect());
        session.spikes = Spikes::new(ms.collect::<Vec<Vec<f64>>>());
        session.units = Units { names: self.names, columns };
    }
}

/// A place in an array, the first axis fastest, counted from 1: `3`, or `2,3` with several axes.
fn place(shape: &[usize], k: usize) -> String {
    if shape.iter().filter(|&&n| n > 1).count() <= 1 {
        return (k + 1).to_string();
    }
    let mut rest = k;
    let axis = |&n: &usize| {
        let here = rest % n.max(1);
        rest /= n.max(1);
        (here + 1).to_string()
    };
    shape.iter().map(axis).collect::<Vec<String>>().join(",")
}

/// A vector of finite numbers that ascend, or nothing at all.
fn train(value: &MatValue) -> Option<Vec<f64>> {
    let MatValue::Numbers(array) = value else { return None };
    if array.shape().iter().filter(|&&n| n > 1).count() > 1 {
        return None;
    }
    let times: Vec<f64> = array.numbers::<f64>().ok()?.into_iter().collect();
    (times.is_sorted() && times.iter().all(|t| t.is_finite())).then_some(times)
}

/// The spike trains of a cell array, if it is one.
fn all_trains(cells: &[MatValue]) -> Option<Vec<Vec<f64>>> {
    let trains: Vec<Vec<f64>> = cells.iter().map(train).collect::<Option<_>>()?;
    // single numbers ascend too, and are none
    trains.iter().any(|train| train.len() > 1).then_some(trains)
}

/// Numbers with at most two axes longer than 1, as a matrix.
fn matrix(values: ArrayD<f32>) -> Option<Array2<f32>> {
    let mut values = values;
    let mut axis = 0;
    while values.ndim() > 2 && axis < values.ndim() {
        if values.len_of(Axis(axis)) == 1 {
            values = values.index_axis_move(Axis(axis), 0);
        } else {
            axis += 1;
        }
    }
    while values.ndim() < 2 {
        let last = values.ndim();
        values = values.insert_axis(Axis(last));
    }
    values.into_dimensionality::<Ix2>().ok()
}

/// HDF5 objects as MATLAB's values. References may go in circles, so what is looked at is counted.
struct Reader {
    objects: usize,
    numbers: usize,
    most: usize,
    matlab: bool,
}

impl Reader {
    fn value(&mut self, node: &Node, depth: usize) -> MatValue {
        self.objects += 1;
        if depth > MOST_DEPTH || self.objects > MOST_OBJECTS {
            return MatValue::Unread("too deep, or too many objects");
        }
        self.read(node, depth).unwrap_or(MatValue::Unread("it cannot be read"))
    }

    fn read(&mut self, node: &Node, depth: usize) -> Result<MatValue, attractor_data::FileError> {
        let attributes = node.attributes()?;
        let class = attributes.text("MATLAB_class").unwrap_or_default().to_owned();
        let empty = attributes.number("MATLAB_empty").is_some_and(|x| x != 0.0);
        if attributes.number("MATLAB_sparse").is_some() {
            return Ok(MatValue::Unread("a sparse array"));
        }
        let kind = node.kind()?;
        if kind == Kind::Group {
            return self.group(node, depth);
        }
        let mut shape = node.shape()?;
        if self.matlab {
            shape.reverse();
        }
        let count = shape.iter().fold(1_usize, |n, &m| n.saturating_mul(m));
        if empty || count == 0 {
            return Ok(match class.as_str() {
                "char" => MatValue::Text(String::new()),
                "cell" => MatValue::Cell { shape: vec![0, 0], cells: Vec::new() },
                _ => MatValue::Numbers(ArrayD::zeros(vec![0, 0]).into()),
            });
        }
        if count > self.most || self.numbers.saturating_add(count) > MOST_NUMBERS {
            return Ok(MatValue::Unread("more numbers than are read"));
        }
        self.numbers += count;
        Ok(match kind {
            Kind::References => {
                let cells = node.referred()?;
                let cells = cells.iter().map(|cell| self.value(cell, depth + 1)).collect();
                MatValue::Cell { shape, cells }
            }
            Kind::Text => {
                let texts: Vec<String> = node.texts()?.into_iter().collect();
                MatValue::Text(texts.join("\n"))
            }
            Kind::Numbers if class == "char" => {
                let units: Vec<u16> = node.values::<f64>()?.iter().map(|&x| x as u16).collect();
                MatValue::Text(String::from_utf16_lossy(&units))
            }
            Kind::Numbers => {
                let values = node.values::<f64>()?;
                let values = if self.matlab { values.reversed_axes() } else { values };
                MatValue::Numbers(values.as_standard_layout().into_owned().into())
            }
            Kind::Group | Kind::Other => MatValue::Unread("a type that is not read"),
        })
    }

    fn group(&mut self, node: &Node, depth: usize) -> Result<MatValue, attractor_data::FileError> {
        let (mut shape, mut fields) = (vec![1, 1], Vec::new());
        for name in node.members()? {
            let Some(child) = node.child(&name) else {
                let why = "a link to another file, or to nothing";
                fields.push((name, vec![MatValue::Unread(why)]));
                continue;
            };
            let class = child.attributes()?;
            // the fields of an array of structures are references that have no class
            let array = self.matlab
                && child.kind()? == Kind::References
                && class.text("MATLAB_class").is_none();
            match self.value(&child, depth + 1) {
                MatValue::Cell { shape: found, cells } if array => {
                    shape = found;
                    fields.push((name, cells));
                }
                value => fields.push((name, vec![value])),
            }
        }
        Ok(MatValue::Struct { shape, fields })
    }
}
