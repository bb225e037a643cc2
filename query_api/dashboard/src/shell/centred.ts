/** Links in a line that may be longer than the screen: the one of now is in sight. */

import { useEffect, useRef } from "preact/hooks";

/** Centre the current link of a `nav` each time that `of` changes; the page itself stays. */
export function useCentred(of: string) {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (!nav.current || !current) return;
    nav.current.scrollLeft =
      current.offsetLeft - (nav.current.clientWidth - current.clientWidth) / 2;
  }, [of]);
  return nav;
}
