/** The visitor's view, as large as fits, with its notices. */

import { useComputed, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { pathOf } from "../model/marks.ts";
import { span } from "../model/time_format.ts";
import type { Engine } from "../playback/engine.ts";
import type { Recording } from "../playback/source.ts";
import { viewAt } from "../playback/stages.ts";

/** A phone's page on a large monitor is shown larger than it was, but not grotesquely so. */
const SCALE_MAX = 1.25;
const RESIZE_SHOWN_MS = 1_500;

interface PictureProps {
  engine: Engine | null;
  recording: Recording;
  screen: RefObject<HTMLDivElement | null>;
}

export function Picture({ engine, recording, screen }: PictureProps) {
  const room = useRef<HTMLDivElement>(null);
  const size = useSignal({ width: 0, height: 0 });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) size.value = { width: entry.contentRect.width, height: entry.contentRect.height };
    });
    observer.observe(room.current as Element);
    return () => observer.disconnect();
  }, [size]);
  const view = engine?.view.value ?? { width: 0, height: 0 };
  const scale = Math.min(
    SCALE_MAX,
    size.value.width / (view.width || 1),
    size.value.height / (view.height || 1),
  );
  const style = {
    width: `${view.width * scale}px`,
    height: `${view.height * scale}px`,
    "--scale": String(scale),
  };
  return (
    <>
      {engine && <Address engine={engine} recording={recording} />}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button below does it by keyboard */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Space does it anywhere */}
      <div
        class="player-room"
        ref={room}
        style={view.width ? { "--view": `${view.width} / ${view.height}` } : {}}
        onClick={() => engine?.toggle()}
      >
        <div class="player-screen" ref={screen} style={style} />
        {engine && <Overlay engine={engine} recording={recording} />}
      </div>
    </>
  );
}

function Address({ engine, recording }: { engine: Engine; recording: Recording }) {
  const view = useComputed(() => viewAt(recording.pageList, engine.atMs.value)).value;
  const { width, height } = engine.view.value;
  return (
    <div class="player-address">
      {recording.isLive && <span class="player-live">live</span>}
      <bdi class="player-url" title={view?.url ?? ""}>
        {pathOf(view?.url ?? recording.initialUrl) || "no address was recorded"}
      </bdi>
      {view?.title && <span class="player-title">{view.title}</span>}
      <span class="player-size" title="The visitor's view, CSS px">
        {width ? `${width} × ${height}` : ""}
      </span>
    </div>
  );
}

function Overlay({ engine, recording }: { engine: Engine; recording: Recording }) {
  const until = engine.skippingToMs.value;
  const trouble = engine.trouble.value;
  const page = useComputed(() => viewAt(recording.pageList, engine.atMs.value)).value;
  const gaps = recording.gaps.filter(({ pageId }) => pageId === page?.pageId);
  const missing = gaps
    .filter(({ kind }) => kind === "missing-chunks")
    .reduce((all, { firstSeq, lastSeq }) => all + lastSeq - firstSeq + 1, 0);
  return (
    <>
      {until !== null && (
        <div class="player-over">Nothing happens for {span(until - engine.atMs.value)}</div>
      )}
      {engine.isLoading.value && trouble === null && (
        <div class="player-over player-loading" role="status">
          Loading
        </div>
      )}
      {trouble === "nothing-to-draw" && (
        <div class="player-trouble" role="status">
          No picture of this page arrived. What is known of it stands in the panels.
        </div>
      )}
      {trouble === "unreachable" && (
        <div class="player-trouble" role="alert">
          The rest cannot be loaded now.
        </div>
      )}
      <div class="player-notices">
        {engine.isDamaged.value && (
          <p role="status">Part of this recording is damaged; the rest is shown.</p>
        )}
        {missing > 0 && (
          <p role="status">
            {missing === 1 ? "A part" : `${missing} parts`} of this page never arrived: what is
            shown may lack changes.
          </p>
        )}
      </div>
      <Resized engine={engine} />
    </>
  );
}

/** Tells a new size of the view while it is new. */
function Resized({ engine }: { engine: Engine }) {
  const { width, height } = engine.view.value;
  const isNew = useSignal(false);
  const before = useRef(0);
  useEffect(() => {
    const had = before.current;
    before.current = width * 1e5 + height;
    if (!had || had === before.current) return;
    isNew.value = true;
    const timer = setTimeout(() => {
      isNew.value = false;
    }, RESIZE_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [width, height, isNew]);
  return isNew.value ? (
    <div class="player-over">
      The view became {width} × {height}
    </div>
  ) : null;
}
