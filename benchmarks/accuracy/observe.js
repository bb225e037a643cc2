// In every page of a visit: starts both recorders, and tells when its visitor clicks and scrolls.
// `accuracy_tell` is the driver's, and outlives the page; PORT and VISIT are filled in.
(() => {
  if (window !== window.top || !location.protocol.startsWith("http")) return;
  const page = String(performance.timeOrigin);
  const tell = (what, value) => window.accuracy_tell(what, page, value);
  tell("page", location.href);
  addEventListener("click", (event) => {
    if (event.isTrusted)
      tell("click", [Date.now(), event.timeStamp, event.clientX, event.clientY, event.detail]);
  }, true);
  addEventListener("scroll", ({ target }) => {
    const box = target === document ? document.scrollingElement : target;
    tell("scroll", [Date.now(), box.scrollTop]);
  }, true);
  addEventListener("DOMContentLoaded", () => {
    rrweb.record({ emit: (event) => tell("event", JSON.stringify(event)) });
    const script = document.createElement("script");
    script.async = true;
    script.src = "http://localhost:PORT/r.js";
    script.dataset.website = "VISIT";
    script.dataset.bots = "record";
    document.head.append(script);
  });
})();
