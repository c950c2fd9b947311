// What the drawing of the state space needs: elements, numbers, colours, sharp canvases.
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
