//! Images: arrays of `.npy` and `.npz` files, or folders of PNG files.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use attractor_data::{FileProblem, Npz, read_npy};
use ndarray::{Array3, Array4, ArrayD, ArrayView4, Axis, Ix3, Ix4};

use crate::error::FeatureError;

/// Key of the images in `.npz`.
const KEY: &str = "images";
/// Grey levels of 8 bits.
const WHITE: f32 = 255.0;

/// Images of one size, with their names.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// `[image, channel, y, x]`
    values: Array4<f32>,
    names: Vec<String>,
    /// Whether grey levels of 0 to 255 were divided by 255.
    bytes: bool,
}

impl Images {
    /// Images `[image, channel, y, x]`, called `0`, `1`, ….
    ///
    /// # Errors
    /// No image, no pixel.
    pub fn new(values: Array4<f32>) -> Result<Self, FeatureError> {
        let names = (0..values.len_of(Axis(0))).map(|k| k.to_string()).collect();
        Images { values, names, bytes: false }.checked(Path::new("images"))
    }

    /// Reads images by what `path` is.
    ///
    /// | path | images |
    /// |---|---|
    /// | folder | its files `.png` in the order of their names, all of one size; grey levels become 0 to 1, alpha is left out |
    /// | `.npz` | `images`, or the only array of three or four axes; `names` if it is there |
    /// | `.npy` | the array |
    ///
    /// Arrays are `[image, y, x]`, `[image, channel, y, x]` or `[image, y, x, channel]`: channels are the
    /// axis after the images if it has 1 or 3 entries, else the last. Whole numbers of 0 to 255, with one
    /// above 1 among them, are divided by 255; others stay as they are.
    ///
    /// # Errors
    /// Files that are no images, axes that fit neither, sizes that differ.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FeatureError> {
        let path = path.as_ref();
        if path.is_dir() {
            return folder(path)?.checked(path);
        }
        let (values, names) = match path.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("npz") => of_npz(path)?,
            Some(ending) if ending.eq_ignore_ascii_case("npy") => {
                let bytes = std::fs::read(path).map_err(|source| match source.kind() {
                    std::io::ErrorKind::NotFound => FileProblem::Missing.of(path),
                    _ => FileProblem::Io { action: "reading", source }.of(path),
                })?;
                (read_npy(path, &bytes)?, None)
            }
            _ => return Err(wrong(path, "images are a folder of PNG files, .npz or .npy")),
        };
        let values = channels_second(path, values)?;
        let mut images = Images::new(values).map_err(|_| wrong(path, "it holds no image"))?;
        if let Some(names) = names {
            if names.len() != images.count() {
                let problem = format!("{} names for {} images", names.len(), images.count());
                return Err(wrong(path, &problem));
            }
            images.names = names;
        }
        let grey = |x: &f32| (0.0..=WHITE).contains(x) && x.fract() == 0.0;
        if images.values.iter().all(grey) && images.values.iter().any(|x| *x > 1.0) {
            images.values /= WHITE;
            images.bytes = true;
        }
        Ok(images)
    }

    /// `(value − mean) / sd` with one mean and sd for all channels, or one for each. One channel becomes
    /// as many as there are means.
    ///
    /// # Errors
    /// Numbers of means and sd that differ or that the channels have not, sd of 0.
    pub fn standardised(self, mean: &[f32], sd: &[f32]) -> Result<Self, FeatureError> {
        let value = |name, value: &[f32], fix| {
            Err(FeatureError::Value { name, value: format!("{value:?}"), fix })
        };
        if mean.len() != sd.len() {
            return value("sd", sd, format!("as many as means, {}, are needed", mean.len()));
        }
        if sd.iter().chain(mean).any(|x| !x.is_finite()) || sd.iter().any(|sd| *sd <= 0.0) {
            return value("sd", sd, "means and sd are numbers, sd above 0".to_owned());
        }
        let mut images = self.with_channels(mean.len());
        let channels = images.size()[0];
        if ![1, channels].contains(&mean.len()) {
            return value("mean", mean, format!("one, or one for each of {channels} channels"));
        }
        for (channel, mut map) in images.values.axis_iter_mut(Axis(1)).enumerate() {
            let k = channel % mean.len();
            map.mapv_inplace(|x| (x - mean[k]) / sd[k]);
        }
        Ok(images)
    }

    /// `[image, channel, y, x]`
    #[must_use]
    pub fn values(&self) -> ArrayView4<'_, f32> {
        self.values.view()
    }

    /// Names: of the files without their ending, of the array `names`, or numbers.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// `[channel, y, x]`
    #[must_use]
    pub fn size(&self) -> [usize; 3] {
        let (_, channels, height, width) = self.values.dim();
        [channels, height, width]
    }

    /// Whether grey levels of 0 to 255 were divided by 255.
    #[must_use]
    pub fn were_bytes(&self) -> bool {
        self.bytes
    }

    /// The same with one channel repeated; what has several already stays.
    pub(crate) fn with_channels(&self, channels: usize) -> Images {
        let mut images = self.clone();
        let (count, now, height, width) = self.values.dim();
        if now == 1
            && let Some(more) = self.values.broadcast((count, channels, height, width))
        {
            images.values = more.to_owned();
        }
        images
    }

    fn checked(self, path: &Path) -> Result<Self, FeatureError> {
        match self.values.is_empty() {
            true => Err(wrong(path, "there is no image")),
            false => Ok(self),
        }
    }
}

