// HTML5 drag and drop between lanes.
let dragged = null;

function count() {
  for (const lane of document.querySelectorAll(".lane")) {
    lane.querySelector("b").textContent = lane.querySelectorAll(".card").length;
  }
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target;
  dragged.classList.add("dragged");
  event.dataTransfer.setData("text/plain", dragged.id);
});
document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  for (const lane of document.querySelectorAll(".over")) lane.classList.remove("over");
});
for (const lane of document.querySelectorAll(".lane")) {
  lane.addEventListener("dragover", (event) => {
    event.preventDefault();
    lane.classList.add("over");
    const before = event.target.closest(".card");
    if (before !== dragged) lane.querySelector("ol").insertBefore(dragged, before);
  });
  lane.addEventListener("dragleave", () => lane.classList.remove("over"));
  lane.addEventListener("drop", (event) => {
    event.preventDefault();
    count();
  });
}
document.getElementById("new").onsubmit = (event) => {
  event.preventDefault();
  const card = document.createElement("li");
  card.className = "card";
  card.draggable = true;
  card.textContent = document.getElementById("title").value;
  document.querySelector("#todo ol").prepend(card);
  document.getElementById("title").value = "";
  count();
};
