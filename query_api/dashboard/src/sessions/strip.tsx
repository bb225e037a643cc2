/** How much was done in each sixtieth of a session, as a strip of bars. */

const HEIGHT = 10; // of the highest digit, with a line below

export function Strip({ activity }: { activity: string }) {
  const bars = [...activity.slice(0, 60)].map((digit, x) => {
    const height = Number(digit) || 0;
    return height > 0 ? `M${x} ${HEIGHT}v-${height}` : "";
  });
  return (
    <svg
      class="strip"
      viewBox={`-.5 0 60 ${HEIGHT + 1}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path class="strip-ground" d={`M-.5 ${HEIGHT}.4h60`} />
      <path d={bars.join("")} />
    </svg>
  );
}
