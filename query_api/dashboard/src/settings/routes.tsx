/** The pages at `/settings`, loaded once somebody opens one. */

import { later } from "../shell/later.tsx";

export const SettingsPage = later(
  () => import("./settings_page.tsx"),
  (module) => module.SettingsPage,
);