fn wrong(file: &Path, problem: &str) -> FeatureError {
    FeatureError::Images { file: file.to_owned(), problem: problem.to_owned() }
}

/// The images of an `.npz` file, and their names.
fn of_npz(path: &Path) -> Result<(ArrayD<f32>, Option<Vec<String>>), FeatureError> {
    let mut file = Npz::open(path)?;
    let mut maps = Vec::new();
    for key in file.keys().to_vec() {
        if !file.is_text(&key)? && (3..=4).contains(&file.shape(&key)?.len()) {
            maps.push(key);
        }
    }
    let key = match &maps[..] {
        _ if file.has(KEY) => KEY,
        [one] => one,
        _ => return Err(file.missing(KEY).into()),
    };
    let names = if file.has("names") { Some(file.texts("names")?) } else { None };
    Ok((file.numbers(key)?, names))
}

/// `[image, channel, y, x]`
fn channels_second(path: &Path, values: ArrayD<f32>) -> Result<Array4<f32>, FeatureError> {
    let shape = values.shape().to_vec();
    let few = |axis: usize| shape.get(axis).is_some_and(|n| [1, 3].contains(n));
    match shape.len() {
        3 => values.into_dimensionality::<Ix3>().map(|grey| grey.insert_axis(Axis(1))).ok(),
        4 if few(1) => values.into_dimensionality::<Ix4>().ok(),
        4 if few(3) => {
            let last = values.into_dimensionality::<Ix4>().ok();
            last.map(|v| v.permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned())
        }
        _ => None,
    }
    .ok_or_else(|| {
        let axes = "[image, y, x], [image, channel, y, x] or [image, y, x, channel]";
        wrong(path, &format!("axes {axes} with 1 or 3 channels are needed, found shape {shape:?}"))
    })
}

fn folder(path: &Path) -> Result<Images, FeatureError> {
    let refused =
        |source| FeatureError::from(FileProblem::Io { action: "reading", source }.of(path));
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(refused)? {
        let file = entry.map_err(refused)?.path();
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
            files.push(file);
        }
    }
    files.sort();
    let mut maps: Vec<Array3<f32>> = Vec::new();
    for file in &files {
        let map = png(file)?;
        if let Some(first) = maps.first().filter(|first| first.dim() != map.dim()) {
            let problem = format!(
                "its [channel, y, x] are {:?}, those of {} {:?}; give all images one size",
                map.shape(),
                files[0].display(),
                first.shape()
            );
            return Err(wrong(file, &problem));
        }
        maps.push(map);
    }
    if maps.is_empty() {
        return Err(wrong(path, "there is no file .png in it"));
    }
    let views: Vec<_> = maps.iter().map(|map| map.view()).collect();
    let values =
        ndarray::stack(Axis(0), &views).map_err(|error| wrong(path, &error.to_string()))?;
    let name = |file: &PathBuf| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Images { values, names: files.iter().map(name).collect(), bytes: false })
}

