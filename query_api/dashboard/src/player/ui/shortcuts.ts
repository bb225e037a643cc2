/** Map keys to actions of the player. Pure. */

export type Command =
  | { do: "toggle" }
  | { do: "move"; byMs: number }
  | { do: "step"; direction: 1 | -1 }
  | { do: "speed"; speed: number }
  | { do: "mark"; direction: 1 | -1 }
  | { do: "fullscreen" }
  | { do: "skip" }
  | { do: "copy" }
  | { do: "help" }
  | { do: "close" };

/** Keys and descriptions for the help dialog. */
export const KEYS: readonly [keys: string, does: string][] = [
  ["Space", "play or pause"],
  ["← →", "5 seconds back or on"],
  [", .", "one event back or on"],
  ["P N", "previous or next marker"],
  ["1 2 4", "speed"],
  ["S", "skip inactivity or not"],
  ["F", "full screen"],
  ["C", "copy a link to this moment"],
  ["?", "these keys"],
];

const COMMANDS: Record<string, Command> = {
  " ": { do: "toggle" },
  ArrowLeft: { do: "move", byMs: -5_000 },
  ArrowRight: { do: "move", byMs: 5_000 },
  ".": { do: "step", direction: 1 },
  ",": { do: "step", direction: -1 },
  n: { do: "mark", direction: 1 },
  p: { do: "mark", direction: -1 },
  "1": { do: "speed", speed: 1 },
  "2": { do: "speed", speed: 2 },
  "4": { do: "speed", speed: 4 },
  f: { do: "fullscreen" },
  s: { do: "skip" },
  c: { do: "copy" },
  "?": { do: "help" },
  Escape: { do: "close" },
};

/** The key press and its target. */
export interface Press {
  key: string;
  hasModifier: boolean;
  /** The focused element's tag, in small letters, and its role. */
  tag: string;
  role: string | null;
}

/** Return the action of a key press, or null if it is not for the player. */
export function commandOf({ key, hasModifier, tag, role }: Press): Command | null {
  if (hasModifier || tag === "textarea" || tag === "select") return null;
  if (tag === "input" && key !== "Escape") return null;
  // Space presses the button that has the focus; arrows change a slider or a tab.
  if (key === " " && (tag === "button" || tag === "a" || tag === "summary")) return null;
  if (key.startsWith("Arrow") && (role === "slider" || role === "tab")) return null;
  return COMMANDS[key.length === 1 ? key.toLowerCase() : key] ?? null;
}
