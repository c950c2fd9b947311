//! A scene as pixels: anti-aliased paths, glyphs from the embedded font, heat-maps without smoothing.

use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, StrokeDash, Transform,
};

use crate::{
    color::Color,
    font,
    label::Label,
    png,
    scene::{Anchor, Bitmap, Scene, Shape},
};

/// Largest side in pixels: what a printer could use, and what fits a modest memory.
const MAX_SIDE: f64 = 12_000.0;

/// The picture at `dpi` dots per inch as a PNG file. Out-of-range resolutions are brought into range.
pub(crate) fn png(scene: &Scene, dpi: f64) -> Vec<u8> {
    let longest = scene.width.max(scene.height).max(1.0);
    let dpi = if dpi.is_finite() { dpi.clamp(10.0, MAX_SIDE * 72.0 / longest) } else { 300.0 };
    let scale = dpi / 72.0;
    let (w, h) = size(scene, scale);
    let Some(mut canvas) = Pixmap::new(w, h) else {
        return png::rgb(1, 1, &[255; 3], dpi);
    };
    canvas.fill(tiny_skia::Color::WHITE);
    for shape in &scene.shapes {
        draw(&mut canvas, shape, scale as f32);
    }
    // Everything is opaque on white, so premultiplied colours are plain colours.
    let pixels: Vec<u8> = canvas.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    png::rgb(w as usize, h as usize, &pixels, dpi)
}

fn size(scene: &Scene, scale: f64) -> (u32, u32) {
    let side = |v: f64| (v * scale).round().clamp(1.0, MAX_SIDE) as u32;
    (side(scene.width), side(scene.height))
}

fn draw(canvas: &mut Pixmap, shape: &Shape, scale: f32) {
    let page = Transform::from_scale(scale, scale);
    match shape {
        Shape::Rect { x, y, width, height, fill } => {
            if let Some(r) =
                tiny_skia::Rect::from_xywh(*x as f32, *y as f32, *width as f32, *height as f32)
            {
                canvas.fill_rect(r, &paint(*fill), page, None);
            }
        }
        Shape::Lines { pieces, closed, stroke } => {
            if let Some(path) = polyline(pieces, *closed) {
                let style = tiny_skia::Stroke {
                    width: stroke.width as f32,
                    line_cap: if stroke.dash.is_some() { LineCap::Butt } else { LineCap::Round },
                    line_join: LineJoin::Round,
                    dash: stroke
                        .dash
                        .and_then(|[on, off]| StrokeDash::new(vec![on as f32, off as f32], 0.0)),
                    ..tiny_skia::Stroke::default()
                };
                canvas.stroke_path(&path, &paint(stroke.color), &style, page, None);
            }
        }
        Shape::Dots { centres, radius, fill, stroke } => {
            for &(x, y) in centres {
                let Some(path) = PathBuilder::from_circle(x as f32, y as f32, *radius as f32)
                else {
                    continue;
                };
                if let Some(color) = fill {
                    canvas.fill_path(&path, &paint(*color), FillRule::Winding, page, None);
                }
                if let Some((color, width)) = stroke {
                    let style =
                        tiny_skia::Stroke { width: *width as f32, ..tiny_skia::Stroke::default() };
                    canvas.stroke_path(&path, &paint(*color), &style, page, None);
                }
            }
        }
        Shape::Areas { pieces, fill, stroke } => {
            if let Some(path) = polyline(pieces, true) {
                if let Some(color) = fill {
                    canvas.fill_path(&path, &paint(*color), FillRule::Winding, page, None);
                }
                if let Some((color, width)) = stroke {
                    let style = tiny_skia::Stroke {
                        width: *width as f32,
                        line_join: LineJoin::Round,
                        ..tiny_skia::Stroke::default()
                    };
                    canvas.stroke_path(&path, &paint(*color), &style, page, None);
                }
            }
        }
        Shape::Open(_) | Shape::Close => {}
        Shape::Text { x, y, label, size, anchor, upright, color } => {
            let turn = if *upright { -90.0 } else { 0.0 };
            let at =
                page.pre_translate(*x as f32, *y as f32).pre_concat(Transform::from_rotate(turn));
            text(canvas, label, *size, *anchor, *color, at);
        }
        Shape::Image { x, y, width, height, bitmap } => {
            let s = f64::from(scale);
            image(canvas, bitmap, [x * s, y * s, (x + width) * s, (y + height) * s]);
        }
    }
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color.0, color.1, color.2, 255);
    paint.anti_alias = true;
    paint
}

fn polyline(pieces: &[Vec<(f64, f64)>], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for piece in pieces {
        let Some(&(x, y)) = piece.first() else {
            continue;
        };
        path.move_to(x as f32, y as f32);
        for &(x, y) in &piece[1..] {
            path.line_to(x as f32, y as f32);
        }
        if piece.len() == 1 {
            path.line_to(x as f32 + 1e-3, y as f32);
        }
        if closed {
            path.close();
        }
    }
    path.finish()
}

fn text(
    canvas: &mut Pixmap,
    label: &Label,
    size: f64,
    anchor: Anchor,
    color: Color,
    at: Transform,
) {
    let mut x = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -0.5 * font::width(label, size),
        Anchor::End => -font::width(label, size),
    };
    let mut pen = Pen { path: PathBuilder::new(), x: 0.0, y: 0.0, scale: 0.0 };
    for span in &label.spans {
        let em = size * span.script.scale();
        for c in span.text.chars() {
            pen.x = x as f32;
            pen.y = (span.script.shift() * size) as f32;
            pen.scale = (em / font::units_per_em(span.face)) as f32;
            font::outline(c, span.face, &mut pen);
            x += font::advance(c, span.face) * em;
        }
    }
    if let Some(path) = pen.path.finish() {
        canvas.fill_path(&path, &paint(color), FillRule::Winding, at, None);
    }
}

/// Places glyph outlines (y upwards, font units) on the page (y downwards, points).
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl ttf_parser::OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// Nearest neighbour, edges on whole pixels: every cell keeps its exact colour.
fn image(canvas: &mut Pixmap, bitmap: &Bitmap, edges: [f64; 4]) {
    let [x0, y0, x1, y1] = edges.map(|v| v.round().max(0.0) as usize);
    let (w, h) = (canvas.width() as usize, canvas.height() as usize);
    if x1 <= x0 || y1 <= y0 || bitmap.width == 0 || bitmap.height == 0 {
        return;
    }
    let data = canvas.data_mut();
    for y in y0..y1.min(h) {
        let row = (y - y0) * bitmap.height / (y1 - y0) * bitmap.width;
        for x in x0..x1.min(w) {
            let c = bitmap.palette
                [usize::from(bitmap.pixels[row + (x - x0) * bitmap.width / (x1 - x0)])];
            data[4 * (y * w + x)..][..4].copy_from_slice(&[c.0, c.1, c.2, 255]);
        }
    }
}
