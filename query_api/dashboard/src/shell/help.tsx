/** What keys do, in a dialog. */

import { useEffect, useRef } from "preact/hooks";

const KEYS: [string, string][] = [
  ["j  k", "next and previous row"],
  ["Enter", "open it"],
  ["/", "look for a page's address"],
  ["Esc", "let go"],
  ["?", "this help"],
];

export function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    close.current?.focus();
  }, []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-label="Keys">
      <h2>Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, deed]) => (
          <div key={keys}>
            <dt>
              {keys.split("  ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{deed}</dd>
          </div>
        ))}
      </dl>
      <p>
        Programs ask the same API: <a href="/docs">reference</a>.
      </p>
      <form method="dialog">
        <button type="submit" ref={close}>
          Close
        </button>
      </form>
    </dialog>
  );
}
