// What stands beside the view: the trial and its units, or a point and its modes; then every view is begun.
Object.assign(Space.prototype, {
  // The panel beside the view: the trial and the units, or the point and its modes.
  aside() {
    this.stale = false;
    const s = this.shown;
    const facts = (pairs) => this.facts.replaceChildren(...pairs.map(([name, value]) => el("div", {}, el("dt", { textContent: name }), el("dd", { textContent: value }))));
    this.units.replaceChildren();
    const trial = s?.line !== undefined ? this.trials[this.lines[s.line].trial] : null;
    this.signals.hidden = !trial && s?.point === undefined;
    this.heat.hidden = !trial;
    if (!s) {
      this.heading.textContent = "";
      return facts([]);
    }
    if (s.point !== undefined) {
      const p = this.points[s.point];
      this.heading.textContent = p.label ? `${p.kind}: ${p.label}` : p.kind;
      facts(p.details.concat(p.modes.filter((m) => m[1] >= 0).slice(0, 3).map((m, i) => [`mode ${i + 1}`, m[2]])));
      this.signals.hidden = !p.modes.length;
      if (p.modes.length) this.plane(p.modes);
      const units = p.modes[0]?.[4] ?? [];
      this.units.textContent = units.length ? `Mode 1 weighs most on units ${units.slice(0, 6).map(([u, w]) => `${u} (${digits(w, 2)})`).join(", ")}.` : "";
      return;
    }
    const line = this.lines[s.line], { range, half, axes } = this.data;
    const place = [0, 1, 2].map((k) => range[k][0] + ((line.at[3 * s.i + k] / half[k] + 1) / 2) * (range[k][1] - range[k][0]));
    this.heading.textContent = trial?.title || this.data.conditions[line.condition][0];
    const share = line.n > 1 ? s.i / (line.n - 1) : 0;
    const time = trial ? [["time", `${Math.round(share * trial.ms)} ms`]] : [];
    facts([...(trial?.conditions ?? []), ...time, ...axes.map((a, k) => [a.split(" (")[0], digits(place[k])])]);
    const units = this.leading(place, trial, share);
    if (units.length) this.units.textContent = `${this.data.loadings ? "In this direction weigh most" : "Most active now"}: unit ${units.map(([u, w]) => `${u} (${digits(w, 2)})`).join(", ")}.`;
    if (trial) {
      this.curves(trial, share);
      this.activity(trial, share, units.map((u) => u[0]));
    }
  },

  // Units by their weight in the direction of the place, or by their activity now.
  leading(place, trial, share) {
    const { loadings, order, ranges } = this.data;
    let all = [];
    if (loadings) {
      const norm = Math.hypot(...place) || 1;
      all = loadings[0].map((_, u) => [u, [0, 1, 2].reduce((sum, k) => sum + (place[k] / norm) * loadings[k][u], 0)]);
    } else if (trial) {
      const { at, columns } = trial.activity, c = Math.min(columns - 1, Math.floor(share * columns)), [lo, hi] = ranges[2];
      all = order.map((u, r) => [u, lo + (at[r * columns + c] / 254) * (hi - lo)]);
    }
    return all.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 4);
  },

  curves(trial, share) {
    const { pen, width, height } = sharpen(this.signals), style = getComputedStyle(this.signals);
    const [ink, soft, rule] = ["--ink", "--soft", "--line"].map((v) => style.getPropertyValue(v).trim());
    const [x0, x1] = [34, width - 4], middle = Math.round(height * 0.52);
    const { inputs, outputs, ranges } = this.data;
    const hues = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#22262b", "#f0e442"].map(shade);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = rule;
    for (const [from, to] of trial.asked) {
      pen.globalAlpha = 0.55;
      pen.fillRect(x0 + (from / trial.ms) * (x1 - x0), middle + 2, ((to - from) / trial.ms) * (x1 - x0), height - middle - 4);
      pen.globalAlpha = 1;
    }
    const draw = (m, [lo, hi], top, bottom, look) => {
      if (m.rows > 8) return this.picture(pen, m, x0, top, x1 - x0, bottom - top);
      for (let r = 0; r < m.rows; r++) {
        pen.beginPath();
        let broken = true;
        for (let c = 0; c < m.columns; c++) {
          const level = m.at[r * m.columns + c];
          if (level === 255) broken = true;
          else {
            const [x, y] = [x0 + ((c + 0.5) / m.columns) * (x1 - x0), bottom - (level / 254) * (bottom - top)];
            broken ? pen.moveTo(x, y) : pen.lineTo(x, y);
            broken = false;
          }
        }
        look(r);
        pen.stroke();
        pen.setLineDash([]);
      }
    };
    draw(trial.in, ranges[0], 4, middle - 8, (r) => {
      pen.strokeStyle = hues[r % 8];
      pen.lineWidth = 1.2;
    });
    draw(trial.target, ranges[1], middle + 6, height - 6, () => {
      pen.strokeStyle = soft;
      pen.lineWidth = 1.3;
      pen.setLineDash([4, 3]);
    });
    draw(trial.out, ranges[1], middle + 6, height - 6, (r) => {
      pen.strokeStyle = hues[r % 8];
      pen.lineWidth = 1.8;
    });
    pen.fillStyle = soft;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillText("in", x0 - 6, middle / 2);
    pen.fillText("out", x0 - 6, (middle + height) / 2);
    this.cursor(pen, x0 + share * (x1 - x0), height, ink);
    this.signals.title = [...inputs, ...outputs].join(", ");
  },

  activity(trial, share, units) {
    const { pen, width, height } = sharpen(this.heat), style = getComputedStyle(this.heat);
    const [ink, soft] = ["--ink", "--soft"].map((v) => style.getPropertyValue(v).trim());
    const [x0, x1, bottom] = [34, width - 4, height - 18];
    this.picture(pen, trial.activity, x0, 0, x1 - x0, bottom);
    const { order } = this.data;
    pen.font = "10px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    pen.fillStyle = ink;
    const rows = units.map((u) => [order.indexOf(u), u]).filter((r) => r[0] >= 0).sort((a, b) => a[0] - b[0]);
    let last = -20;
    for (const [row, unit] of rows) {
      const y = ((row + 0.5) / order.length) * bottom;
      pen.beginPath();
      pen.moveTo(x0 - 1, y);
      pen.lineTo(x0 - 6, y - 3);
      pen.lineTo(x0 - 6, y + 3);
      pen.fill();
      if (y - last > 10) pen.fillText(unit, x0 - 8, clamp(y, 5, bottom - 5));
      last = Math.max(last, y);
    }
    pen.fillStyle = soft;
    pen.textBaseline = "alphabetic";
    pen.textAlign = "left";
    pen.fillText("0", x0, height - 5);
    pen.textAlign = "right";
    pen.fillText(`${Math.round(trial.ms)} ms`, x1, height - 5);
    pen.textAlign = "center";
    pen.fillText(`units: ${this.data.quantity}`, (x0 + x1) / 2, height - 5);
    this.cursor(pen, x0 + share * (x1 - x0), bottom, "#ffffff", "#00000099");
  },

  cursor(pen, x, height, color, halo) {
    for (const [c, w] of [[halo, 3], [color, 1.2]]) {
      if (!c) continue;
      pen.strokeStyle = c;
      pen.lineWidth = w;
      pen.beginPath();
      pen.moveTo(x, 0);
      pen.lineTo(x, height);
      pen.stroke();
    }
  },

  // A matrix of levels as colours, painted once and kept.
  picture(pen, m, x, y, w, h) {
    if (!m.rows || !m.columns) return;
    if (!m.bitmap) {
      m.bitmap = el("canvas", { width: m.columns, height: m.rows });
      const own = m.bitmap.getContext("2d"), image = own.createImageData(m.columns, m.rows);
      m.at.forEach((level, i) => image.data.set([...this.colors[level], 255], 4 * i));
      own.putImageData(image, 0, 0);
    }
    pen.imageSmoothingEnabled = false;
    pen.drawImage(m.bitmap, x, y, w, h);
  },

  // Eigenvalues of a point in the complex plane, with the unit circle.
  plane(modes) {
    const { pen, width, height } = sharpen(this.signals), style = getComputedStyle(this.signals);
    const [ink, soft, rule] = ["--ink", "--soft", "--line"].map((v) => style.getPropertyValue(v).trim());
    const reach = Math.max(1.15, ...modes.map((m) => Math.hypot(m[0], m[1]) * 1.12));
    const r = height / 2 - 4, [cx, cy] = [width / 2, height / 2];
    pen.strokeStyle = rule;
    pen.beginPath();
    pen.moveTo(cx - r, cy);
    pen.lineTo(cx + r, cy);
    pen.moveTo(cx, cy - r);
    pen.lineTo(cx, cy + r);
    pen.stroke();
    pen.strokeStyle = soft;
    pen.setLineDash([4, 3]);
    shape(pen, "circle", cx, cy, r / reach);
    pen.stroke();
    pen.setLineDash([]);
    for (const [re, im, , growing] of modes) {
      pen.fillStyle = shade(growing ? "#d55e00" : "#0072b2");
      for (const sign of im ? [1, -1] : [1]) {
        shape(pen, growing ? "triangle" : "circle", cx + (re / reach) * r, cy - ((sign * im) / reach) * r, 3.6);
        pen.fill();
      }
    }
    pen.fillStyle = soft;
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "left";
    pen.textBaseline = "top";
    pen.fillText("eigenvalues λ", 0, 2);
    pen.fillText("dashed: |λ| = 1", 0, 16);
    this.signals.title = `λ: ${modes.map((m) => `${digits(m[0])}${m[1] ? ` ± ${digits(Math.abs(m[1]))}i` : ""}`).join(", ")}`;
  },
});
for (const figure of document.querySelectorAll("figure.space")) new Space(figure);
