"use strict";
// Column headings become buttons that sort; without script the tables stand as they are.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  if (body.rows.length < 2) continue;
  table.querySelectorAll("th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const cell = row.cells[column];
        return "v" in cell.dataset ? Number(cell.dataset.v) : cell.textContent;
      };
      const missing = (row) => head.classList.contains("n") && !("v" in row.cells[column].dataset);
      const order = (a, b) => {
        if (missing(a) || missing(b)) return missing(a) - missing(b);
        const [p, q] = [key(a), key(b)];
        const sign = typeof p === "number" && typeof q === "number" ? p - q : String(p).localeCompare(String(q));
        return down ? -sign : sign;
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
// A long table shows its first rows in whatever order it is in, and a button for all; paper has all (page.css).
const SHOWN = 12;
for (const [k, table] of [...document.querySelectorAll("table")].entries()) {
  const count = table.tBodies[0].rows.length, box = table.closest(".table");
  if (count <= SHOWN + 3) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "more";
  table.tBodies[0].id ||= `rows${k}`;
  button.setAttribute("aria-controls", table.tBodies[0].id);
  const fold = (folded) => {
    box.classList.toggle("folded", folded);
    button.setAttribute("aria-expanded", String(!folded));
    button.textContent = folded ? `Show all ${count} rows` : `Show the first ${SHOWN} rows`;
  };
  button.addEventListener("click", () => {
    fold(!box.classList.contains("folded"));
    button.scrollIntoView({ block: "nearest" });
  });
  fold(true);
  box.append(button);
}
// The command can be copied with a click where the browser allows it.
for (const box of document.querySelectorAll(".command")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(box.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  box.append(button);
}
// A listing that is folded away is still wanted on paper.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => (d.open = true)));
