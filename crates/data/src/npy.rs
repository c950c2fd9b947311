//! One array in NumPy's `.npy` format (versions 1 to 3): header and elements, without trust.
//!
//! The format is a magic string, a version, the length of the header, a Python dictionary with
//! `descr`, `fortran_order` and `shape`, and the elements
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>). It is read by hand
//! because a header is untrusted input: lengths are bounded before anything is allocated, shapes
//! are multiplied with overflow checks, and nothing recurses.

use std::io::{self, Read, Write};

use attractor_numerics::Real;
use ndarray::{ArrayD, IxDyn, ShapeBuilder};

/// NumPy itself refuses longer headers unless told otherwise (10,000); nobody needs more than this.
const LONGEST_HEADER: usize = 65_536;
const MOST_AXES: usize = 64;

/// What the elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Signed,
    Unsigned,
    Bool,
    /// UTF-32 text of a fixed number of characters.
    Unicode,
    /// Bytes of a fixed number, read as UTF-8.
    Bytes,
}

/// The header of one array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// As in the file, such as `"<f4"`.
    pub(crate) descr: String,
    pub(crate) kind: Kind,
    /// Bytes per element.
    pub(crate) width: usize,
    pub(crate) big_endian: bool,
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<u64>,
    /// Bytes before the elements.
    pub(crate) offset: u64,
}

/// Why a header could not be used.
#[derive(Debug)]
pub(crate) enum HeaderProblem {
    /// Bytes ended, or reading failed.
    Io(io::Error),
    /// Not the format.
    Malformed(String),
    /// The format, but elements we do not read.
    Type(String),
}

impl Header {
    pub(crate) fn read(from: &mut impl Read) -> Result<Self, HeaderProblem> {
        let mut preamble = [0_u8; 8];
        from.read_exact(&mut preamble).map_err(HeaderProblem::Io)?;
        if &preamble[..6] != b"\x93NUMPY" {
            return malformed("the magic string of .npy is missing");
        }
        let (length, size) = match preamble[6] {
            1 => {
                let mut bytes = [0_u8; 2];
                from.read_exact(&mut bytes).map_err(HeaderProblem::Io)?;
                (usize::from(u16::from_le_bytes(bytes)), 10)
            }
            2 | 3 => {
                let mut bytes = [0_u8; 4];
                from.read_exact(&mut bytes).map_err(HeaderProblem::Io)?;
                (u32::from_le_bytes(bytes) as usize, 12)
            }
            version => return malformed(format!("version {version} of .npy; 1 to 3 are known")),
        };
        if length > LONGEST_HEADER {
            return malformed(format!("{length} bytes long, more than {LONGEST_HEADER}"));
        }
        let mut text = vec![0_u8; length];
        from.read_exact(&mut text).map_err(HeaderProblem::Io)?;
        let Ok(text) = std::str::from_utf8(&text) else {
            return malformed("not UTF-8");
        };
        parse(text, (size + length) as u64)
    }

    /// Number of elements and of bytes, if they can exist in memory.
    pub(crate) fn size(&self) -> (u128, u128) {
        // With at most 64 axes of 64 bits this may pass u128, and then saturates: too large either way.
        let elements =
            self.shape.iter().fold(1_u128, |n, &axis| n.saturating_mul(u128::from(axis)));
        (elements, elements.saturating_mul(self.width as u128))
    }

    /// The shape for an array in memory; `None` if it cannot be one.
    pub(crate) fn dimensions(&self) -> Option<Vec<usize>> {
        let shape: Option<Vec<usize>> =
            self.shape.iter().map(|&n| usize::try_from(n).ok()).collect();
        // Axes of length 0 hide the others from the size, so these are bounded by themselves.
        shape.filter(|axes| {
            axes.iter()
                .filter(|&&n| n > 0)
                .try_fold(1_usize, |all, &n| all.checked_mul(n))
                .is_some_and(|n| n < 1 << 48)
        })
    }
}

fn malformed<T>(problem: impl Into<String>) -> Result<T, HeaderProblem> {
    Err(HeaderProblem::Malformed(problem.into()))
}

fn parse(text: &str, offset: u64) -> Result<Header, HeaderProblem> {
    let mut rest = Cursor { text };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    rest.expect('{')?;
    while !rest.take('}') {
        let key = rest.quoted()?;
        rest.expect(':')?;
        match key {
            "descr" if rest.peek() == Some('[') => {
                return Err(HeaderProblem::Type("a structured array".to_owned()));
            }
            "descr" => descr = Some(rest.quoted()?.to_owned()),
            "fortran_order" => fortran = Some(rest.boolean()?),
            "shape" => shape = Some(rest.shape()?),
            other => return malformed(format!("unknown entry `{}`", other.escape_default())),
        }
        if !rest.take(',') && rest.peek() != Some('}') {
            return malformed("a comma is missing");
        }
    }
    let (Some(descr), Some(fortran), Some(shape)) = (descr, fortran, shape) else {
        return malformed("`descr`, `fortran_order` or `shape` is missing");
    };
    let (big_endian, kind, width) = element(&descr)?;
    Ok(Header { descr, kind, width, big_endian, fortran, shape, offset })
}

