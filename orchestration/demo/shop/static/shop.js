/** What every page does: the cart and its coupon, search, the buttons of a product, consent. */
"use strict";

const byId = (id) => document.getElementById(id);
const price = (cents) => `€\u00a0${(cents / 100).toFixed(2)}`;
const COUPONS = { WELCOME10: { percent: { off: 10 } }, SPRING: { amount: { off: 1500 } } };

/** The cart, kept in this browser alone. */
const cart = {
  lines: JSON.parse(localStorage.getItem("shop.cart") || "[]"),
  discount: 0,

  total() {
    return this.lines.reduce((sum, line) => sum + line.cents * line.count, 0);
  },
  add(product, count) {
    const line = this.lines.find((one) => one.slug === product.slug);
    if (line) line.count += count;
    else this.lines.push({ ...product, count });
    this.lines = this.lines.filter((one) => one.count > 0);
    this.changed();
  },
  empty() {
    this.lines = [];
    this.discount = 0;
    this.changed();
  },
  changed() {
    localStorage.setItem("shop.cart", JSON.stringify(this.lines));
    showCart();
    document.dispatchEvent(new Event("cart"));
  },
};

/** An element; text is set as text, so that nothing in it can become HTML. */
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

function picture(slug) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#pic-${slug}`);
  svg.append(use);
  return make("span", "picture", svg);
}

function cartLine(line, canChange) {
  const count = make("small", "", canChange ? `${line.count}` : `${line.count} ×`);
  if (canChange) {
    const fewer = make("button", "", "–");
    const another = make("button", "", "+");
    fewer.ariaLabel = `One ${line.name} fewer`;
    another.ariaLabel = `One ${line.name} more`;
    fewer.onclick = () => cart.add(line, -1);
    another.onclick = () => cart.add(line, 1);
    count.prepend(fewer);
    count.append(another);
  }
  const words = make("span", "", make("b", "", line.name), count);
  return make("li", "line", picture(line.slug), words, price(line.cents * line.count));
}

function showCart() {
  const count = cart.lines.reduce((sum, line) => sum + line.count, 0);
  byId("cart-count").textContent = count;
  byId("cart-count").hidden = count === 0;
  byId("cart-sum").textContent = price(cart.total());
  byId("cart-checkout").hidden = count === 0;
  byId("cart-lines").replaceChildren(
    ...(count
      ? cart.lines.map((line) => cartLine(line, true))
      : [make("li", "none", "Nothing in here yet.")]),
  );
}

function openCart(isOpen) {
  document.body.classList.toggle("is-open", isOpen);
  byId("cart").inert = !isOpen;
  byId(isOpen ? "cart-close" : "cart-open").focus({ preventScroll: true });
}

function discountOf(coupon, total) {
  // A bug, and meant: SPRING takes off an amount and has no percentage. Applying it throws.
  return Math.round((total * coupon.percent.off) / 100);
}

function applyCoupon(code) {
  const coupon = COUPONS[code.trim().toUpperCase()];
  if (!coupon) return "We do not know this code.";
  cart.discount = discountOf(coupon, cart.total());
  cart.changed();
  return "Your discount is in.";
}

/** Tell the recorder, which may not have loaded yet. */
function tellRecorder(...call) {
  (window.replaylake = window.replaylake || []).push(call);
}

function startConsent() {
  const choice = localStorage.getItem("shop.consent");
  if (choice) tellRecorder("consent", choice === "yes");
  byId("consent").hidden = Boolean(choice);
  byId("consent").addEventListener("click", (event) => {
    const answer = event.target.dataset.consent;
    if (!answer) return;
    localStorage.setItem("shop.consent", answer);
    byId("consent").hidden = true;
    tellRecorder("consent", answer === "yes");
  });
  byId("consent-again").onclick = () => {
    byId("consent").hidden = false;
  };
}

function startSearch() {
  const input = document.querySelector(".search input");
  const cards = [...document.querySelectorAll("#grid .card")];
  const none = byId("grid-none");
  if (!none) return; // elsewhere than at home, a search is a new page
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const card of cards) {
      const text = card.dataset.search.toLowerCase();
      card.hidden = !words.every((word) => text.includes(word));
    }
    none.hidden = cards.some((card) => !card.hidden);
  });
}

function startSort() {
  const grid = byId("grid");
  const cards = grid ? [...grid.children] : [];
  const cents = (card) => Number(card.querySelector(".card-price").textContent.replace(/[^\d]/g, ""));
  byId("sort")?.addEventListener("change", (event) => {
    const way = { low: 1, high: -1 }[event.target.value] || 0;
    grid.append(...[...cards].sort((a, b) => way * (cents(a) - cents(b))));
  });
}

function startProduct() {
  byId("buy")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const { slug, name, cents } = event.target.dataset;
    cart.add({ slug, name, cents: Number(cents) }, Number(byId("amount").value));
    openCart(true);
  });
  // Slow, and meant: nothing tells that the answer is on its way, so people press again.
  byId("delivery")?.addEventListener("click", async (event) => {
    const answer = await fetch(`/api/delivery/${event.target.dataset.slug}`);
    byId("delivery-answer").textContent = `In ${(await answer.json()).days} working days.`;
  });
  byId("notify")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch("/api/notify", { method: "POST" });
    byId("notify-answer").textContent = answer.ok
      ? "We will write to you."
      : "That did not work. Please try again later.";
  });
}

function startAccount() {
  const password = byId("password");
  if (password) tellRecorder("identify", "customer-1042"); // whose orders these are
  byId("password-show")?.addEventListener("click", (event) => {
    const isShown = password.type === "password";
    password.type = isShown ? "text" : "password";
    event.target.textContent = isShown ? "Hide" : "Show";
    event.target.ariaPressed = String(isShown);
  });
  for (const name of ["password", "about"]) {
    byId(`${name}-form`)?.addEventListener("submit", (event) => {
      event.preventDefault();
      event.target.reset();
      byId(`${name}-answer`).textContent = "Saved.";
    });
  }
}

byId("cart-open").onclick = () => openCart(true);
byId("cart-close").onclick = () => openCart(false);
byId("shade").onclick = () => openCart(false);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.classList.contains("is-open")) openCart(false);
});
for (const link of document.querySelectorAll(".top nav a")) {
  if (link.pathname === location.pathname) link.ariaCurrent = "page";
}
showCart();
startConsent();
startSearch();
startSort();
startProduct();
startAccount();
