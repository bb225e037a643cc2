/** The few icons of the player, drawn on a grid of 16. */

const PATHS = {
  play: "M5 3.2v9.6L12.5 8z",
  pause: "M4.5 3h2.6v10H4.5zM9 3h2.6v10H9z",
  previous: "M3.5 3.5h1.6v9H3.5zM13 3.5v9L6 8z",
  next: "M10.9 3.5h1.6v9h-1.6zM3 3.5v9L10 8z",
  link: "M6.5 9.5l3-3M7 4.5l1.3-1.3a2.6 2.6 0 0 1 3.7 3.7L10.7 8.2M9 11.5l-1.3 1.3A2.6 2.6 0 0 1 4 9.1l1.3-1.3",
  share: "M8 9.5v-7M5.3 4.9 8 2.2l2.7 2.7M3.5 8v5h9V8",
  export: "M8 2.5v7M5.3 6.9 8 9.6l2.7-2.7M3.5 10v3h9v-3",
  remove: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M6.9 7v4M9.1 7v4",
  fullscreen: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  help: "M6 6.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.5M8 11.6v.6",
} as const;

const FILLED = new Set<string>(["play", "pause", "previous", "next"]);

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="player-icon" viewBox="0 0 16 16" data-filled={FILLED.has(name)} aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
