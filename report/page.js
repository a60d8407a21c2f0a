// Tables of class "sortable" are sorted by a click on the name of a column, and what is folded is
// printed, too, by browsers whose style sheets cannot ask for it. Nothing else needs it.
"use strict";
function key(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = Number(text.replace(/ *[%*]$/, "")); // "12 *": the best epoch so far
  return text !== "" && !Number.isNaN(number) ? number : text;
}
function before(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number") return -1;
  if (typeof b === "number") return 1;
  return a.localeCompare(b);
}
function sort(table, head, column) {
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, row => ({ row, key: key(row, column) }));
  rows.sort((a, b) => up ? before(a.key, b.key) : before(b.key, a.key));
  for (const { row } of rows) body.append(row);
}
for (const table of document.querySelectorAll("table.sortable")) {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    button.type = "button";
    head.append(button);
    button.addEventListener("click", () => sort(table, head, column));
  });
}
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = Array.from(document.querySelectorAll("details:not([open])"));
  for (const details of unfolded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of unfolded) details.open = false;
});
