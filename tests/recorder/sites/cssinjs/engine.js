// What styling libraries do in production: rules without text, sheets without elements.
const sheet = document.getElementById("engine").sheet;
const constructed = new CSSStyleSheet();
const stage = document.getElementById("stage");
sheet.insertRule(".tile.a { background: rgb(250, 220, 220); }");

const actions = {
  insert() {
    sheet.insertRule(".tile.a { transform: translateX(8px); }", sheet.cssRules.length);
    sheet.insertRule(".tile.c { visibility: hidden; }", 0);
  },
  remove() {
    sheet.deleteRule(0);
  },
  media() {
    const at = sheet.insertRule("@media (min-width: 100px) { .tile.b { opacity: 0.5; } }", 0);
    sheet.cssRules[at].insertRule(".tile.c { width: 140px; }", 0);
    sheet.cssRules[at].insertRule(".tile.a { opacity: 0.25; }", 1);
    sheet.cssRules[at].deleteRule(1);
  },
  rule() {
    const rule = [...sheet.cssRules].find((one) => one.selectorText === ".tile.a");
    rule.style.setProperty("background-color", "rgb(10, 200, 100)", "important");
    rule.style.setProperty("width", "150px");
  },
  unset() {
    const rule = [...sheet.cssRules].find((one) => one.selectorText === ".tile.a");
    rule.style.removeProperty("background-color");
    stage.querySelector(".c").style.removeProperty("color");
  },
  text() {
    document.getElementById("text").textContent = ".swatch { width: 90px; position: relative; }";
    document.getElementById("text").append(" .swatch { opacity: 0.75; }");
  },
  adopt() {
    constructed.replaceSync(".tile { color: rgb(150, 0, 0); }");
    document.adoptedStyleSheets = [constructed];
    constructed.insertRule(".tile.b { width: 77px; }", 1);
  },
  replace() {
    constructed.replaceSync(".tile { color: rgb(0, 0, 150); font-weight: 600; }");
  },
  dark() {
    document.body.classList.toggle("dark");
    document.body.classList.toggle("light");
  },
  inline() {
    const tile = stage.querySelector(".c");
    tile.style.cssText = "position: relative; left: 12px; --gap: 3px; width: calc(100px + var(--gap))";
    tile.style.fontWeight = "900";
    stage.querySelector(".a").setAttribute("style", "margin-top: 5px !important; color: gold");
    stage.style.background = "url(dot.svg) repeat-x, rgb(240, 240, 250)";
  },
  variable() {
    document.documentElement.style.setProperty("--accent", "rgb(200, 0, 120)");
  },
  late() {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = "late.css";
    link.onload = () => stage.classList.add("styled");
    document.head.append(link);
  },
};
document.getElementById("tools").onclick = (event) => actions[event.target.dataset.do]?.();
