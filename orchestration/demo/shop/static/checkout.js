/** The checkout: one page, three steps, each with an address of its own (`history.pushState`). */
"use strict";

if (byId("checkout")) {
  const STEPS = ["address", "payment", "done"];
  const address = byId("address-form");
  const payment = byId("payment-form");
  let order = "";

  const stepOf = (path) => path.split("/").pop();

  function show() {
    let step = stepOf(location.pathname);
    if (step === "done" && !order) step = "address"; // somebody came by the address alone
    if (step === "payment" && !address.checkValidity()) step = "address";
    if (step !== "done" && cart.lines.length === 0) step = "empty";
    for (const part of document.querySelectorAll("[data-step]")) {
      part.hidden = part.dataset.step !== step;
    }
    for (const item of byId("steps").children) {
      item.classList.toggle("is-here", item.dataset.at === step);
    }
    const isAlone = step === "done" || step === "empty";
    byId("summary").hidden = isAlone;
    byId("checkout").classList.toggle("is-alone", isAlone);
    byId("steps").hidden = step === "empty";
    window.scrollTo(0, 0);
  }

  function go(step) {
    history.pushState(null, "", `/checkout/${step}`);
    document.title = `${step[0].toUpperCase()}${step.slice(1)} · Lumen & Loam`;
    show();
  }

  function showSummary() {
    const express = payment.elements.delivery.value === "express" ? 1200 : 0;
    byId("summary-lines").replaceChildren(...cart.lines.map((line) => cartLine(line, false)));
    byId("summary-sub").textContent = price(cart.total() + express);
    byId("summary-off").textContent = price(-cart.discount);
    byId("summary-total").textContent = price(cart.total() + express - cart.discount);
  }

  function thank(number) {
    order = number;
    const fields = address.elements;
    const place = `${fields.postal_code.value} ${fields.city.value}`;
    byId("order").textContent = number;
    byId("sent-to").textContent = fields.email.value;
    byId("ships-to").textContent = [fields.name.value, fields.street.value, place].join("\n");
    cart.empty();
    payment.reset();
    go("done");
  }

  address.addEventListener("submit", (event) => {
    event.preventDefault();
    go("payment");
  });

  payment.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("pay").disabled = true;
    byId("payment-error").textContent = "";
    try {
      const digits = payment.elements.card_number.value.replace(/\s/g, "");
      const answer = await fetch("/api/payments", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ card_ends: digits.slice(-4), total: cart.total() - cart.discount }),
      });
      const told = await answer.json();
      if (answer.ok) thank(told.order);
      else byId("payment-error").textContent = told.error;
    } catch {
      byId("payment-error").textContent = "The bank does not answer. Please try again.";
    } finally {
      byId("pay").disabled = false;
    }
  });

  payment.addEventListener("change", showSummary);
  byId("coupon-form").addEventListener("submit", (event) => {
    event.preventDefault();
    byId("coupon-answer").textContent = applyCoupon(event.target.elements.coupon.value);
  });
  byId("back").addEventListener("click", (event) => {
    event.preventDefault();
    go("address");
  });
  window.addEventListener("popstate", show);
  document.addEventListener("cart", () => {
    showSummary();
    show();
  });
  showSummary();
  show();
}
