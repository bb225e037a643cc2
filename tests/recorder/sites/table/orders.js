// A data table that keeps its nodes: it sorts, filters, turns pages and moves rows by moving them.
const PAGE = 14;
const PRODUCTS = ["Lamp", "Chair", "Shelf", "Table", "Carpet", "Mirror", "Vase"];
const STATES = ["open", "sent", "back"];
const table = document.getElementById("orders");
const body = table.tBodies[0];
let page = 0;
let sortedBy = null;

const rows = Array.from({ length: 60 }, (_, i) => {
  const order = {
    number: 1000 + i,
    product: PRODUCTS[(i * 5) % PRODUCTS.length],
    state: STATES[(i * 7) % STATES.length],
    amount: (i * 37) % 200,
  };
  const row = document.createElement("tr");
  row.dataset.number = order.number;
  row.innerHTML = `<td>${order.number}</td><td>${order.product}</td>
    <td><span class="state ${order.state}">${order.state}</span></td><td>${order.amount}</td>
    <td><button type="button" class="up" aria-label="Move up">↑</button></td>`;
  row.order = order;
  return row;
});

function shown() {
  const word = document.getElementById("search").value.toLowerCase();
  const openOnly = document.getElementById("open-only").checked;
  return rows.filter(
    ({ order }) =>
      order.product.toLowerCase().includes(word) && (!openOnly || order.state === "open"),
  );
}

function render() {
  const found = shown();
  body.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE));
  if (!found.length) body.insertRow().insertCell().append("Nothing found");
  document.getElementById("count").textContent = `${found.length} of ${rows.length}`;
  document.getElementById("pages").innerHTML = Array.from(
    { length: Math.ceil(found.length / PAGE) },
    (_, i) => `<button type="button" data-page="${i}" ${i === page ? "disabled" : ""}>${i + 1}</button>`,
  ).join(" ");
}

// What grid libraries do: wrap the labels that stand there into new nodes, then put the head back.
function renderHead() {
  const head = table.tHead;
  for (const cell of head.rows[0].cells) {
    cell.classList.toggle("sorted", cell.dataset.key === sortedBy);
    const label = cell.querySelector(".label");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    cell.append(button);
    button.append(label);
    for (const old of [...cell.children]) if (old !== button) old.remove();
  }
  table.prepend(head);
}

table.tHead.addEventListener("click", (event) => {
  const key = event.target.closest("th")?.dataset.key;
  if (!key) return;
  const turn = sortedBy === key ? -1 : 1;
  sortedBy = sortedBy === key ? null : key;
  rows.sort((a, b) => (a.order[key] < b.order[key] ? -turn : turn));
  page = 0;
  renderHead();
  render();
});
body.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (event.target.matches(".up")) row.previousElementSibling?.before(row);
  else row.classList.toggle("marked");
});
document.getElementById("search").oninput = () => {
  page = 0;
  render();
};
document.getElementById("open-only").onchange = () => {
  page = 0;
  render();
};
document.getElementById("pages").onclick = (event) => {
  if (!event.target.dataset.page) return;
  page = Number(event.target.dataset.page);
  render();
};
document.getElementById("wide").onclick = () => {
  table.classList.toggle("with-totals");
  for (const row of [table.tHead.rows[0], ...rows]) {
    row.querySelector(".total")?.remove();
    const cell = document.createElement(row.order ? "td" : "th");
    cell.className = "total";
    cell.textContent = row.order ? String(row.order.amount * 1.2).slice(0, 5) : "Total";
    row.insertBefore(cell, row.lastElementChild);
  }
};
render();
