/** The page at `/overview`, loaded with its charts once somebody opens it. */

import { later } from "../shell/later.tsx";

export const OverviewPage = later(
  () => import("./overview_page.tsx"),
  (module) => module.OverviewPage,
);
