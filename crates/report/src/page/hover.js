// Values under the pointer in every figure: the shapes know their panel's axes, so no data is stored twice.
{
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  document.body.append(tip);
  const brief = (v) => {
    if (!Number.isFinite(v)) return "–";
    const size = Math.abs(v);
    if (size && (size < 1e-3 || size >= 1e6)) return v.toExponential(2).replace("e+", "e").replaceAll("-", "−");
    const s = size >= 1000 ? Math.round(v).toLocaleString("en") : String(Number(v.toPrecision(3)));
    return s.replace("-", "−");
  };
  const axis = (group, name) => {
    const [lo, hi, log] = group.dataset[name].split(" ");
    const named = group.dataset[`${name}named`];
    const places = named === undefined ? null : named.split("|").filter(Boolean).map((p) => {
      const cut = p.indexOf(" ");
      return [Number(p.slice(0, cut)), p.slice(cut + 1)];
    });
    return { lo: Number(lo), hi: Number(hi), log: Boolean(log), label: group.dataset[`${name}label`], places };
  };
  const value = (a, share) => (a.log ? a.lo * (a.hi / a.lo) ** share : a.lo + share * (a.hi - a.lo));
  const nearest = (a, v) => a.places.reduce((best, p) => (!best || Math.abs(p[0] - v) < Math.abs(best[0] - v) ? p : best), null)?.[1] ?? "";
  const told = (a, v) => (a.places ? nearest(a, v) : brief(v));
  const number = (node, ...names) => names.map((n) => Number(node.getAttribute(n)));
  // Polylines, dots, bars and pictures of a mark, read once.
  const read = (group) => {
    const mark = { name: group.dataset.mark, offset: Number(group.dataset.offset ?? 0), lines: [], dots: [], bars: [], image: null };
    for (const path of group.querySelectorAll("path")) {
      for (const piece of path.getAttribute("d").split("M").slice(1)) {
        const n = (piece.replace("h0", "").match(/-?[\d.]+/g) ?? []).map(Number);
        const points = Array.from({ length: n.length >> 1 }, (_, i) => [n[2 * i], n[2 * i + 1]]);
        if (path.getAttribute("fill") === "none" && !piece.endsWith("Z")) mark.lines.push(points);
        else mark.dots.push([0, 1].map((k) => points.reduce((s, p) => s + p[k], 0) / points.length));
      }
    }
    for (const c of group.querySelectorAll("circle")) mark.dots.push(number(c, "cx", "cy"));
    for (const r of group.querySelectorAll("rect")) mark.bars.push(number(r, "x", "y", "width", "height"));
    const image = group.querySelector("image");
    if (image) {
      const [low, high] = group.dataset.colors.split(" ").map(Number);
      mark.image = { node: image, box: number(image, "x", "y", "width", "height"), low, high, pixels: null };
      load(mark.image);
    }
    return mark;
  };
  // Back from colours to values: the palette stands in the picture's own file.
  const load = (image) => {
    const href = image.node.getAttribute("xlink:href");
    const file = atob(href.slice(href.indexOf(",") + 1)), at = file.indexOf("PLTE") + 4;
    const level = new Map();
    for (let i = 255; i >= 0; i--) level.set((file.charCodeAt(at + 3 * i) << 16) | (file.charCodeAt(at + 3 * i + 1) << 8) | file.charCodeAt(at + 3 * i + 2), i);
    const picture = new Image();
    picture.onload = () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: picture.naturalWidth, height: picture.naturalHeight });
      const pen = canvas.getContext("2d", { willReadFrequently: true });
      pen.drawImage(picture, 0, 0);
      image.pixels = (u, v) => {
        const [x, y] = [u * canvas.width, v * canvas.height].map(Math.floor), d = pen.getImageData(x, y, 1, 1).data;
        const l = level.get((d[0] << 16) | (d[1] << 8) | d[2]);
        return l === undefined || l === 255 ? NaN : image.low + (l / 254) * (image.high - image.low);
      };
    };
    picture.src = href;
  };
  const onto = (a, b, x, y) => {
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]], length = dx * dx + dy * dy;
    const t = length ? Math.min(1, Math.max(0, ((x - a[0]) * dx + (y - a[1]) * dy) / length)) : 0;
    return [a[0] + t * dx, a[1] + t * dy];
  };
  const find = (panel, x, y) => {
    let best = null;
    const offer = (found, d) => {
      if (d < (best?.d ?? 14)) best = { ...found, d };
    };
    for (const mark of panel.marks) {
      // Dots win over the lines they sit on.
      for (const at of mark.dots) offer({ at, mark }, Math.hypot(at[0] - x, at[1] - y) - 2);
      for (const line of mark.lines) {
        for (let i = 0; i + 1 < line.length || i === 0; i++) {
          const at = onto(line[i], line[Math.min(i + 1, line.length - 1)], x, y);
          offer({ at, mark }, Math.hypot(at[0] - x, at[1] - y));
        }
      }
      for (const [a, b, w, h] of mark.bars) {
        if (x < a - 1 || x > a + w + 1) continue;
        const zero = panel.frame[3] + (panel.y.lo / (panel.y.hi - panel.y.lo)) * (panel.frame[3] - panel.frame[1]);
        const end = Math.abs(b - zero) > Math.abs(b + h - zero) ? b : b + h;
        if (y > b - 8 && y < b + h + 8) offer({ at: [a + w / 2, end], mark, bar: true }, 0);
      }
      if (mark.image) {
        const [a, b, w, h] = mark.image.box;
        if (x >= a && x < a + w && y >= b && y < b + h) best ??= { at: [x, y], mark, cell: [(x - a) / w, (y - b) / h], d: 13 };
      }
    }
    return best;
  };
  const words = (panel, { at, mark, cell }) => {
    const [x0, y0, x1, y1] = panel.frame, { x, y } = panel;
    const [vx, vy] = [value(x, (at[0] - x0) / (x1 - x0)), value(y, (y1 - at[1]) / (y1 - y0))];
    const row = (name, v) => (name ? [name, v] : ["", v]);
    if (cell) {
      const known = mark.image.pixels ? [["value", brief(mark.image.pixels(...cell))]] : [];
      // An axis that counts cells: by name where each has one, else by number from its begin.
      const counted = (a, p, downwards) => {
        if (!a.places) return brief(p);
        return a.places.length === Math.round(a.hi - a.lo) ? nearest(a, p) : String(Math.floor(downwards ? a.hi - p : p - a.lo) + 1);
      };
      return [row(y.label || "row", counted(y, vy, true)), row(x.label || "column", counted(x, vx, false)), ...known];
    }
    const name = [mark.name, y.places && !x.places ? nearest(y, vy) : ""].filter(Boolean).join(", ");
    return [...(name ? [["", name]] : []), row(x.label, told(x, vx)), row(y.places ? "value" : y.label, brief(vy - mark.offset))];
  };
  const panelsOf = (svg) => {
    const panels = [...svg.querySelectorAll("[data-panel]")].map((g) => ({
      frame: g.dataset.panel.split(" ").map(Number), x: axis(g, "x"), y: axis(g, "y"),
      marks: [...g.querySelectorAll("[data-mark]")].map(read),
    }));
    // Inner panels of a grid take the names of the axes they share.
    for (const p of panels) {
      p.x.label ||= panels.find((q) => q.x.label && !q.x.places === !p.x.places && q.frame[0] === p.frame[0] && q.frame[2] === p.frame[2])?.x.label ?? "";
      p.y.label ||= panels.find((q) => q.y.label && !q.y.places === !p.y.places && q.frame[1] === p.frame[1] && q.frame[3] === p.frame[3])?.y.label ?? "";
    }
    return panels;
  };
  for (const plate of document.querySelectorAll(".plate")) {
    const svg = plate.querySelector("svg");
    if (!svg) continue;
    let panels = null, ring = null;
    const away = () => {
      tip.hidden = true;
      ring?.remove();
      ring = null;
    };
    const move = (e) => {
      panels ??= panelsOf(svg);
      const matrix = svg.getScreenCTM();
      if (!matrix) return;
      const { x, y } = new DOMPoint(e.clientX, e.clientY).matrixTransform(matrix.inverse());
      const panel = panels.find(({ frame: [a, b, c, d] }) => x >= a - 4 && x <= c + 4 && y >= b - 4 && y <= d + 4);
      const found = panel && find(panel, x, y);
      away();
      if (!found) return;
      tip.replaceChildren(...words(panel, found).map(([name, text]) => {
        const line = document.createElement("div");
        const strong = Object.assign(document.createElement(name ? "span" : "b"), { textContent: text });
        line.append(name ? `${name}: ` : "", strong);
        return line;
      }));
      tip.hidden = false;
      const p = new DOMPoint(...found.at).matrixTransform(matrix), box = tip.getBoundingClientRect();
      tip.style.left = `${scrollX + Math.max(6, Math.min(p.x + 12, document.documentElement.clientWidth - box.width - 8))}px`;
      tip.style.top = `${scrollY + (p.y - box.height - 10 > 4 ? p.y - box.height - 10 : p.y + 14)}px`;
      if (found.cell) return;
      ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      for (const [k, v] of Object.entries({ cx: found.at[0], cy: found.at[1], r: 2.4, class: "ring" })) ring.setAttribute(k, v);
      svg.append(ring);
    };
    plate.addEventListener("pointermove", move);
    plate.addEventListener("pointerdown", move);
    plate.addEventListener("pointerleave", away);
    plate.addEventListener("scroll", away);
  }
}
