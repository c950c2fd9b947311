//! Elements of a MATLAB file, one inside the other.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{Content, MatArray, MatValue};

/// Bytes that all deflated variables of a file may have together.
const MOST_BYTES: u64 = 1 << 31;
const MOST_AXES: usize = 64;
/// Cells in cells in structures, at most.
const MOST_DEPTH: usize = 64;

/// Types of elements.
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
/// Classes of arrays that hold numbers: double, single, and integers of 8 to 64 bits.
const NUMBERS: std::ops::RangeInclusive<u8> = 6..=15;
const CELL: u8 = 1;
const STRUCT: u8 = 2;
const CHAR: u8 = 4;
/// Flag of complex numbers.
const COMPLEX: u8 = 0x08;

/// What is wrong, and in which variable.
pub(super) struct Problem(pub(super) String, pub(super) String);

type Named = (String, MatValue);

/// All variables after the header.
pub(super) fn variables(bytes: &[u8], big_endian: bool) -> Result<Vec<Named>, Problem> {
    let mut variables = Vec::new();
    let mut from = Elements { bytes, big_endian, packed: true };
    let mut left = MOST_BYTES;
    while let Some((kind, data)) = from.next()? {
        match kind {
            MATRIX => variables.push(matrix(data, big_endian, 0)?),
            COMPRESSED => variables.extend(inflated(data, big_endian, &mut left)?),
            _ => {}
        }
    }
    Ok(variables)
}

/// Elements one after the other.
struct Elements<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    /// Top level: what is deflated is not padded to 8 bytes.
    packed: bool,
}

impl<'a> Elements<'a> {
    fn word(&self, at: usize) -> Option<u32> {
        Some(word(self.bytes.get(at..at + 4)?, self.big_endian))
    }

    /// Type and bytes of the next element; none at the end.
    fn next(&mut self) -> Result<Option<(u32, &'a [u8])>, Problem> {
        if self.bytes.iter().all(|&b| b == 0) {
            return Ok(None);
        }
        let cut = || Problem(String::new(), "an element is cut short".to_owned());
        let first = self.word(0).ok_or_else(cut)?;
        // up to four bytes fit into the tag itself
        if first >> 16 != 0 && first >> 16 <= 4 {
            let length = (first >> 16) as usize;
            let data = self.bytes.get(4..4 + length).ok_or_else(cut)?;
            self.bytes = self.bytes.get(8..).unwrap_or_default();
            return Ok(Some((first & 0xffff, data)));
        }
        let length = self.word(4).ok_or_else(cut)? as usize;
        let end = length.checked_add(8).ok_or_else(cut)?;
        let data = self.bytes.get(8..end).ok_or_else(cut)?;
        let packed = self.packed && first == COMPRESSED;
        let next = if packed { end } else { end.next_multiple_of(8) };
        self.bytes = self.bytes.get(next..).unwrap_or_default();
        Ok(Some((first, data)))
    }

    /// The next element, which has to be there.
    fn part(&mut self, of: &str, what: &str) -> Result<(u32, &'a [u8]), Problem> {
        self.next()?.ok_or_else(|| Problem(of.to_owned(), format!("it has no {what}")))
    }
}

fn inflated(data: &[u8], big_endian: bool, left: &mut u64) -> Result<Option<Named>, Problem> {
    let problem = |problem: String| Problem(String::new(), problem);
    let mut bytes = Vec::new();
    let read = ZlibDecoder::new(data).take(*left + 1).read_to_end(&mut bytes);
    read.map_err(|error| problem(error.to_string()))?;
    *left = left
        .checked_sub(bytes.len() as u64)
        .ok_or_else(|| problem(format!("arrays of more than {MOST_BYTES} bytes")))?;
    let mut inside = Elements { bytes: &bytes, big_endian, packed: false };
    match inside.next()? {
        Some((MATRIX, data)) => matrix(data, big_endian, 0).map(Some),
        _ => Ok(None),
    }
}

