//! One group or array of a file, held open: what it is, its attributes, its content, what it refers to.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use attractor_data::{FileError, FileProblem};
use attractor_numerics::Real;
use hdf5_pure::{AttrValue, DType, Dataset, Datatype, DatatypeByteOrder, File, Group, Object};
use ndarray::{ArrayD, Dimension, IxDyn};

use crate::bytes::{Bytes, Paged};
use crate::links::{self, End, Known};

/// Deflate makes at most 1032 bytes of one; what claims to hold more than the file could is not read.
const MOST_PER_BYTE: u64 = 1100;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A group of further members.
    Group,
    /// An array of numbers, or one.
    Numbers,
    /// An array of texts, or one.
    Text,
    /// An array of references to groups or arrays ([`Node::referred`]).
    References,
    /// Compounds and others that are not read.
    Other,
}

/// A group or an array, found by [`Hdf5::node`](crate::Hdf5::node) or through a reference.
pub struct Node {
    pub(crate) file: Opened,
    pub(crate) key: String,
    pub(crate) object: Held,
    /// Whether its key leads to it; it does not to what a reference refers to.
    pub(crate) by_path: bool,
}

/// The file it is of.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) path: Arc<Path>,
    pub(crate) file: File,
    /// Bytes of the whole file.
    pub(crate) bytes: u64,
    /// The file itself, if it is not in memory.
    pub(crate) disk: Option<Arc<Paged>>,
    /// Links that were listed.
    pub(crate) links: Arc<Known>,
}

impl Opened {
    /// Asks something of the bytes of the file.
    fn ask<T>(&self, question: impl FnOnce(&dyn Bytes) -> T) -> T {
        match &self.disk {
            Some(disk) => question(&**disk),
            None => question(&self.file.as_bytes()),
        }
    }

    /// The group or array at a path, soft links followed.
    pub(crate) fn find(&self, path: &str) -> Result<Held, FileError> {
        let direct = |path: &str| {
            let group = guarded(&self.path, path, || match path {
                "" => Ok(self.file.root()),
                _ => self.file.group(path),
            });
            match group {
                Ok(group) => Ok(Held::Group(group)),
                Err(_) => guarded(&self.path, path, || self.file.dataset(path))
                    .map(|array| Held::Array(Box::new(array))),
            }
        };
        match self.ask(|bytes| links::follow(bytes, &self.links, path)) {
            Some(End::There(real)) => direct(&real),
            Some(End::Nowhere(why)) => {
                Err(FileProblem::Link { key: path.to_owned(), why }.of(&*self.path))
            }
            None => direct(path),
        }
    }
}

/// A handle of the library below.
pub(crate) enum Held {
    Group(Group),
    Array(Box<Dataset>),
}

/// The attributes of a group or an array, by name. Those that are neither text nor numbers, such as
/// references, are left out.
#[derive(Debug, Clone, Default)]
pub struct Attributes(BTreeMap<String, AttrValue>);

impl Attributes {
    /// The text of this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The texts of this name; one text is a list of one.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let value = self.0.get(name)?;
        match value.as_strings() {
            Some(texts) => Some(texts.to_vec()),
            None => value.as_str().map(|text| vec![text.to_owned()]),
        }
    }

    /// The number of this name; the first, if there are several.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let value = self.0.get(name)?;
        let several = || value.to_f64s()?.first().copied();
        let integers = || value.to_i64s()?.first().map(|&x| x as f64);
        let unsigned = || value.to_u64s()?.first().map(|&x| x as f64);
        let one = || value.as_i64().map(|x| x as f64).or(value.as_u64().map(|x| x as f64));
        value.as_f64().or_else(one).or_else(several).or_else(integers).or_else(unsigned)
    }
}

impl Node {
    /// Its path, or the path of the array whose reference led to it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it is.
    ///
    /// # Errors
    /// [`FileProblem::Damaged`].
    pub fn kind(&self) -> Result<Kind, FileError> {
        let Held::Array(array) = &self.object else { return Ok(Kind::Group) };
        Ok(match self.guarded(|| array.dtype())? {
            DType::String | DType::VariableLengthString => Kind::Text,
            DType::F32
            | DType::F64
            | DType::I8
            | DType::I16
            | DType::I32
            | DType::I64
            | DType::U8
            | DType::U16
            | DType::U32
            | DType::U64 => Kind::Numbers,
            DType::Enum(names) if names == ["FALSE", "TRUE"] => Kind::Numbers,
            DType::ObjectReference => Kind::References,
            DType::Other(other) if half(&other).is_some() => Kind::Numbers,
            _ => Kind::Other,
        })
    }

