//! What stands around a panel: legend entries and colour bars.

use std::rc::Rc;

use super::{AXIS, marks::dots};
use crate::{
    axis::Axis,
    clip::Frame,
    color::Color,
    font,
    label::Label,
    layout::{
        BAR, CAP, DESCENT, Entry, KEY, KEY_GAP, LABEL_GAP, TEXT, TICK, TICK_GAP, bar_scale,
        upright_ticks,
    },
    mark::{Heat, Mark},
    scene::{Anchor, Bitmap, Scene, Shape, Stroke},
};

/// One entry of a legend: a key in the look of its mark, and the name.
pub(super) fn legend_entry(scene: &mut Scene, entry: &Entry, x: f64, base: f64) {
    let middle = base - CAP / 2.0;
    let line = vec![(x, middle), (x + KEY, middle)];
    let swatch = |scene: &mut Scene, color| scene.rect(x, middle - 2.7, KEY - 1.0, 5.4, color);
    match &entry.mark {
        Mark::Line(m) => scene.line(line, Stroke { color: m.color, width: m.width, dash: m.dash }),
        Mark::Rule(m) => {
            scene.line(line, Stroke { color: m.color, width: m.width.max(0.6), dash: m.dash })
        }
        Mark::Ring(m) => {
            scene.line(line, Stroke { color: m.color, width: 0.6, dash: Some([2.0, 1.5]) })
        }
        Mark::Dots(m) => dots(scene, m, vec![(x + KEY - 3.0, middle)], m.radius.max(1.2)),
        Mark::Band(m) => swatch(scene, m.color.mix(Color::GREY, 0.25)),
        Mark::Bars(m) => swatch(scene, m.color),
        Mark::Ribbon(m) => swatch(scene, m.color),
        Mark::Heat(_) | Mark::Words(_) | Mark::Whiskers(_) => {}
    }
    scene.text(x + KEY + KEY_GAP, base, entry.label.clone(), TEXT, Anchor::Start, Color::INK);
}

/// The colour bar of a heat-map, with its ticks and label.
pub(super) fn colorbar(scene: &mut Scene, frame: &Frame, heat: &Heat, label: &Label) {
    let x0 = frame.x1 + BAR.0;
    let scale = bar_scale(heat.limits);
    let bar = Frame { x0, y0: frame.y0, x1: x0 + BAR.1, y1: frame.y1 };
    let (map, levels) = (heat.map, 255);
    let pixels = (0..levels).rev().map(|i| i as u8).collect();
    let bitmap = Rc::new(Bitmap { width: 1, height: levels, pixels, palette: map.palette() });
    scene.shapes.push(Shape::Image {
        x: bar.x0,
        y: bar.y0,
        width: bar.width(),
        height: bar.height(),
        bitmap,
    });
    let ticks = upright_ticks(&Axis::new(""), &scale, frame.height());
    let place = |v: f64| scale.position(v).map(|p| bar.y1 - p * bar.height());
    let pieces = ticks
        .major
        .iter()
        .filter_map(|t| place(t.0))
        .map(|y| vec![(bar.x1, y), (bar.x1 + TICK, y)])
        .collect();
    scene.shapes.push(Shape::Lines { pieces, closed: false, stroke: AXIS });
    let mut widest = 0.0f64;
    for (v, text) in &ticks.major {
        widest = widest.max(font::width(text, TEXT));
        if let Some(y) = place(*v) {
            scene.text(
                bar.x1 + TICK + TICK_GAP,
                y + CAP / 2.0,
                text.clone(),
                TEXT,
                Anchor::Start,
                Color::INK,
            );
        }
    }
    let x = bar.x1 + TICK + TICK_GAP + widest + LABEL_GAP + TEXT - DESCENT;
    scene.text_upright(x, (bar.y0 + bar.y1) / 2.0, label.clone(), TEXT, Color::INK);
}