/// Grey levels 0 to 1, `[channel, y, x]`, without alpha.
fn png(file: &Path) -> Result<Array3<f32>, FeatureError> {
    let damaged =
        |error: png::DecodingError| wrong(file, &format!("it is no PNG, or damaged: {error}"));
    let open = File::open(file)
        .map_err(|source| FileProblem::Io { action: "opening", source }.of(file))?;
    let mut decoder = png::Decoder::new(BufReader::new(open));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(damaged)?;
    let size = reader.output_buffer_size().ok_or_else(|| wrong(file, "it is too large"))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(damaged)?;
    let (samples, channels) = match frame.color_type {
        png::ColorType::Grayscale => (1, 1),
        png::ColorType::GrayscaleAlpha => (2, 1),
        png::ColorType::Rgb | png::ColorType::Indexed => (3, 3),
        png::ColorType::Rgba => (4, 3),
    };
    let (width, height) = (frame.width as usize, frame.height as usize);
    Ok(Array3::from_shape_fn((channels, height, width), |(channel, y, x)| {
        let at = y * frame.line_size + x * samples + channel;
        f32::from(pixels.get(at).copied().unwrap_or_default()) / WHITE
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use attractor_data::write_npz;
    use ndarray::Array;

    fn saved(arrays: &[(&str, attractor_data::NpzArray<'_>)]) -> Result<Images, FeatureError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npz");
        write_npz(&path, arrays).unwrap();
        Images::read(&path)
    }

    fn picture(path: &Path, kind: png::ColorType, size: (u32, u32), pixels: &[u8]) {
        let mut encoder = png::Encoder::new(File::create(path).unwrap(), size.0, size.1);
        encoder.set_color(kind);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    }

    #[test]
    fn axes_and_grey_levels_of_arrays() {
        let last = Array::from_shape_fn((2, 4, 5, 3), |(n, y, x, c)| {
            (100 * n + 20 * y + 3 * x + c) as f32
        });
        let first = last.clone().permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned();
        let (a, b) =
            (saved(&[("x", (&last).into())]).unwrap(), saved(&[("x", (&first).into())]).unwrap());
        assert_eq!(a, b);
        assert_eq!((a.size(), a.count(), a.were_bytes()), ([3, 4, 5], 2, true));
        assert_eq!(a.values()[[1, 2, 3, 4]], 174.0 / 255.0);
        let grey = Array::from_shape_fn((2, 4, 5), |(n, y, x)| (n + y + x) as f32 / 10.0);
        let names = ["left".to_owned(), "right".to_owned()];
        let images = saved(&[
            ("images", (&grey).into()),
            ("other", (&first).into()),
            ("names", names[..].into()),
        ]);
        let images = images.unwrap();
        assert_eq!(
            (images.size(), images.were_bytes(), images.names()),
            ([1, 4, 5], false, &names[..])
        );
        let three = images.standardised(&[0.5, 0.0, 0.1], &[0.5, 1.0, 2.0]).unwrap();
        assert!((three.values()[[1, 0, 3, 4]] - 0.6).abs() < 1e-6);
        assert!((three.values()[[1, 2, 3, 4]] - 0.35).abs() < 1e-6);
        assert!(three.clone().standardised(&[0.0, 0.0], &[1.0, 1.0]).is_err());
        assert!(three.standardised(&[0.0], &[0.0]).is_err());
    }

    #[test]
    fn a_folder_of_pictures() {
        let dir = tempfile::tempdir().unwrap();
        let said = Images::read(dir.path()).unwrap_err().to_string();
        assert!(said.contains("no file .png"), "{said}");
        picture(
            &dir.path().join("b.png"),
            png::ColorType::Rgba,
            (2, 1),
            &[255, 0, 51, 9, 0, 102, 0, 9],
        );
        picture(&dir.path().join("a.png"), png::ColorType::Rgb, (2, 1), &[0, 0, 0, 51, 51, 51]);
        let images = Images::read(dir.path()).unwrap();
        assert_eq!(images.names(), ["a", "b"]);
        assert_eq!(
            images.values().index_axis(Axis(0), 1),
            ndarray::array![[[1.0, 0.0]], [[0.0, 0.4]], [[0.2, 0.0]]]
        );
        picture(&dir.path().join("c.png"), png::ColorType::Grayscale, (2, 1), &[0, 0]);
        let said = Images::read(dir.path()).unwrap_err().to_string();
        assert!(
            said.contains("c.png") && said.contains("[1, 1, 2]") && said.contains("[3, 1, 2]"),
            "{said}"
        );
        std::fs::write(dir.path().join("c.png"), "text").unwrap();
        let said = Images::read(dir.path()).unwrap_err().to_string();
        assert!(said.contains("c.png") && said.contains("no PNG"), "{said}");
    }

    #[test]
    fn what_are_no_images() {
        let flat = ndarray::Array2::<f32>::zeros((3, 4));
        let said = saved(&[("images", (&flat).into())]).unwrap_err().to_string();
        assert!(said.contains("[image, channel, y, x]") && said.contains("[3, 4]"), "{said}");
        let maps = ndarray::Array3::<f32>::zeros((3, 4, 4));
        let said = saved(&[("a", (&maps).into()), ("b", (&maps).into())]).unwrap_err().to_string();
        assert!(said.contains("no array `images`"), "{said}");
        let names = ["one".to_owned()];
        let said = saved(&[("images", (&maps).into()), ("names", names[..].into())])
            .unwrap_err()
            .to_string();
        assert!(said.contains("1 names for 3 images"), "{said}");
        assert!(Images::read("nothing.npy").unwrap_err().to_string().contains("no such file"));
        assert!(Images::read("nothing.jpg").unwrap_err().to_string().contains("PNG"));
    }
}
