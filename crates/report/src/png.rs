//! A PNG writer for the two kinds the report makes: indexed heat-maps and rendered figures.
//!
//! The deflate stream comes from `miniz_oxide`; what is left is a handful of chunks, which is less code than the
//! set-up of an encoder and spares its decoder (5 s of compile time).

use crate::color::Color;

/// One byte a pixel into a palette of at most 256 colours.
pub(crate) fn indexed(width: usize, height: usize, pixels: &[u8], palette: &[Color]) -> Vec<u8> {
    debug_assert_eq!(pixels.len(), width * height);
    let plte: Vec<u8> = palette.iter().flat_map(|c| [c.0, c.1, c.2]).collect();
    // Enlarged heat-maps repeat their rows, which filter 2 (up) turns into zeros; noise is best left alone.
    let repeats = (1..height)
        .filter(|&y| pixels[y * width..(y + 1) * width] == pixels[(y - 1) * width..y * width]);
    let filter = if repeats.count() * 2 > height { 2 } else { 0 };
    let mut out = start(width, height, 3);
    chunk(&mut out, b"PLTE", &plte);
    finish(out, &filtered(width, height, 1, pixels, Some(filter)))
}

/// Three bytes a pixel; `dpi` goes into the file so that the picture prints at its size.
pub(crate) fn rgb(width: usize, height: usize, pixels: &[u8], dpi: f64) -> Vec<u8> {
    debug_assert_eq!(pixels.len(), 3 * width * height);
    let mut out = start(width, height, 2);
    let per_metre = (dpi / 0.0254).round() as u32;
    let mut phys = [per_metre.to_be_bytes(), per_metre.to_be_bytes()].concat();
    phys.push(1);
    chunk(&mut out, b"pHYs", &phys);
    finish(out, &filtered(width, height, 3, pixels, None))
}

fn start(width: usize, height: usize, colour_type: u8) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    header.extend([8, colour_type, 0, 0, 0]);
    chunk(&mut out, b"IHDR", &header);
    out
}

fn finish(mut out: Vec<u8>, raw: &[u8]) -> Vec<u8> {
    chunk(&mut out, b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(raw, 9));
    chunk(&mut out, b"IEND", &[]);
    out
}

/// Rows with their filter byte: the one given, or for each row the cheapest of none, sub and up by the sum of
/// absolute differences (PNG specification, section 12.8).
fn filtered(
    width: usize,
    height: usize,
    bytes: usize,
    pixels: &[u8],
    fixed: Option<u8>,
) -> Vec<u8> {
    let stride = width * bytes;
    let zeros = vec![0u8; stride];
    let mut out = Vec::with_capacity((stride + 1) * height);
    let mut tries = [Vec::new(), Vec::new(), Vec::new()];
    for y in 0..height {
        let row = &pixels[y * stride..(y + 1) * stride];
        let above = if y == 0 { &zeros[..] } else { &pixels[(y - 1) * stride..y * stride] };
        for (kind, buffer) in tries.iter_mut().enumerate() {
            if fixed.is_some_and(|f| usize::from(f) != kind) {
                continue;
            }
            buffer.clear();
            buffer.extend((0..stride).map(|i| {
                let predicted = match kind {
                    0 => 0,
                    1 if i < bytes => 0,
                    1 => row[i - bytes],
                    _ => above[i],
                };
                row[i].wrapping_sub(predicted)
            }));
        }
        let best =
            fixed.map_or_else(|| (0..3).min_by_key(|&k| cost(&tries[k])).unwrap_or(0), usize::from);
        out.push(best as u8);
        out.extend_from_slice(&tries[best]);
    }
    out
}

fn cost(row: &[u8]) -> u64 {
    row.iter().map(|&v| u64::from((v as i8).unsigned_abs())).sum()
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    out.extend(kind);
    out.extend(data);
    let crc = crc32(kind.iter().chain(data));
    out.extend(crc.to_be_bytes());
}

/// CRC-32 of ISO 3309, as PNG asks for (specification, appendix D).
fn crc32<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0u32; 256];
        let mut n = 0;
        while n < 256 {
            let mut c = n as u32;
            let mut k = 0;
            while k < 8 {
                c = if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 };
                k += 1;
            }
            table[n] = c;
            n += 1;
        }
        table
    };
    !bytes.fold(!0u32, |c, &b| TABLE[usize::from((c as u8) ^ b)] ^ (c >> 8))
}

/// Base64 (RFC 4648) with padding, for `data:` addresses.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let b = [group[0], *group.get(1).unwrap_or(&0), *group.get(2).unwrap_or(&0)];
        let n = u32::from_be_bytes([0, b[0], b[1], b[2]]);
        for i in 0..4 {
            let sign = SIGNS[(n >> (18 - 6 * i)) as usize & 63] as char;
            out.push(if i <= group.len() { sign } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut buffer).unwrap();
        (info.width, info.height, buffer)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let palette = vec![Color(1, 2, 3), Color(200, 100, 50), Color(9, 9, 9)];
        for repeat in [1, 4] {
            let pixels: Vec<u8> = (0..5 * repeat)
                .flat_map(|y| (0..7).map(move |x| ((x + y / repeat) % 3) as u8))
                .collect();
            let (w, h, back) = decode(&indexed(7, 5 * repeat, &pixels, &palette));
            assert_eq!((w as usize, h as usize), (7, 5 * repeat));
            let expected: Vec<u8> = pixels
                .iter()
                .flat_map(|&i| {
                    let c = palette[i as usize];
                    [c.0, c.1, c.2]
                })
                .collect();
            assert_eq!(back, expected);
        }
        let pixels: Vec<u8> = (0..3 * 11 * 6).map(|i| (i * 37 % 251) as u8).collect();
        assert_eq!(decode(&rgb(11, 6, &pixels, 300.0)), (11, 6, pixels));
    }

    #[test]
    fn known_answers() {
        assert_eq!(crc32(b"123456789".iter()), 0xcbf4_3926);
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
