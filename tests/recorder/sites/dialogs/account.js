// Dialogs, toasts, a form of everything, and a router that renders by innerHTML.
const $ = (id) => document.getElementById(id);
const VIEWS = {
  home: "<h1>Home</h1><p>Nothing <b>new</b>.</p>",
  profile: '<h1>Profile</h1><ul class="fresh"><li>Name</li><li>Place</li></ul><button id="rename">Rename</button>',
};

$("show").onclick = () => $("sure").showModal();
$("plain").onclick = () => ($("hint").open ? $("hint").close() : $("hint").show());
$("sure").onclose = () => toast(`You said ${$("sure").returnValue}`);
$("save").onclick = () => toast("Saved");

function toast(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  toast.onclick = () => {
    toast.ontransitionend = () => toast.remove();
    toast.classList.add("going");
  };
  $("toasts").append(toast);
}

function render(name) {
  $("view").innerHTML = VIEWS[name] ?? "<h1>Account</h1>";
  document.title = name;
  const rename = $("rename");
  if (rename) rename.onclick = () => document.querySelector(".fresh li").replaceChildren("Name", " (new)");
}
$("routes").onclick = (event) => {
  const { route } = event.target.dataset;
  if (!route) return;
  event.preventDefault();
  history.pushState({ route }, "", event.target.href);
  render(route);
};
window.onpopstate = (event) => render(event.state?.route);
$("label").onclick = () => {
  $("label").value = "Pressed";
  $("progress").value = 70;
  $("news").disabled = true;
  $("city").insertAdjacentHTML("beforeend", "<option>Ulm</option>");
  $("secret").querySelector("ul").innerHTML = "<li>two</li><li>three</li>";
};
