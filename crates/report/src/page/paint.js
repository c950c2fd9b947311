// The view itself: box, trajectories from far to near, points, the keys of the legend.
const CHUNK = 5; // points of a piece that is sorted by depth
const FAR = 7; // distance of the eye in half boxes

Object.assign(Space.prototype, {
  paint() {
    const { pen, width, height } = sharpen(this.canvas);
    if (!width) return;
    const style = getComputedStyle(this.canvas);
    const [ink, soft, rule, card] = ["--ink", "--soft", "--line", "--card"].map((v) => style.getPropertyValue(v).trim());
    const [sa, ca, se, ce] = [Math.sin(this.azimuth), Math.cos(this.azimuth), Math.sin(this.elevation), Math.cos(this.elevation)];
    const right = [-sa, ca, 0], up = [-se * ca, -se * sa, ce], towards = [ce * ca, ce * sa, se];
    // Room for names and numbers beside the box as it is first seen.
    const size = Math.min((width - Math.min(170, 0.25 * width)) / (2 * this.reach[0]), (height - 120) / (2 * this.reach[1])) * this.zoom;
    const flat = (p) => {
      const depth = dot(towards, p), k = (size * FAR) / (FAR - depth);
      return [width / 2 + dot(right, p) * k, height / 2 - dot(up, p) * k, depth];
    };
    this.box(pen, flat, towards, { ink, soft, rule, card });
    const held = this.hot ?? this.pinned;
    const items = [];
    this.lines.forEach((l, line) => {
      for (let i = 0; i < l.n; i++) l.screen.set(flat([l.at[3 * i], l.at[3 * i + 1], l.at[3 * i + 2]]), 3 * i);
      if (this.hidden.has(l.condition)) return;
      for (let i = 0; i + 1 < l.n || i === 0; i += CHUNK) {
        items.push({ depth: l.screen[3 * Math.min(i + 2, l.n - 1) + 2], line, from: i, to: Math.min(i + CHUNK, l.n - 1) });
      }
    });
    this.points.forEach((p, point) => {
      p.screen = flat(p.place);
      items.push({ depth: p.screen[2] + 0.03, point });
    });
    items.sort((a, b) => a.depth - b.depth);
    pen.lineJoin = "round";
    // Pale pieces that overlap would show their joints.
    pen.lineCap = held?.line !== undefined ? "butt" : "round";
    const path = (l, from, to) => {
      pen.beginPath();
      for (let i = from; i <= to; i++) pen.lineTo(l.screen[3 * i], l.screen[3 * i + 1]);
      pen.stroke();
    };
    for (const item of items) {
      const fog = 0.5 + 0.5 * clamp((item.depth + 1.2) / 2, 0, 1);
      if (item.point !== undefined) this.mark(pen, item.point, held, flat, ink);
      else {
        const l = this.lines[item.line];
        if (held?.line === item.line) continue;
        const pale = held?.line !== undefined || (this.data.network && held?.point !== undefined && !l.ends.includes(held.point));
        pen.globalAlpha = pale ? 0.2 * fog : fog;
        pen.lineWidth = this.data.network ? 0.4 + 2.2 * l.size * fog : 1.1 + 0.9 * fog;
        pen.strokeStyle = shade(this.data.conditions[l.condition][1]);
        path(l, item.from, item.to);
      }
    }
    pen.globalAlpha = 1;
    pen.lineCap = "round";
    if (held?.line !== undefined) {
      const l = this.lines[held.line];
      pen.lineWidth = 6;
      pen.strokeStyle = card;
      path(l, 0, l.n - 1);
      pen.lineWidth = 3;
      pen.strokeStyle = shade(this.data.conditions[l.condition][1]);
      path(l, 0, l.n - 1);
    }
    this.lines.forEach((l, line) => {
      if (this.hidden.has(l.condition) || !l.n || this.data.network) return;
      const color = shade(this.data.conditions[l.condition][1]);
      pen.globalAlpha = held?.line !== undefined && held.line !== line ? 0.25 : 1;
      pen.lineWidth = 1.5;
      pen.strokeStyle = color;
      pen.fillStyle = card;
      shape(pen, "circle", l.screen[0], l.screen[1], 3);
      pen.fill();
      pen.stroke();
      const i = this.time === null ? l.n - 1 : Math.round(this.time * (l.n - 1));
      pen.fillStyle = color;
      shape(pen, "circle", l.screen[3 * i], l.screen[3 * i + 1], this.time === null ? 2.6 : 4.5);
      pen.fill();
    });
    pen.globalAlpha = 1;
    const s = this.shown;
    if (s?.line !== undefined && !this.hidden.has(this.lines[s.line].condition)) {
      const l = this.lines[s.line];
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.fillStyle = shade(this.data.conditions[l.condition][1]);
      shape(pen, "circle", l.screen[3 * s.i], l.screen[3 * s.i + 1], 5.5);
      pen.fill();
      pen.stroke();
    }
    const ms = this.time === null ? null : this.lines.map((l) => this.trials[l.trial]?.ms).find((v) => v);
    this.clock.textContent = this.time === null ? "" : ms ? `${Math.round(this.time * ms)} ms` : `${Math.round(100 * this.time)} %`;
    this.canvas.dataset.view = [this.azimuth, this.elevation, this.zoom].map((v) => v.toFixed(4)).join(" ");
    this.keys(ink);
  },

  mark(pen, index, held, flat, ink) {
    const p = this.points[index], [x, y] = p.screen;
    const r = held?.point === index ? 8 : 5.6;
    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    if (p.ends) {
      const [a, b] = p.ends.map(flat);
      pen.lineWidth = held?.point === index ? 2.4 : 1.3;
      pen.beginPath();
      pen.moveTo(a[0], a[1]);
      pen.lineTo(b[0], b[1]);
      pen.stroke();
    }
    shape(pen, p.shape, x, y, r);
    pen.lineWidth = 1.5;
    pen.fillStyle = shade(p.fill);
    pen.fill();
    pen.stroke();
  },

  // Grid on the faces that look away, numbers and names on the outline.
  box(pen, flat, towards, { ink, soft, rule }) {
    const { half, range, axes } = this.data;
    const at = (k, v) => ((2 * (v - range[k][0])) / (range[k][1] - range[k][0]) - 1) * half[k];
    const marks = range.map(([lo, hi]) => ticks(lo, hi));
    const line = (a, b) => {
      const [p, q] = [flat(a), flat(b)];
      pen.moveTo(p[0], p[1]);
      pen.lineTo(q[0], q[1]);
    };
    const spot = (pairs) => pairs.reduce((p, [k, v]) => ((p[k] = v), p), [0, 0, 0]);
    pen.lineWidth = 1;
    pen.strokeStyle = rule;
    pen.beginPath();
    for (let k = 0; k < 3; k++) {
      const [u, v] = [(k + 1) % 3, (k + 2) % 3], s = towards[k] > 0 ? -half[k] : half[k];
      for (const [a, b] of [[u, v], [v, u]]) {
        for (const w of [-half[a], ...marks[a].map((t) => at(a, t)), half[a]]) {
          line(spot([[k, s], [a, w], [b, -half[b]]]), spot([[k, s], [a, w], [b, half[b]]]));
        }
      }
    }
    pen.stroke();
    const centre = flat([0, 0, 0]);
    for (let k = 0; k < 3; k++) {
      const [u, v] = [(k + 1) % 3, (k + 2) % 3];
      let best = null;
      for (const su of [-1, 1]) {
        for (const sv of [-1, 1]) {
          if (towards[u] * su > 0 === towards[v] * sv > 0) continue;
          const ends = [-1, 1].map((w) => flat(spot([[k, w * half[k]], [u, su * half[u]], [v, sv * half[v]]])));
          const middle = [0, 1].map((i) => (ends[0][i] + ends[1][i]) / 2);
          const rank = k === 2 ? middle[0] : -middle[1];
          if (!best || rank < best.rank) best = { rank, ends, middle, su, sv };
        }
      }
      if (!best) continue;
      const out = [0, 1].map((i) => best.middle[i] - centre[i]), length = Math.hypot(...out) || 1;
      const away = out.map((o) => o / length);
      const span = Math.hypot(best.ends[1][0] - best.ends[0][0], best.ends[1][1] - best.ends[0][1]);
      pen.strokeStyle = soft;
      pen.beginPath();
      pen.moveTo(best.ends[0][0], best.ends[0][1]);
      pen.lineTo(best.ends[1][0], best.ends[1][1]);
      pen.stroke();
      pen.textBaseline = "middle";
      const align = away[0] > 0.35 ? "left" : away[0] < -0.35 ? "right" : "center";
      pen.textAlign = align;
      pen.fillStyle = soft;
      pen.font = "11px system-ui, sans-serif";
      let widest = 0;
      if (span > 70) {
        for (const t of marks[k]) {
          const p = flat(spot([[k, at(k, t)], [u, best.su * half[u]], [v, best.sv * half[v]]])), text = digits(t);
          widest = Math.max(widest, pen.measureText(text).width);
          pen.fillText(text, p[0] + 9 * away[0], p[1] + 11 * away[1]);
        }
      }
      if (span > 24) {
        pen.fillStyle = ink;
        pen.font = "600 13px system-ui, sans-serif";
        const name = pen.canvas.clientWidth < 520 ? axes[k].split(" (")[0] : axes[k];
        // The upright axis is named at its upper end, where nothing is in the way.
        const top = best.ends[0][1] < best.ends[1][1] ? best.ends[0] : best.ends[1];
        const gap = 16 + Math.abs(away[0]) * widest + 12 * Math.abs(away[1]);
        if (k === 2) pen.textAlign = "center";
        if (k === 2) pen.fillText(name, Math.max(top[0], pen.measureText(name).width / 2 + 8), top[1] - 16);
        else pen.fillText(name, best.middle[0] + gap * away[0], best.middle[1] + gap * away[1]);
      }
    }
  },

  keys(ink) {
    for (const i of this.legend.querySelectorAll(".swatch")) i.style.background = shade(i.dataset.color);
    for (const mark of this.legend.querySelectorAll(".mark")) {
      const { pen, width, height } = sharpen(mark), p = this.points.find((q) => q.kind === mark.dataset.kind);
      pen.strokeStyle = ink;
      pen.lineWidth = 1.5;
      pen.fillStyle = shade(p.fill);
      shape(pen, p.shape, width / 2, height / 2, 4.6);
      pen.fill();
      pen.stroke();
    }
  },
});
