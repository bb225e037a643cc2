/** Asks again before what cannot be undone. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/client.ts";

interface Props {
  title: string;
  /** What the button says that does it. */
  deed: string;
  /** Throws `Problem`; the dialog says it. */
  onDo: () => Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
}

export function Confirm({ title, deed, onDo, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const way_out = useRef<HTMLButtonElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  useEffect(() => {
    dialog.current?.showModal();
    way_out.current?.focus();
  }, []);
  const go = async () => {
    setBusy(true);
    try {
      await onDo();
      dialog.current?.close();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setSaid(error.message);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="confirm-title" class="confirm">
      <h2 id="confirm-title">{title}</h2>
      {children}
      <p class="says" role="alert">
        {said}
      </p>
      <div class="deeds">
        <button type="button" ref={way_out} onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class="danger" disabled={isBusy} onClick={go}>
          {deed}
        </button>
      </div>
    </dialog>
  );
}