/// `"<f4"` is little-endian, float, 4 bytes.
fn element(descr: &str) -> Result<(bool, Kind, usize), HeaderProblem> {
    let unusable = || HeaderProblem::Type(descr.escape_default().to_string());
    let mut letters = descr.chars();
    let big_endian = match letters.next() {
        Some('<' | '|') => false,
        Some('=') => cfg!(target_endian = "big"),
        Some('>') => true,
        _ => return Err(unusable()),
    };
    let letter = letters.next().ok_or_else(unusable)?;
    let width: usize = letters.as_str().parse().map_err(|_| unusable())?;
    let (kind, width) = match (letter, width) {
        ('f', 4 | 8) => (Kind::Float, width),
        ('i', 1 | 2 | 4 | 8) => (Kind::Signed, width),
        ('u', 1 | 2 | 4 | 8) => (Kind::Unsigned, width),
        ('b', 1) => (Kind::Bool, width),
        // Text of no characters would let a header claim any number of elements for free.
        ('U', 1..=65_536) => (Kind::Unicode, 4 * width),
        ('S', 1..=262_144) => (Kind::Bytes, width),
        _ => return Err(unusable()),
    };
    Ok((big_endian, kind, width))
}

/// Reads the header's small subset of Python from the left.
struct Cursor<'a> {
    text: &'a str,
}

impl<'a> Cursor<'a> {
    fn peek(&mut self) -> Option<char> {
        self.text = self.text.trim_start();
        self.text.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.text = &self.text[wanted.len_utf8()..];
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), HeaderProblem> {
        if self.take(wanted) {
            return Ok(());
        }
        let found =
            self.peek().map_or("nothing".to_owned(), |c| format!("`{}`", c.escape_default()));
        malformed(format!("expected `{wanted}`, found {found}"))
    }

    fn quoted(&mut self) -> Result<&'a str, HeaderProblem> {
        let quote = match self.peek() {
            Some(c @ ('\'' | '"')) => c,
            _ => return malformed("expected a quoted name"),
        };
        let inside = &self.text[1..];
        let Some(end) = inside.find(quote) else {
            return malformed("a quote is not closed");
        };
        self.text = &inside[end + 1..];
        Ok(&inside[..end])
    }

    fn boolean(&mut self) -> Result<bool, HeaderProblem> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.text.strip_prefix(word) {
                self.text = rest;
                return Ok(value);
            }
        }
        malformed("`fortran_order` is neither True nor False")
    }

    fn shape(&mut self) -> Result<Vec<u64>, HeaderProblem> {
        self.expect('(')?;
        let mut axes = Vec::new();
        while !self.take(')') {
            self.peek();
            let digits = self.text.bytes().take_while(u8::is_ascii_digit).count();
            let Ok(axis) = self.text[..digits].parse::<u64>() else {
                return malformed("`shape` is not a tuple of counts");
            };
            self.text = &self.text[digits..];
            // Python 2 wrote `3L`.
            self.text = self.text.strip_prefix('L').unwrap_or(self.text);
            axes.push(axis);
            if axes.len() > MOST_AXES {
                return malformed(format!("more than {MOST_AXES} axes"));
            }
            if !self.take(',') && self.peek() != Some(')') {
                return malformed("`shape` lacks a comma");
            }
        }
        Ok(axes)
    }
}

/// The numbers of an array, in C order; `None` if the header's elements are text.
pub(crate) fn numbers<T: Real>(
    header: &Header,
    shape: &[usize],
    bytes: &[u8],
) -> Option<ArrayD<T>> {
    macro_rules! decode {
        ($t:ty) => {
            bytes
                .chunks_exact(size_of::<$t>())
                .map(|chunk| {
                    let mut raw = [0_u8; size_of::<$t>()];
                    raw.copy_from_slice(chunk);
                    let x = if header.big_endian {
                        <$t>::from_be_bytes(raw)
                    } else {
                        <$t>::from_le_bytes(raw)
                    };
                    T::from_f64(x as f64)
                })
                .collect()
        };
    }
    let values: Vec<T> = match (header.kind, header.width) {
        (Kind::Float, 4) => decode!(f32),
        (Kind::Float, 8) => decode!(f64),
        (Kind::Signed, 1) => decode!(i8),
        (Kind::Signed, 2) => decode!(i16),
        (Kind::Signed, 4) => decode!(i32),
        (Kind::Signed, 8) => decode!(i64),
        (Kind::Unsigned, 1) => decode!(u8),
        (Kind::Unsigned, 2) => decode!(u16),
        (Kind::Unsigned, 4) => decode!(u32),
        (Kind::Unsigned, 8) => decode!(u64),
        (Kind::Bool, _) => bytes.iter().map(|&b| T::from_f64(f64::from(b != 0))).collect(),
        _ => return None,
    };
    arrange(header, shape, values)
}

