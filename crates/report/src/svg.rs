//! A scene as SVG 1.1: sizes in millimetres, text as text, one PNG for each heat-map.

use std::fmt::Write;

use crate::{
    color::Color,
    font::{self, FAMILY},
    label::{Face, Label, Script},
    png,
    scene::{Anchor, Group, MM, Measure, Scene, Shape},
};

/// The document. `title` and `description` are read out by screen readers; inline figures carry them as a label so
/// that browsers do not pop them up under the pointer.
pub(crate) fn write(scene: &Scene, title: &str, description: &str, inline: bool) -> String {
    let mut out = String::with_capacity(16 * 1024);
    let (w, h) = (scene.width, scene.height);
    let _ = write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{}mm" height="{}mm" viewBox="0 0 {} {}" font-family="{FAMILY}" role="img""#,
        n(w / MM),
        n(h / MM),
        n(w),
        n(h),
    );
    if inline {
        let _ = write!(out, r#" aria-label="{}. {}">"#, escape(title), escape(description));
    } else {
        let _ =
            write!(out, "><title>{}</title><desc>{}</desc>", escape(title), escape(description));
    }
    let _ = write!(out, r##"<rect width="{}" height="{}" fill="#ffffff"/>"##, n(w), n(h));
    for shape in &scene.shapes {
        match shape {
            // Groups serve the page; in a file they would be noise to those who edit it.
            Shape::Open(_) | Shape::Close if !inline => continue,
            Shape::Open(group) => write_group(&mut out, group),
            Shape::Close => out.push_str("</g>"),
            shape => write_shape(&mut out, shape),
        }
        out.push('\n');
    }
    out.push_str("</svg>\n");
    out
}

fn write_shape(out: &mut String, shape: &Shape) {
    match shape {
        Shape::Rect { x, y, width, height, fill } => {
            let (x, y, w, h) = (n(*x), n(*y), n(*width), n(*height));
            let _ = write!(
                out,
                r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{}"/>"#,
                fill.hex()
            );
        }
        Shape::Lines { pieces, closed, stroke } => {
            out.push_str(r#"<path d=""#);
            for piece in pieces {
                for (i, &(x, y)) in piece.iter().enumerate() {
                    let _ = write!(
                        out,
                        "{}{} {}",
                        if i == 0 {
                            "M"
                        } else if i == 1 {
                            "L"
                        } else {
                            " "
                        },
                        n(x),
                        n(y)
                    );
                }
                if piece.len() == 1 {
                    out.push_str("h0"); // a lone point between two gaps: a dot of the line's width
                }
                if *closed {
                    out.push('Z');
                }
            }
            let _ = write!(
                out,
                r#"" fill="none" stroke="{}" stroke-width="{}""#,
                stroke.color.hex(),
                n(stroke.width)
            );
            match stroke.dash {
                Some([on, off]) => {
                    let _ = write!(out, r#" stroke-dasharray="{} {}""#, n(on), n(off));
                }
                None => out.push_str(r#" stroke-linecap="round""#),
            }
            out.push_str(r#" stroke-linejoin="round"/>"#);
        }
        Shape::Dots { centres, radius, fill, stroke } => {
            let _ =
                write!(out, r#"<g fill="{}""#, fill.map_or_else(|| "none".to_owned(), Color::hex));
            if let Some((color, width)) = stroke {
                let _ = write!(out, r#" stroke="{}" stroke-width="{}""#, color.hex(), n(*width));
            }
            out.push('>');
            for &(x, y) in centres {
                let _ = write!(out, r#"<circle cx="{}" cy="{}" r="{}"/>"#, n(x), n(y), n(*radius));
            }
            out.push_str("</g>");
        }
        Shape::Areas { pieces, fill, stroke } => {
            out.push_str(r#"<path d=""#);
            for piece in pieces {
                for (i, &(x, y)) in piece.iter().enumerate() {
                    let step = ["M", "L", " "][i.min(2)];
                    let _ = write!(out, "{step}{} {}", n(x), n(y));
                }
                out.push('Z');
            }
            let fill = fill.map_or_else(|| "none".to_owned(), Color::hex);
            let _ = write!(out, r#"" fill="{fill}""#);
            if let Some((color, width)) = stroke {
                let (color, width) = (color.hex(), n(*width));
                let _ = write!(
                    out,
                    r#" stroke="{color}" stroke-width="{width}" stroke-linejoin="round""#
                );
            }
            out.push_str("/>");
        }
        Shape::Open(_) | Shape::Close => {}
        Shape::Text { x, y, label, size, anchor, upright, color } => {
            write_text(out, (*x, *y), label, *size, *anchor, *upright, *color);
        }
        Shape::Image { x, y, width, height, bitmap } => {
            let data = png::base64(&png::indexed(
                bitmap.width,
                bitmap.height,
                &bitmap.pixels,
                &bitmap.palette,
            ));
            let (x, y, w, h) = (n(*x), n(*y), n(*width), n(*height));
            let _ = write!(
                out,
                r#"<image x="{x}" y="{y}" width="{w}" height="{h}" preserveAspectRatio="none" style="image-rendering:pixelated" xlink:href="data:image/png;base64,{data}"/>"#,
            );
        }
    }
}

/// What the script of the page reads to show values under the pointer.
fn write_group(out: &mut String, group: &Group) {
    match group {
        Group::Panel { frame, x, y } => {
            let edges = [frame.x0, frame.y0, frame.x1, frame.y1].map(n).join(" ");
            let _ = write!(out, r#"<g data-panel="{edges}""#);
            for (axis, measure) in [("x", x), ("y", y)] {
                let Measure { label, scale, named } = measure;
                let log = if scale.log { " log" } else { "" };
                let _ = write!(
                    out,
                    r#" data-{axis}="{:e} {:e}{log}" data-{axis}label="{}""#,
                    scale.lo,
                    scale.hi,
                    escape(label)
                );
                if let Some(named) = named {
                    let places: Vec<String> = named
                        .iter()
                        .filter(|(at, _)| at.is_finite())
                        .map(|(at, name)| format!("{at:e} {}", escape(&name.replace('|', "/"))))
                        .collect();
                    let _ = write!(out, r#" data-{axis}named="{}""#, places.join("|"));
                }
            }
            out.push('>');
        }
        Group::Mark { name, offset, colors } => {
            let _ = write!(out, r#"<g data-mark="{}""#, escape(name));
            if *offset != 0.0 {
                let _ = write!(out, r#" data-offset="{offset:e}""#);
            }
            if let Some((low, high)) = colors {
                let _ = write!(out, r#" data-colors="{low:e} {high:e}""#);
            }
            out.push('>');
        }
    }
}

fn write_text(
    out: &mut String,
    at: (f64, f64),
    label: &Label,
    size: f64,
    anchor: Anchor,
    upright: bool,
    color: Color,
) {
    let _ = write!(
        out,
        r#"<text x="{}" y="{}" font-size="{}" fill="{}""#,
        n(at.0),
        n(at.1),
        n(size),
        color.hex()
    );
    match anchor {
        Anchor::Start => {}
        Anchor::Middle => out.push_str(r#" text-anchor="middle""#),
        Anchor::End => out.push_str(r#" text-anchor="end""#),
    }
    if upright {
        let _ = write!(out, r#" transform="rotate(-90 {} {})""#, n(at.0), n(at.1));
    }
    out.push_str(r#" xml:space="preserve">"#);
    let mut shift = 0.0;
    for span in &label.spans {
        let wanted = span.script.shift() * size;
        let plain = span.face == Face::Regular && span.script == Script::Base && wanted == shift;
        if !plain {
            out.push_str("<tspan");
            if wanted != shift {
                let _ = write!(out, r#" dy="{}""#, n(wanted - shift));
            }
            if span.script != Script::Base {
                let _ = write!(out, r#" font-size="{}""#, n(size * span.script.scale()));
            }
            match span.face {
                Face::Regular => {}
                Face::Bold => out.push_str(r#" font-weight="bold""#),
                Face::Italic => out.push_str(r#" font-style="italic""#),
            }
            out.push('>');
        }
        out.push_str(&escape(&span.text));
        if !plain {
            out.push_str("</tspan>");
        }
        if !span.text.is_empty() {
            shift = wanted;
        }
    }
    out.push_str("</text>");
    debug_assert!(font::width(label, size).is_finite());
}

/// A length with two decimals at most, without trailing zeros; never an exponent, never NaN.
fn n(v: f64) -> String {
    if !v.is_finite() {
        return "0".to_owned();
    }
    let mut s = format!("{v:.2}");
    while s.ends_with('0') {
        s.pop();
    }
    if s.ends_with('.') {
        s.pop();
    }
    if s == "-0" { "0".to_owned() } else { s }
}

/// Text safe inside elements and attributes of SVG and HTML. Characters that XML forbids become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c < ' '
                || ('\u{7f}'..='\u{9f}').contains(&c)
                || matches!(c, '\u{fffe}' | '\u{ffff}') =>
            {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_finite() {
        for (v, s) in [
            (1.0, "1"),
            (0.126, "0.13"),
            (-0.001, "0"),
            (10.5, "10.5"),
            (f64::NAN, "0"),
            (1e6, "1000000"),
        ] {
            assert_eq!(n(v), s);
        }
    }

    #[test]
    fn sub_and_superscripts_return_to_the_base_line() {
        let mut scene = Scene { width: 100.0, height: 50.0, ..Scene::default() };
        let label = Label::new().italic("R").sup("2").text(" of ").italic("W").sub("rec");
        scene.text(5.0, 20.0, label, 7.0, Anchor::Start, Color::INK);
        let svg = write(&scene, "t", "d", false);
        let doc = roxmltree::Document::parse(&svg).unwrap();
        let text = doc.descendants().find(|e| e.has_tag_name("text")).unwrap();
        let dy: f64 = text
            .children()
            .filter_map(|e| e.attribute("dy"))
            .map(|v| v.parse::<f64>().unwrap())
            .sum();
        assert!((dy - 0.18 * 7.0).abs() < 0.02, "{svg}");
        let whole: String =
            text.descendants().filter(roxmltree::Node::is_text).filter_map(|e| e.text()).collect();
        assert_eq!(whole, "R2 of Wrec");
    }
}
