/** The player's pages, loaded once somebody opens one: the list needs no replayer. */

import { later } from "../shell/later.tsx";

/** Load them; who begins early waits less. */
export const pages = () => import("./pages.tsx");

/** The page at `/sessions/ID`. */
export const SessionPage = later(pages, (module) => module.SessionPage);
/** The page at `/shared/TOKEN`, which needs no key. */
export const SharedPage = later(pages, (module) => module.SharedPage);
