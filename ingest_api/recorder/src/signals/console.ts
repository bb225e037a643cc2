/** What the page logs with `console.error`: its texts and errors, never the contents of objects. */

import { guard } from "../guard.ts";
import type { Stop } from "../types.ts";
import { nameOf, type Report } from "./errors.ts";
import { replace } from "./listen.ts";

const ARGUMENTS_MAX = 10; // what follows is hardly read by anybody

export function onConsoleError(report: Report): Stop {
  let isReporting = false; // a getter of an error's may log itself
  let isOn = true;
  const see = guard((said: unknown[]) => {
    report("console", said.slice(0, ARGUMENTS_MAX).map(nameOf).join(" "), said);
  });
  const restore = replace(
    console,
    "error",
    (original) =>
      function (this: Console, ...said: unknown[]) {
        if (isOn && !isReporting) {
          isReporting = true;
          see(said);
          isReporting = false;
        }
        return original.apply(this, said);
      },
  );
  return () => {
    isOn = false;
    restore();
  };
}
