//! Writing.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use attractor_data::files::write_atomically;
use attractor_data::{FileError, FileProblem};
use hdf5_pure::{AttrValue, DatasetBuilder, FileBuilder, FinishedGroup, GroupBuilder};
use ndarray::ArrayD;

use crate::reference;

/// The content of a file, or of a group in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tree {
    groups: BTreeMap<String, Tree>,
    leaves: BTreeMap<String, Leaf>,
    attributes: BTreeMap<String, Attribute>,
}

/// A value beside a group or an array.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A number in double precision.
    Number(f64),
    /// A number in single precision.
    Single(f32),
    /// An integer.
    Integer(i32),
    /// A reference to the group or array at this path.
    Reference(String),
}

/// An array on its way into a file; attributes can be put beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    content: Content,
    attributes: BTreeMap<String, Attribute>,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Numbers(ArrayD<f64>),
    Single(ArrayD<f32>),
    Integers(ArrayD<i64>),
    Unsigned(ArrayD<u64>),
    Text { shape: Vec<usize>, values: Vec<String> },
}

impl Tree {
    /// The group of a name, empty at first.
    pub fn group(&mut self, name: &str) -> &mut Tree {
        self.groups.entry(name.to_owned()).or_default()
    }

    /// Puts a value beside the group.
    pub fn attribute(&mut self, name: &str, value: Attribute) -> &mut Tree {
        self.attributes.insert(name.to_owned(), value);
        self
    }

    /// Adds an array of numbers in double precision; one number has no axes.
    pub fn numbers(&mut self, name: &str, values: &ArrayD<f64>) -> &mut Leaf {
        self.leaf(name, Content::Numbers(values.clone()))
    }

    /// Adds an array of numbers in single precision.
    pub fn single(&mut self, name: &str, values: &ArrayD<f32>) -> &mut Leaf {
        self.leaf(name, Content::Single(values.clone()))
    }

    /// Adds an array of integers.
    pub fn integers(&mut self, name: &str, values: &ArrayD<i64>) -> &mut Leaf {
        self.leaf(name, Content::Integers(values.clone()))
    }

    /// Adds an array of integers without sign.
    pub fn unsigned(&mut self, name: &str, values: &ArrayD<u64>) -> &mut Leaf {
        self.leaf(name, Content::Unsigned(values.clone()))
    }

    /// Adds one text.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Leaf {
        let values = vec![value.to_owned()];
        self.leaf(name, Content::Text { shape: Vec::new(), values })
    }

    /// Adds an array of texts.
    pub fn texts(&mut self, name: &str, values: &ArrayD<String>) -> &mut Leaf {
        let shape = values.shape().to_vec();
        let values = values.iter().cloned().collect();
        self.leaf(name, Content::Text { shape, values })
    }

    fn leaf(&mut self, name: &str, content: Content) -> &mut Leaf {
        let leaf = Leaf { content, attributes: BTreeMap::new() };
        self.leaves.insert(name.to_owned(), leaf);
        // just put there
        self.leaves.entry(name.to_owned()).or_insert_with(|| Leaf {
            content: Content::Text { shape: Vec::new(), values: Vec::new() },
            attributes: BTreeMap::new(),
        })
    }

    /// The bytes of a file; `path` stands for it in messages.
    ///
    /// # Errors
    /// [`FileProblem::Io`] for names that the format does not take, and references to nothing.
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        let mut references = Vec::new();
        let mut file = FileBuilder::new();
        for (name, group) in &self.groups {
            let started = file.create_group(name);
            file.add_group(group.fill(started, &mut references));
        }
        for (name, leaf) in &self.leaves {
            leaf.put(file.create_dataset(name), &mut references);
        }
        for (name, value) in &self.attributes {
            file.set_attr(name, value.encoded(&mut references));
        }
        let failed = |problem: String| {
            let source = std::io::Error::other(problem);
            FileProblem::Io { action: "writing", source }.of(path)
        };
        let bytes = file.finish().map_err(|error| failed(error.to_string()))?;
        reference::resolve(bytes, &references).map_err(failed)
    }

    /// Writes a file, which appears whole or not at all.
    ///
    /// # Errors
    /// [`FileProblem::Io`].
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let bytes = self.bytes(path)?;
        write_atomically(path, |file| file.write_all(&bytes))
    }

    fn fill(&self, mut into: GroupBuilder, references: &mut Vec<String>) -> FinishedGroup {
        for (name, group) in &self.groups {
            let started = into.create_group(name);
            into.add_group(group.fill(started, references));
        }
        for (name, leaf) in &self.leaves {
            leaf.put(into.create_dataset(name), references);
        }
        for (name, value) in &self.attributes {
            into.set_attr(name, value.encoded(references));
        }
        into.finish()
    }
}

impl Attribute {
    /// References are written as marks, of the width of a reference, and resolved in the finished file.
    fn encoded(&self, references: &mut Vec<String>) -> AttrValue {
        match self {
            Attribute::Text(text) => AttrValue::VarLenString(text.clone()),
            Attribute::Texts(texts) => AttrValue::VarLenStringArray(texts.clone()),
            Attribute::Number(number) => AttrValue::F64(*number),
            Attribute::Single(number) => AttrValue::F32(*number),
            Attribute::Integer(number) => AttrValue::I32(*number),
            Attribute::Reference(path) => {
                references.push(path.clone());
                AttrValue::AsciiString(reference::mark(references.len() - 1))
            }
        }
    }
}

impl Leaf {
    /// Puts a value beside the array.
    pub fn attribute(&mut self, name: &str, value: Attribute) -> &mut Leaf {
        self.attributes.insert(name.to_owned(), value);
        self
    }

    fn put(&self, into: &mut DatasetBuilder, references: &mut Vec<String>) {
        let axes = |shape: &[usize]| -> Vec<u64> { shape.iter().map(|&n| n as u64).collect() };
        match &self.content {
            Content::Numbers(values) => into
                .with_f64_data(&values.iter().copied().collect::<Vec<_>>())
                .with_shape(&axes(values.shape())),
            Content::Single(values) => into
                .with_f32_data(&values.iter().copied().collect::<Vec<_>>())
                .with_shape(&axes(values.shape())),
            Content::Integers(values) => into
                .with_i64_data(&values.iter().copied().collect::<Vec<_>>())
                .with_shape(&axes(values.shape())),
            Content::Unsigned(values) => into
                .with_u64_data(&values.iter().copied().collect::<Vec<_>>())
                .with_shape(&axes(values.shape())),
            Content::Text { shape, values } => into
                .with_vlen_strings(&values.iter().map(String::as_str).collect::<Vec<_>>())
                .with_shape(&axes(shape)),
        };
        for (name, value) in &self.attributes {
            into.set_attr(name, value.encoded(references));
        }
    }
}
