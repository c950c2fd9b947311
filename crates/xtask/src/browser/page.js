// Asked of the page by the browser test; every function gives text, "ok" where all is well.
const settle = (n = 2) => new Promise((go) => {
  const next = () => (n-- ? requestAnimationFrame(next) : go());
  next();
});
const scene = document.querySelector("canvas.scene");
// Each panel of each figure shows a mark that has a size, or says that it holds none.
const drawn = () => {
  const wrong = [], figures = [...document.querySelectorAll("figure")];
  if (figures.length < 10) wrong.push(`only ${figures.length} figures`);
  for (const figure of figures) {
    const name = figure.querySelector("figcaption b").textContent;
    if (!figure.querySelector("svg").getAttribute("aria-label")) wrong.push(`${name} has no description`);
    if (figure.classList.contains("space")) continue;
    const panels = figure.querySelectorAll("[data-panel]");
    if (!panels.length) wrong.push(`${name} has no panels`);
    panels.forEach((panel, i) => {
      const sizes = [...panel.querySelectorAll("[data-mark]")].map((m) => m.getBoundingClientRect());
      if (!sizes.some((s) => s.width > 2 && s.height > 2)) wrong.push(`${name}, panel ${i + 1} is empty`);
    });
  }
  return wrong.join("; ") || "ok";
};
// Pixels of a canvas: how many are painted, and in how many colours.
const painted = (canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Set();
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (!data[i + 3]) continue;
    count++;
    colors.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  }
  return [count, colors.size];
};
const live = async () => {
  await settle();
  const wrong = [];
  for (const [name, least, colors] of [["scene", 4000, 12], ["signals", 400, 4], ["heat", 4000, 12]]) {
    const [count, hues] = painted(document.querySelector(`canvas.${name}`));
    if (count < least || hues < colors) wrong.push(`${name}: ${count} pixels in ${hues} colours`);
  }
  if (getComputedStyle(document.querySelector(".still")).display !== "none") wrong.push("the projection shows beside the view");
  return wrong.join("; ") || "ok";
};
const picture = async () => {
  await settle(3);
  return scene.toDataURL();
};
const middle = (node) => {
  node.scrollIntoView({ block: "center" });
  const b = node.getBoundingClientRect();
  return `${b.x + b.width / 2} ${b.y + b.height / 2}`;
};
// A place on the first curve of the first figure, for the pointer.
const curve = () => {
  const path = document.querySelector("[data-mark] path"), svg = path.ownerSVGElement;
  svg.scrollIntoView({ block: "center" });
  const p = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(svg.getScreenCTM());
  return `${p.x} ${p.y}`;
};
const tip = () => {
  const node = document.querySelector(".tip");
  return node.hidden ? "" : node.textContent;
};
const heading = () => document.querySelector(".side .what").textContent;
const sorted = () => {
  const head = document.querySelector("th.n"), button = head.querySelector("button");
  const column = [...head.parentNode.children].indexOf(head);
  const values = () => [...head.closest("table").tBodies[0].rows].map((r) => Number(r.cells[column].dataset.v ?? Infinity));
  button.click();
  const up = values();
  return head.getAttribute("aria-sort") === "ascending" && up.every((v, i) => !i || up[i - 1] <= v) ? "ok" : `not sorted: ${up}`;
};
// The button of the one table that is too long to stand in full, and how many of its rows are seen.
const more = document.querySelector("button.more");
const seen = () => {
  const rows = [...more.closest(".table").querySelector("tbody").rows];
  return `${rows.filter((row) => row.getClientRects().length).length} of ${rows.length}`;
};
// A page that is too wide widens the window of a phone with it: it is held against what was asked for.
const fits = (width) => {
  const page = document.documentElement.scrollWidth;
  return page <= width ? "ok" : `the page is ${page} px wide in a window of ${width}`;
};
const view = async () => {
  await settle();
  return scene.dataset.view;
};
"ready";
