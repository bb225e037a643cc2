/** Page views: the load, and each time the address changes without one. */

import { guard } from "../guard.ts";
import type { Recording, Stop } from "../types.ts";
import { nearest, PRIVATE } from "./element_path.ts";
import { all, listen, navigation, replace } from "./listen.ts";

const TITLE_MS = 250; // routers change the address first, the title with what they then render

/** Note the page as it is now. `back`: it was reached by the browser's Back or Forward. */
export function notePage(recording: Recording, back: boolean): void {
  recording.note("replaylake.page", {
    url: location.href,
    title: nearest(document.querySelector("title"), PRIVATE) ? "*****" : document.title,
    width: innerWidth,
    height: innerHeight,
    back,
  });
}

interface NavigationChange extends Event {
  navigationType?: string | null;
}

/** Whether this document was reached by Back or Forward. */
export function isReturn(): boolean {
  const [entry] = performance.getEntriesByType("navigation");
  return (entry as PerformanceNavigationTiming | undefined)?.type === "back_forward";
}

/** Note the page each time its address has changed. */
export function onNavigation(recording: Recording): Stop {
  let noted = location.href;
  let timer = 0;
  let back = false;
  let length = history.length;
  const finish = guard(() => {
    clearTimeout(timer);
    timer = 0;
    if (location.href === noted) return;
    noted = location.href;
    notePage(recording, back);
    back = false;
  });
  const look = guard((event?: Event) => {
    // Without the Navigation API: an address is of the page's history if the history does not grow.
    const way = (event as NavigationChange | undefined)?.navigationType;
    if (!timer) back = false;
    back ||= way === "traverse" || (event?.type === "popstate" && history.length === length);
    length = history.length;
    if (!timer && location.href !== noted) timer = window.setTimeout(finish, TITLE_MS);
  });

  const stops = [listen("pagehide", finish)];
  if (navigation) {
    stops.push(listen("currententrychange", look, navigation));
  } else {
    stops.push(listen("popstate hashchange", look));
    for (const name of ["pushState", "replaceState"] as const) {
      stops.push(
        replace(
          history,
          name,
          (original) =>
            function (this: History, ...given: Parameters<History["pushState"]>) {
              const result = original.apply(this, given);
              look();
              return result;
            },
        ),
      );
    }
  }
  stops.push(() => clearTimeout(timer));
  return all(stops);
}
