// The state space: a box of trajectories and fixed points that turns, linked to trials and units.
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
    this.lines = data.lines.map(([condition, trial, text, size, ends]) => {
      const b = bytes(text), n = b.length / 6, at = new Float32Array(3 * n);
      for (let i = 0; i < 3 * n; i++) {
        at[i] = (((b[2 * i] + 256 * b[2 * i + 1]) / 65535) * 2 - 1) * data.half[i % 3];
      }
      return { condition, trial, n, at, size, ends, screen: new Float32Array(3 * n) };
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
    const linked = this.lines.findIndex((l) => l.trial !== null && l.n);
    const first = linked >= 0 ? linked : this.lines.findIndex((l) => l.n);
    this.shown = first >= 0 && !data.network ? { line: first, i: Math.round(this.lines[first].n * 0.6) } : this.points.length ? { point: 0 } : null;
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
    if (!this.lines.length || this.data.network) this.player.remove();
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
      this.data.network
        ? "Drag to turn, pinch or use the buttons to zoom; on a touch screen tap first, then drag any way. Keys: arrows turn, + and − zoom, Home resets, N and P go through units, Escape lets go. A click holds the unit under the pointer; its connections stand out."
        : "Drag to turn, pinch or use the buttons to zoom; on a touch screen tap first, then drag any way. Keys: arrows turn, + and − zoom, Home resets, N and P go through trajectories and points, comma and full stop step through time, space plays, Escape lets go. A click holds the trajectory or point under the pointer; its trial stands beside the view.");
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
    let moved = 0, spread = 0, from;
    canvas.addEventListener("pointerdown", (e) => {
      canvas.setPointerCapture(e.pointerId);
      if (!held.size) from = [this.azimuth, this.elevation, this.zoom];
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
      if (moved < 3) {
        this.point(e);
        this.pinned = this.hot ?? null;
        if (this.pinned) this.show(this.pinned);
        this.draw();
      } else if (this.spin && !calm.matches) this.coast();
    };
    canvas.addEventListener("pointerup", release);
    // The finger scrolls the page: what it turned until the browser knew is turned back.
    canvas.addEventListener("pointercancel", (e) => {
      if (!held.delete(e.pointerId)) return;
      [this.azimuth, this.elevation, this.zoom] = from;
      this.spin = null;
      this.draw();
    });
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
    if (!this.data.network) this.lines.forEach((l, line) => l.n && !this.hidden.has(l.condition) && all.push({ line, i: l.n - 1 }));
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
    if (this.data.network) return;
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
      if (this.data.network || this.hidden.has(l.condition)) return;
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
}
