// Custom elements with nested shadow roots, slots and shared constructed sheets.
const cardText = `
  :host { display: block; border: 1px solid #99a; width: 420px; background: #f4f4ff; }
  :host([pinned]) { background: rgb(220, 255, 220); }
  h2 { margin: 0; font-size: 16px; }
  .body[hidden] { display: none; }
  ::slotted(em) { color: rgb(150, 80, 0); font-weight: 700; }
`;
const cardSheet = new CSSStyleSheet();
cardSheet.replaceSync(cardText);

customElements.define(
  "recipe-card",
  class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [cardSheet];
      root.innerHTML = `<h2 part="title">${this.getAttribute("heading")}</h2>
        <div class="body"><slot></slot><slot name="note">no note</slot></div>
        <star-rating stars="2"></star-rating>
        <button class="pin">Pin</button> <button class="fold">Fold</button>`;
      root.querySelector(".pin").onclick = () => this.toggleAttribute("pinned");
      root.querySelector(".fold").onclick = () => {
        const body = root.querySelector(".body");
        body.hidden = !body.hidden;
      };
    }
  },
);

customElements.define(
  "star-rating",
  class extends HTMLElement {
    static observedAttributes = ["stars"];
    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = `<style>button { color: #aaa; } .on { color: rgb(200, 120, 0); }</style>
        <span></span> <rating-text></rating-text>`;
      root.onclick = (event) => {
        const star = event.target.dataset?.star;
        if (star) this.setAttribute("stars", star);
      };
      this.render();
    }
    attributeChangedCallback() {
      this.render();
    }
    render() {
      if (!this.shadowRoot) return;
      const stars = Number(this.getAttribute("stars"));
      this.shadowRoot.querySelector("span").innerHTML = [1, 2, 3, 4, 5]
        .map((i) => `<button data-star="${i}" class="${i <= stars ? "on" : ""}">★</button>`)
        .join("");
      this.shadowRoot.querySelector("rating-text").setAttribute("value", stars);
    }
  },
);

customElements.define(
  "rating-text",
  class extends HTMLElement {
    static observedAttributes = ["value"];
    attributeChangedCallback(_name, _old, value) {
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      root.textContent = `${value} of 5`;
    }
  },
);