    /// Its attributes.
    ///
    /// # Errors
    /// [`FileProblem::Damaged`].
    pub fn attributes(&self) -> Result<Attributes, FileError> {
        self.guarded(|| match &self.object {
            Held::Group(group) => group.attrs(),
            Held::Array(array) => array.attrs(),
        })
        .map(|all| Attributes(all.into_iter().collect()))
    }

    /// Names of the members of a group, in alphabetical order, those of links that lead nowhere
    /// included; none of an array.
    ///
    /// # Errors
    /// [`FileProblem::Damaged`].
    pub fn members(&self) -> Result<Vec<String>, FileError> {
        let Held::Group(group) = &self.object else { return Ok(Vec::new()) };
        let listed = self.guarded(|| {
            let mut names = group.groups()?;
            names.extend(group.datasets()?);
            Ok(names)
        });
        // the library passes over links to paths, and cannot list some groups that have any
        let list = |bytes: &dyn Bytes| links::list(bytes, &self.file.links, &self.key);
        let all = if self.by_path { self.file.ask(list) } else { None };
        let mut names = match (listed, all) {
            (Ok(mut names), Some(all)) => {
                names.extend(all.into_iter().filter(|(_, own)| !own).map(|(name, _)| name));
                names
            }
            (Ok(names), None) => names,
            (Err(_), Some(all)) => all.into_iter().map(|(name, _)| name).collect(),
            (Err(error), None) => return Err(error),
        };
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// A member of a group; none if it has no such member, or it is a link that leads nowhere
    /// ([`Node::member`] says which).
    #[must_use]
    pub fn child(&self, name: &str) -> Option<Node> {
        self.member(name).ok()
    }

    /// A member of a group.
    ///
    /// # Errors
    /// [`FileProblem::Link`] for a link that leads nowhere in this file; [`FileProblem::Damaged`] for a
    /// member that is not there or cannot be read; [`FileProblem::Type`] for what is no group.
    pub fn member(&self, name: &str) -> Result<Node, FileError> {
        let Held::Group(group) = &self.object else {
            let (key, found, expected) = (self.key.clone(), "an array".to_owned(), "a group");
            return Err(self.problem(FileProblem::Type { key, found, expected }));
        };
        let key =
            if self.key.is_empty() { name.to_owned() } else { format!("{}/{name}", self.key) };
        let leads = |bytes: &dyn Bytes| links::leads(bytes, &self.file.links, &self.key, name);
        // the library below looks through the whole group, also for what it passes over
        if self.by_path && self.file.ask(leads) {
            let object = self.file.find(&key)?;
            return Ok(Node { file: self.file.clone(), key, object, by_path: true });
        }
        let found = self.guarded(|| match group.dataset(name) {
            Ok(array) => Ok(Held::Array(Box::new(array))),
            Err(_) => group.group(name).map(Held::Group),
        });
        let object = found.or_else(|error| match self.by_path {
            true => self.file.find(&key),
            false => Err(error),
        })?;
        Ok(Node { file: self.file.clone(), key, object, by_path: self.by_path })
    }

    /// The shape of an array; a group and a single number have no axes.
    ///
    /// # Errors
    /// [`FileProblem::Size`] for more than the file could hold, [`FileProblem::Damaged`].
    pub fn shape(&self) -> Result<Vec<usize>, FileError> {
        let Held::Array(array) = &self.object else { return Ok(Vec::new()) };
        let (shape, width) = self.guarded(|| Ok((array.shape()?, array.element_size()?)))?;
        let claimed =
            shape.iter().fold(u128::from(width), |size, &n| size.saturating_mul(u128::from(n)));
        let most = u128::from(self.file.bytes) * u128::from(MOST_PER_BYTE);
        let axes: Option<Vec<usize>> = shape.iter().map(|&n| usize::try_from(n).ok()).collect();
        match axes {
            Some(axes) if claimed <= most => Ok(axes),
            _ => {
                let key = self.key.clone();
                Err(self.problem(FileProblem::Size { key, shape, claimed, held: self.file.bytes }))
            }
        }
    }

    /// An array of numbers as they are, NaN and infinities included, converted to `T`.
    ///
    /// # Errors
    /// As [`Node::shape`], and [`FileProblem::Type`].
    pub fn values<T: Real>(&self) -> Result<ArrayD<T>, FileError> {
        self.expect(Kind::Numbers, "numbers")?;
        let shape = self.shape()?;
        let Held::Array(array) = &self.object else { return self.arrange(&shape, Vec::new()) };
        let values = self.guarded(|| match half(&array.datatype()?) {
            None => array.read_f64(),
            Some(big_endian) => Ok(array
                .read_raw()?
                .chunks_exact(2)
                .map(|pair| {
                    let pair = [pair[0], pair[1]];
                    let big = big_endian;
                    decode(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
                })
                .collect()),
        })?;
        self.arrange(&shape, values.into_iter().map(T::from_f64).collect())
    }

    /// An array of finite numbers, converted to `T`.
    ///
    /// # Errors
    /// As [`Node::values`], and [`FileProblem::NotFinite`].
    pub fn numbers<T: Real>(&self) -> Result<ArrayD<T>, FileError> {
        let array = self.values::<T>()?;
        if array.iter().all(|x| x.is_finite()) {
            return Ok(array);
        }
        match array.indexed_iter().find(|(_, x)| !x.is_finite()) {
            None => Ok(array),
            Some((index, value)) => {
                let (key, index) = (self.key.clone(), index.slice().to_vec());
                Err(self.problem(FileProblem::NotFinite { key, index, value: value.to_f64() }))
            }
        }
    }

    /// An array of texts.
    ///
    /// # Errors
    /// As [`Node::shape`], and [`FileProblem::Type`] for what is no text.
    pub fn texts(&self) -> Result<ArrayD<String>, FileError> {
        self.expect(Kind::Text, "text")?;
        let shape = self.shape()?;
        let Held::Array(array) = &self.object else { return self.arrange(&shape, Vec::new()) };
        let values = self.guarded(|| array.read_string())?;
        self.arrange(&shape, values)
    }

    /// What an array of references refers to, in order.
    ///
    /// # Errors
    /// [`FileProblem::Type`] for what holds no references; [`FileProblem::Damaged`], also for
    /// references to nothing.
    pub fn referred(&self) -> Result<Vec<Node>, FileError> {
        self.expect(Kind::References, "references")?;
        self.shape()?;
        let Held::Array(array) = &self.object else { return Ok(Vec::new()) };
        let objects = self.guarded(|| array.dereference())?;
        let node = |object| {
            let object = match object {
                Object::Group(group) => Held::Group(group),
                Object::Dataset(array) => Held::Array(array),
                // the library may come to know further kinds of objects
                _ => return None,
            };
            Some(Node { file: self.file.clone(), key: self.key.clone(), object, by_path: false })
        };
        Ok(objects.into_iter().filter_map(node).collect())
    }

    fn arrange<T>(&self, shape: &[usize], values: Vec<T>) -> Result<ArrayD<T>, FileError> {
        let found = values.len();
        ArrayD::from_shape_vec(IxDyn(shape), values).map_err(|_| {
            let problem = format!("{found} elements for shape {shape:?}");
            self.problem(FileProblem::Damaged { key: self.key.clone(), problem })
        })
    }

    fn expect(&self, kind: Kind, expected: &'static str) -> Result<(), FileError> {
        let found = self.kind()?;
        if found == kind {
            return Ok(());
        }
        let found = match (found, &self.object) {
            (Kind::Group, _) => "a group".to_owned(),
            (Kind::Numbers, _) => "numbers".to_owned(),
            (Kind::Text, _) => "text".to_owned(),
            (Kind::References, _) => "references".to_owned(),
            (Kind::Other, Held::Array(array)) => self.guarded(|| array.dtype())?.to_string(),
            (Kind::Other, _) => "something else".to_owned(),
        };
        Err(self.problem(FileProblem::Type { key: self.key.clone(), found, expected }))
    }

    fn problem(&self, problem: FileProblem) -> FileError {
        problem.of(&*self.file.path)
    }

    fn guarded<T>(
        &self,
        read: impl FnOnce() -> Result<T, hdf5_pure::Error>,
    ) -> Result<T, FileError> {
        guarded(&self.file.path, &self.key, read)
    }
}

/// Whether a type is the floating-point number of 16 bits (IEEE 754), which the library below does not
/// decode; and if so, whether the high byte comes first.
fn half(kind: &Datatype) -> Option<bool> {
    let Datatype::FloatingPoint { size: 2, byte_order, layout } = kind else { return None };
    let parts = (layout.exponent_size, layout.mantissa_size, layout.exponent_bias);
    (parts == (5, 10, 15)).then_some(*byte_order == DatatypeByteOrder::BigEndian)
}

fn decode(half: u16) -> f64 {
    let sign = if half >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, mantissa) = (i32::from(half >> 10 & 0x1f), f64::from(half & 0x3ff));
    sign * match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + mantissa / 1024.0) * 2_f64.powi(exponent - 15),
    }
}

/// What the reader makes of bytes that may be damaged: its errors, and its panics, as errors.
pub(crate) fn guarded<T>(
    path: &Path,
    key: &str,
    read: impl FnOnce() -> Result<T, hdf5_pure::Error>,
) -> Result<T, FileError> {
    let damaged = |problem: String| FileProblem::Damaged { key: key.to_owned(), problem }.of(path);
    match attractor_data::guarded(read) {
        Ok(outcome) => outcome.map_err(|error| damaged(error.to_string())),
        Err(panic) => Err(damaged(panic)),
    }
}
