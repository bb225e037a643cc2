/** What keys do: single ones, and only where nobody writes. */

import { useLayoutEffect } from "preact/hooks";

export type Deeds = Record<string, (event: KeyboardEvent) => void>;

/** While the component is there, a key does what `deeds` says. */
export function useKeys(deeds: Deeds): void {
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const deed = Object.hasOwn(deeds, event.key) ? deeds[event.key] : undefined;
      if (!deed || event.ctrlKey || event.metaKey || event.altKey || isWriting(event)) return;
      if (document.querySelector("dialog[open]")) return;
      deed(event);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
}

function isWriting({ target }: KeyboardEvent): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea");
}
