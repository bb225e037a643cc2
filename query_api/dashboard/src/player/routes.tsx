/** The player's routes, whose code is loaded on demand: the list needs no replayer. */

import { later } from "../shell/later.tsx";

/** Load the code of the pages; may be called early. */
export const pages = () => import("./pages.tsx");

/** The page at `/sessions/ID`. */
export const SessionPage = later(pages, (module) => module.SessionPage);
/** The page at `/shared/TOKEN`, which needs no key. */
export const SharedPage = later(pages, (module) => module.SharedPage);