/// The name and content of an array.
fn matrix(data: &[u8], big_endian: bool, depth: usize) -> Result<Named, Problem> {
    let mut parts = Elements { bytes: data, big_endian, packed: false };
    if data.is_empty() {
        let array = MatArray { shape: vec![0, 0], content: raw(9, &[], big_endian) };
        return Ok((String::new(), MatValue::Numbers(array)));
    }
    if depth > MOST_DEPTH {
        let problem = format!("cells or structures more than {MOST_DEPTH} deep");
        return Err(Problem(String::new(), problem));
    }
    let flags = match parts.part("", "flags")? {
        (6, bytes) if bytes.len() >= 8 => word(bytes, big_endian),
        _ => return Err(Problem(String::new(), "an array without flags".to_owned())),
    };
    let (class, flags) = ((flags & 0xff) as u8, ((flags >> 8) & 0xff) as u8);
    if class > 16 {
        // opaque objects have no shape
        return Ok((String::new(), MatValue::Unread("an object of a class")));
    }
    let (_, axes) = parts.part("", "shape")?;
    let (_, name) = parts.part("", "name")?;
    let name = String::from_utf8_lossy(name).into_owned();
    let shape: Vec<usize> =
        axes.chunks_exact(4).map(|axis| word(axis, big_endian) as usize).collect();
    if shape.len() > MOST_AXES {
        return Err(Problem(name, format!("more than {MOST_AXES} axes")));
    }
    let inside = |Problem(key, problem)| match key.is_empty() {
        true => Problem(name.clone(), problem),
        false if name.is_empty() => Problem(key, problem),
        false => Problem(format!("{name}.{key}"), problem),
    };
    let value = match class {
        CELL => cells(&mut parts, shape, depth).map_err(inside)?,
        STRUCT => structures(&mut parts, shape, depth).map_err(inside)?,
        CHAR => text(&mut parts, &shape).map_err(inside)?,
        3 => MatValue::Unread("an object of a class"),
        5 => MatValue::Unread("a sparse array"),
        16 => MatValue::Unread("a function"),
        class if !NUMBERS.contains(&class) => MatValue::Unread("of an unknown class"),
        _ if flags & COMPLEX != 0 => MatValue::Unread("complex numbers"),
        _ => {
            // an array without elements may end here
            let (kind, bytes) = parts.next().map_err(inside)?.unwrap_or((9, &[]));
            MatValue::Numbers(MatArray { shape, content: raw(kind, bytes, big_endian) })
        }
    };
    Ok((name, value))
}

/// How many there should be. What is claimed is never allocated before it has been found.
fn count(shape: &[usize]) -> Result<usize, Problem> {
    let product = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
    product.ok_or_else(|| Problem(String::new(), format!("an impossible shape {shape:?}")))
}

/// The next array inside another.
fn member(parts: &mut Elements<'_>, what: &str, depth: usize) -> Result<MatValue, Problem> {
    match parts.part("", what)? {
        (MATRIX, data) => Ok(matrix(data, parts.big_endian, depth + 1)?.1),
        (kind, _) => Err(Problem(String::new(), format!("an element of type {kind} as {what}"))),
    }
}

fn cells(parts: &mut Elements<'_>, shape: Vec<usize>, depth: usize) -> Result<MatValue, Problem> {
    let mut cells = Vec::new();
    for _ in 0..count(&shape)? {
        cells.push(member(parts, "cell", depth)?);
    }
    Ok(MatValue::Cell { shape, cells })
}

fn structures(
    parts: &mut Elements<'_>,
    shape: Vec<usize>,
    depth: usize,
) -> Result<MatValue, Problem> {
    let width = match parts.part("", "length of names")? {
        (5, bytes) if bytes.len() >= 4 => word(bytes, parts.big_endian) as usize,
        _ => return Err(Problem(String::new(), "a structure without names".to_owned())),
    };
    let names = match parts.next()? {
        Some((1, names)) => names,
        _ => &[],
    };
    let named = |name: &[u8]| {
        let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
        (String::from_utf8_lossy(&name[..end]).into_owned(), Vec::new())
    };
    let mut fields: Vec<(String, Vec<MatValue>)> =
        names.chunks_exact(width.max(1)).map(named).collect();
    if !fields.is_empty() {
        for _ in 0..count(&shape)? {
            for (name, values) in &mut fields {
                let value = member(parts, "field", depth);
                values.push(value.map_err(|Problem(_, problem)| Problem(name.clone(), problem))?);
            }
        }
    }
    Ok(MatValue::Struct { shape, fields })
}

/// Characters of a matrix, whose first axis runs fastest, as lines.
fn text(parts: &mut Elements<'_>, shape: &[usize]) -> Result<MatValue, Problem> {
    let big = parts.big_endian;
    let letters: Vec<char> = match parts.next()? {
        None => Vec::new(),
        // UTF-8
        Some((1 | 2 | 16, bytes)) => String::from_utf8_lossy(bytes).chars().collect(),
        // UTF-16; type 4 is how MATLAB stores it
        Some((3 | 4 | 17, bytes)) => {
            let units = bytes.chunks_exact(2).map(|pair| {
                let pair = [pair[0], pair[1]];
                if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
            });
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        Some(_) => return Ok(MatValue::Unread("a text of an unknown encoding")),
    };
    let rows = shape.first().copied().unwrap_or(1).clamp(1, letters.len().max(1));
    let lines: Vec<String> = (0..rows)
        .map(|row| letters.iter().skip(row).step_by(rows).collect::<String>().trim_end().to_owned())
        .collect();
    Ok(MatValue::Text(lines.join("\n")))
}

fn raw(kind: u32, bytes: &[u8], big_endian: bool) -> Content {
    Content::Raw { kind, bytes: bytes.to_vec(), big_endian }
}

fn word(bytes: &[u8], big_endian: bool) -> u32 {
    let mut raw = [0_u8; 4];
    raw.copy_from_slice(&bytes[..4]);
    if big_endian { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) }
}
