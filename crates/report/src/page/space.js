// The state space: a box of trajectories and fixed points that turns, linked to trials and units.
{
  const el = (tag, props = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...children);
    return node;
  };
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const digits = (v, n = 3) => (Number.isFinite(v) ? String(Number(v.toPrecision(n))).replace("-", "−") : "–");
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const clamp = (v, lo, hi) => Math.min(hi, Math.max(lo, v));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  // Lines keep their hue on a dark ground; what is nearly black becomes nearly white.
  const ON_DARK = { "#0072b2": "#4ba7e0", "#22262b": "#e8eaed", "#009e73": "#1fbf92", "#d55e00": "#f0803c", "#ffffff": "#1c2026" };
  const shade = (hex) => (dark.matches && ON_DARK[hex]) || hex;
  const palette = (anchors) => {
    const stops = anchors.map(rgb);
    return Array.from({ length: 256 }, (_, i) => {
      if (i === 255) return [185, 189, 195];
      const at = (i / 254) * (stops.length - 1), k = Math.min(Math.floor(at), stops.length - 2);
      return stops[k].map((v, c) => Math.round(v + (at - k) * (stops[k + 1][c] - v)));
    });
  };
  const ticks = (lo, hi) => {
    const rough = (hi - lo) / 4, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
    const found = [];
    for (let i = Math.ceil(lo / step); i * step <= hi; i++) found.push(i * step);
    return found;
  };
  // A canvas as sharp as the screen, drawn in CSS pixels.
  const sharpen = (canvas) => {
    const { width, height } = canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    return { pen, width, height };
  };
  const shape = (pen, kind, x, y, r) => {
    pen.beginPath();
    if (kind === "circle") pen.arc(x, y, r, 0, 7);
    const corners = { square: [[-0.89, -0.89], [0.89, -0.89], [0.89, 0.89], [-0.89, 0.89]], diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]], triangle: [[0, -1.3], [1.25, 0.85], [-1.25, 0.85]] }[kind];
    corners?.forEach(([a, b], i) => (i ? pen.lineTo(x + a * r, y + b * r) : pen.moveTo(x + a * r, y + b * r)));
    pen.closePath();
  };
  const CHUNK = 5;
  const FAR = 7; // distance of the eye in half boxes
  let count = 0;

  class Space {
    constructor(figure) {
      this.data = JSON.parse(figure.querySelector("script").textContent);
      const { data } = this;
      [this.azimuth, this.elevation] = this.first = data.view.map((v) => (v * Math.PI) / 180);
      this.zoom = 1;
      // Largest extent of the box to the side and upwards, however far it is turned at this elevation.
      const [h0, h1, h2] = data.half, flat = Math.hypot(h0, h1), lean = Math.abs(this.elevation);
      this.reach = [flat * 1.05, h2 * Math.cos(lean) + flat * Math.sin(lean)];
      this.hidden = new Set();
      this.time = null; // shown on all trajectories, as a share of their length
      this.lines = data.lines.map(([condition, trial, text]) => {
        const b = bytes(text), n = b.length / 6, at = new Float32Array(3 * n);
        for (let i = 0; i < 3 * n; i++) {
          at[i] = (((b[2 * i] + 256 * b[2 * i + 1]) / 65535) * 2 - 1) * data.half[i % 3];
        }
        return { condition, trial, n, at, screen: new Float32Array(3 * n) };
      });
      const place = (p) => p.map((v, k) => ((2 * (v - data.range[k][0])) / (data.range[k][1] - data.range[k][0]) - 1) * data.half[k]);
      this.points = data.points.map((p) => {
        const along = (s) => place(p.at.map((v, k) => v + s * p.direction[k]));
        return { ...p, place: place(p.at), ends: p.direction ? [along(-1), along(1)] : null };
      });
      this.colors = palette(data.map);
      this.trials = data.trials.map((t) => {
        const read = ([rows, columns, text]) => ({ rows, columns, at: bytes(text) });
        return { ...t, in: read(t.in), target: read(t.target), out: read(t.out), activity: read(t.activity) };
      });
      this.build(figure);
      const first = this.lines.findIndex((l) => l.trial !== null && l.n);
      this.shown = first >= 0 ? { line: first, i: Math.round(this.lines[first].n * 0.6) } : this.points.length ? { point: 0 } : null;
      this.listen();
      figure.classList.add("live");
      this.aside();
      this.draw();
    }

    build(figure) {
      const id = `space-${++count}`;
      this.canvas = el("canvas", { className: "scene", tabIndex: 0 });
      const set = (node, pairs) => Object.entries(pairs).forEach(([k, v]) => node.setAttribute(k, v));
      set(this.canvas, { role: "application", "aria-roledescription": "view that turns", "aria-label": figure.dataset.told, "aria-describedby": `${id}-help` });
      const button = (text, label, act) => {
        const b = el("button", { type: "button", textContent: text, title: label });
        b.setAttribute("aria-label", label);
        b.addEventListener("click", act);
        return b;
      };
      this.player = button("▶", "Play time", () => this.play());
      const tools = el("div", { className: "tools" },
        this.player,
        button("+", "Zoom in", () => this.scale(1.2)),
        button("−", "Zoom out", () => this.scale(1 / 1.2)),
        button("⟲", "Reset the view", () => this.reset()));
      if (!this.lines.length) this.player.remove();
      this.clock = el("span", { className: "clock" });
      const legend = el("ul", { className: "legend" });
      this.data.conditions.forEach(([name, color], c) => {
        const b = el("button", { type: "button" }, el("i", { className: "swatch" }), name);
        b.setAttribute("aria-pressed", "true");
        b.title = "Show or hide";
        b.addEventListener("click", () => {
          this.hidden.has(c) ? this.hidden.delete(c) : this.hidden.add(c);
          b.setAttribute("aria-pressed", String(!this.hidden.has(c)));
          this.draw();
        });
        b.firstChild.dataset.color = color;
        legend.append(el("li", {}, b));
      });
      for (const kind of new Map(this.points.map((p) => [p.kind, p])).values()) {
        const mark = el("canvas", { className: "mark" });
        mark.dataset.kind = kind.kind;
        legend.append(el("li", { className: "kind" }, mark, kind.kind));
      }
      this.legend = legend;
      this.help = el("p", { className: "help", id: `${id}-help` },
        "Drag to turn, pinch or use the buttons to zoom; on a touch screen tap first, then drag any way. Keys: arrows turn, + and − zoom, Home resets, N and P go through trajectories and points, comma and full stop step through time, space plays, Escape lets go. A click holds the trajectory or point under the pointer; its trial stands beside the view.");
      this.status = el("p", { className: "unseen" });
      this.status.setAttribute("role", "status");
      this.side = el("div", { className: "side" });
      this.heading = el("p", { className: "what" });
      this.facts = el("dl", { className: "chips" });
      this.signals = el("canvas", { className: "signals" });
      this.heat = el("canvas", { className: "heat" });
      this.units = el("p", { className: "units" });
      this.signals.setAttribute("aria-hidden", "true");
      this.heat.setAttribute("aria-hidden", "true");
      this.side.append(this.heading, this.facts, this.signals, this.heat, this.units);
      const view = el("div", { className: "view" }, this.canvas, tools, this.clock);
      this.stage = el("div", { className: "stage" }, view, this.side, legend, this.help, this.status);
      figure.prepend(this.stage);
    }

    listen() {
      const { canvas } = this;
      const held = new Map();
      let moved = 0, spread = 0;
      canvas.addEventListener("pointerdown", (e) => {
        canvas.setPointerCapture(e.pointerId);
        held.set(e.pointerId, e);
        moved = 0;
        spread = 0;
        this.spin = null;
      });
      canvas.addEventListener("pointermove", (e) => {
        const before = held.get(e.pointerId);
        if (!before) return this.point(e);
        const [dx, dy] = [e.clientX - before.clientX, e.clientY - before.clientY];
        held.set(e.pointerId, e);
        if (held.size === 2) {
          const [a, b] = [...held.values()], now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
          if (spread) this.scale(now / spread);
          spread = now;
          return;
        }
        moved += Math.hypot(dx, dy);
        if (moved < 3) return;
        this.spin = [-dx * 0.009, dy * 0.009];
        this.turn(...this.spin);
      });
      const release = (e) => {
        if (!held.delete(e.pointerId)) return;
        if (e.type === "pointerup" && moved < 3) {
          this.point(e);
          this.pinned = this.hot ?? null;
          if (this.pinned) this.show(this.pinned);
          this.draw();
        } else if (this.spin && !calm.matches) this.coast();
      };
      canvas.addEventListener("pointerup", release);
      canvas.addEventListener("pointercancel", release);
      canvas.addEventListener("pointerleave", () => {
        this.hot = null;
        if (this.pinned) this.show(this.pinned);
        this.draw();
      });
      canvas.addEventListener("wheel", (e) => {
        // The page scrolls past a view that nobody has taken hold of.
        if (!e.ctrlKey && document.activeElement !== canvas) return;
        e.preventDefault();
        this.scale(Math.exp(-e.deltaY * (e.ctrlKey ? 0.01 : 0.0012)));
      }, { passive: false });
      canvas.addEventListener("keydown", (e) => this.key(e));
      const scrub = (e) => {
        const shown = this.shown;
        if (shown?.line === undefined) return;
        const box = this.heat.getBoundingClientRect(), line = this.lines[shown.line];
        const share = clamp((e.clientX - box.left - 34) / (box.width - 38), 0, 1);
        this.show({ line: shown.line, i: Math.round(share * (line.n - 1)) });
        this.draw();
      };
      for (const c of [this.signals, this.heat]) {
        c.addEventListener("pointermove", scrub);
        c.addEventListener("pointerdown", scrub);
      }
      new ResizeObserver(() => this.redraw()).observe(this.stage);
      dark.addEventListener("change", () => this.redraw());
    }

    key(e) {
      if (e.metaKey || e.altKey || e.ctrlKey) return;
      const step = e.shiftKey ? 0.3 : 0.09;
      const acts = {
        ArrowLeft: () => this.turn(step, 0), ArrowRight: () => this.turn(-step, 0),
        ArrowUp: () => this.turn(0, step), ArrowDown: () => this.turn(0, -step),
        "+": () => this.scale(1.15), "=": () => this.scale(1.15), "-": () => this.scale(1 / 1.15), "−": () => this.scale(1 / 1.15),
        Home: () => this.reset(), n: () => this.step(1), p: () => this.step(-1),
        ",": () => this.advance(-1), ".": () => this.advance(1), " ": () => this.play(),
        Escape: () => { this.pinned = this.hot = null; this.draw(); },
      };
      const act = acts[e.key] ?? acts[e.key.toLowerCase()];
      if (!act) return;
      e.preventDefault();
      this.spin = null;
      act();
    }

    turn(azimuth, elevation) {
      this.azimuth += azimuth;
      this.elevation = clamp(this.elevation + elevation, -Math.PI / 2, Math.PI / 2);
      this.draw();
    }

    coast() {
      if (!this.spin) return;
      this.spin = this.spin.map((v) => v * 0.93);
      if (Math.hypot(...this.spin) < 5e-4) return (this.spin = null);
      this.turn(...this.spin);
      requestAnimationFrame(() => this.coast());
    }

    scale(factor) {
      this.zoom = clamp(this.zoom * factor, 0.4, 12);
      this.draw();
    }

    reset() {
      [this.azimuth, this.elevation] = this.first;
      [this.zoom, this.spin, this.time] = [1, null, null];
      this.draw();
    }

    // All that can be shown, by keyboard in this order.
    step(by) {
      const all = [];
      this.lines.forEach((l, line) => l.n && !this.hidden.has(l.condition) && all.push({ line, i: l.n - 1 }));
      this.points.forEach((_, point) => all.push({ point }));
      if (!all.length) return;
      const now = all.findIndex((s) => this.pinned && s.line === this.pinned.line && s.point === this.pinned.point);
      this.pinned = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : (now + by + all.length) % all.length];
      this.show(this.pinned);
      this.say();
      this.draw();
    }

    advance(by) {
      const s = this.shown;
      if (s?.line === undefined) return;
      const line = this.lines[s.line], stride = Math.max(1, Math.round(line.n / 40));
      this.pinned = { line: s.line, i: clamp(s.i + by * stride, 0, line.n - 1) };
      this.show(this.pinned);
      this.say();
      this.draw();
    }

    play() {
      if (this.playing) return this.pause();
      this.playing = true;
      this.player.textContent = "❚❚";
      this.player.setAttribute("aria-label", "Pause");
      let last = null;
      const begin = this.time === null || this.time >= 1 ? 0 : this.time;
      this.time = begin;
      const tick = (now) => {
        if (!this.playing) return;
        this.time += last === null ? 0 : (now - last) / 5000;
        last = now;
        if (this.time >= 1) {
          this.time = 1;
          this.pause();
        }
        const s = this.shown;
        if (s?.line !== undefined && !this.hot) this.show({ line: s.line, i: Math.round(this.time * (this.lines[s.line].n - 1)) });
        this.draw();
        if (this.playing) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    }

    pause() {
      this.playing = false;
      this.player.textContent = "▶";
      this.player.setAttribute("aria-label", "Play time");
    }

    // What lies under the pointer: points first, for they are small.
    point(e) {
      const box = this.canvas.getBoundingClientRect(), [x, y] = [e.clientX - box.left, e.clientY - box.top];
      let best = null, near = e.pointerType === "touch" ? 26 : 15;
      this.lines.forEach((l, line) => {
        if (this.hidden.has(l.condition)) return;
        for (let i = 0; i < l.n; i++) {
          const d = Math.hypot(l.screen[3 * i] - x, l.screen[3 * i + 1] - y);
          if (d < near) [near, best] = [d, { line, i }];
        }
      });
      let close = 13;
      this.points.forEach((p, point) => {
        const d = Math.hypot(p.screen[0] - x, p.screen[1] - y);
        if (d < close) [close, best] = [d, { point }];
      });
      this.canvas.style.cursor = best ? "pointer" : "grab";
      const same = best?.line === this.hot?.line && best?.i === this.hot?.i && best?.point === this.hot?.point;
      if (same) return;
      this.hot = best;
      if (best ?? this.pinned) this.show(best ?? this.pinned);
      this.draw();
    }

    show(what) {
      this.shown = what;
      this.stale = true;
    }

    say() {
      this.aside();
      this.status.textContent = `${this.heading.textContent}. ${[...this.facts.children].map((d) => d.textContent).join(", ")}. ${this.units.textContent}`;
    }

    redraw() {
      this.stale = true;
      this.draw();
    }

    draw() {
      if (this.asked) return;
      this.asked = true;
      requestAnimationFrame(() => {
        this.asked = false;
        this.paint();
        if (this.stale) this.aside();
      });
    }

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
          pen.globalAlpha = held?.line !== undefined ? 0.2 * fog : fog;
          pen.lineWidth = 1.1 + 0.9 * fog;
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
        if (this.hidden.has(l.condition) || !l.n) return;
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
    }

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
    }

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
    }

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
    }

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
    }

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
    }

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
    }

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
    }

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
    }

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
    }

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
    }
  }
  for (const figure of document.querySelectorAll("figure.space")) new Space(figure);
}
