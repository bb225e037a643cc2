/** The page at `/heatmap`, loaded with the replayer once somebody opens it. */

import { later } from "../shell/later.tsx";

export const HeatmapPage = later(
  () => import("./heatmap_page.tsx"),
  (module) => module.HeatmapPage,
);