/// The texts of an array, in C order; `None` if its elements are numbers or its bytes no text.
pub(crate) fn texts(header: &Header, shape: &[usize], bytes: &[u8]) -> Option<ArrayD<String>> {
    let text = |chunk: &[u8]| -> Option<String> {
        match header.kind {
            Kind::Unicode => chunk
                .chunks_exact(4)
                .map(|c| {
                    let raw = [c[0], c[1], c[2], c[3]];
                    let code = if header.big_endian {
                        u32::from_be_bytes(raw)
                    } else {
                        u32::from_le_bytes(raw)
                    };
                    char::from_u32(code)
                })
                .collect::<Option<String>>(),
            Kind::Bytes => std::str::from_utf8(chunk).ok().map(str::to_owned),
            _ => None,
        }
        .map(|padded| padded.trim_end_matches('\0').to_owned())
    };
    let values: Option<Vec<String>> = bytes.chunks_exact(header.width).map(text).collect();
    arrange(header, shape, values?)
}

fn arrange<T: Clone>(header: &Header, shape: &[usize], values: Vec<T>) -> Option<ArrayD<T>> {
    let stored = ArrayD::from_shape_vec(IxDyn(shape).set_f(header.fortran), values).ok()?;
    Some(if header.fortran { stored.as_standard_layout().into_owned() } else { stored })
}

/// Writes a version 1 header for elements in C order, padded as NumPy does so that the elements
/// start at a multiple of 64 bytes.
pub(crate) fn write_header(to: &mut impl Write, descr: &str, shape: &[usize]) -> io::Result<()> {
    let axes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let axes = if shape.len() == 1 { axes.trim_end() } else { axes.trim_end_matches(", ") };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({axes}), }}");
    let padding = 63 - (10 + text.len()) % 64;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    let length =
        u16::try_from(text.len()).map_err(|_| io::Error::other("too many axes for .npy"))?;
    to.write_all(b"\x93NUMPY\x01\x00")?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Header, HeaderProblem> {
        parse(text, 0)
    }

    #[test]
    fn reads_what_numpy_writes() {
        let header =
            parsed("{'descr': '>f8', 'fortran_order': True, 'shape': (3, 4L), }   \n").unwrap();
        assert_eq!(
            (header.kind, header.width, header.big_endian, header.fortran),
            (Kind::Float, 8, true, true)
        );
        assert_eq!(header.shape, [3, 4]);
        assert_eq!(
            parsed("{'shape': (), 'fortran_order': False, 'descr': '|b1'}").unwrap().shape,
            [0u64; 0]
        );
    }

    #[test]
    fn refuses_what_is_not_an_array_of_numbers_or_text() {
        for text in [
            "",
            "{",
            "{'descr': '<f4'}",
            "{'descr': '<f4', 'fortran_order': 1, 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
            "{'descr': '<U0', 'fortran_order': False, 'shape': (9999999,)}",
            "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<é', 'fortran_order': False, 'shape': (1,)}",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
        let deep = "(".repeat(60_000);
        assert!(parsed(&format!("{{'shape': {deep}")).is_err());
    }

    #[test]
    fn impossible_shapes_are_not_sized() {
        let huge = parsed(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 16)}",
        )
        .unwrap();
        assert_eq!(huge.size().1, 1 << 70);
        assert_eq!(huge.dimensions(), None);
        let hidden =
            parsed("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807)}")
                .unwrap();
        assert_eq!(hidden.dimensions(), None);
    }

    #[test]
    fn written_headers_are_aligned_and_read_back() {
        for shape in [vec![], vec![3], vec![2, 5], vec![7, 1, 2]] {
            let mut bytes = Vec::new();
            write_header(&mut bytes, "<f4", &shape).unwrap();
            assert_eq!(bytes.len() % 64, 0);
            let header = Header::read(&mut bytes.as_slice()).unwrap();
            assert_eq!(header.dimensions().unwrap(), shape);
            assert_eq!(header.offset as usize, bytes.len());
        }
    }
}
