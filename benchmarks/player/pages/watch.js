// Put into every page before its own scripts. Tells when something that one waits for was painted:
// two pictures after it is in the document, the second of which cannot begin before the first is out.
window.bench = {
  /** Resolve with ms since the navigation began. */
  painted(isThere) {
    return new Promise((resolve) => {
      const look = () => {
        if (!isThere()) requestAnimationFrame(look);
        else requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
      };
      look();
    });
  },
  /** Whether the recorded page is drawn. */
  hasFrame() {
    const frame = document.querySelector(".replayer-wrapper iframe");
    const body = frame?.contentDocument?.body;
    return Boolean(body && body.childElementCount > 0);
  },
  hasRows: () => document.querySelectorAll("tbody tr").length > 0,
  /** Do it, and resolve with the ms until `isThere` is painted. */
  async after(work, isThere) {
    const begun = performance.now();
    work();
    await new Promise(requestAnimationFrame);
    return (await this.painted(isThere)) - begun;
  },
  /** Count pictures for a while: how many were due, and how many were left out. */
  pictures(forMs) {
    return new Promise((resolve) => {
      const times = [];
      const look = (now) => {
        times.push(now);
        if (now - times[0] < forMs) requestAnimationFrame(look);
        else {
          const due = Math.round((now - times[0]) / (1000 / 60));
          const gaps = times.slice(1).map((time, number) => time - times[number]);
          resolve({ due, dropped: due - gaps.length, longestMs: Math.max(...gaps) });
        }
      };
      requestAnimationFrame(look);
    });
  },
};
