/** A text to be taken along, by a button. */

import { useRef, useState } from "preact/hooks";

export function Copy({ label, text }: { label: string; text: string }) {
  const shown = useRef<HTMLPreElement>(null);
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      // Without TLS browsers have no clipboard for pages.
      if (shown.current) getSelection()?.selectAllChildren(shown.current);
      setSaid("Selected: copy it by Ctrl+C");
    }
  };
  return (
    <div class="copy">
      <pre ref={shown}>{text}</pre>
      <button type="button" onClick={copy} aria-label={`Copy: ${label}`}>
        Copy
      </button>
      <output class="dim">{said}</output>
    </div>
  );
}
