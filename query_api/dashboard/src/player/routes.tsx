/** The player's pages, loaded once somebody opens one: the list needs no replayer. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

type Pages = typeof import("./pages.tsx");

function later<Name extends keyof Pages>(name: Name): Pages[Name] {
  type Props = Parameters<Pages[Name]>[0];
  const Later = (props: Props) => {
    const [pages, setPages] = useState<Pages | null>(null);
    useEffect(() => {
      import("./pages.tsx").then(setPages);
    }, []);
    const Loaded = pages?.[name] as ComponentType<Props> | undefined;
    return Loaded ? <Loaded {...props} /> : <main id="main" class="loading" aria-busy="true" />;
  };
  return Later as Pages[Name];
}

/** The page at `/sessions/ID`. */
export const SessionPage = later("SessionPage");
/** The page at `/shared/TOKEN`, which needs no key. */
export const SharedPage = later("SharedPage");
