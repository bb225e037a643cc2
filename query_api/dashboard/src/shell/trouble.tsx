/** What went wrong, and what to do about it. */

import type { Problem } from "../api/client.ts";

interface Props {
  problem: Problem;
  onRetry?: () => void;
  /** Where the address may be what is wrong. */
  onClear?: () => void;
}

export function Trouble({ problem, onRetry, onClear }: Props) {
  return (
    <div class="notice" role="alert">
      <h2>{titleOf(problem)}</h2>
      <p>{problem.message}</p>
      {onRetry && problem.isPassing && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
      {onClear && problem.status === 400 && (
        <button type="button" onClick={onClear}>
          Clear filters
        </button>
      )}
    </div>
  );
}

function titleOf({ status, parameter }: Problem): string {
  if (status === 0) return "No connection";
  if (status === 400 && parameter) return "The address asks for something that is unknown here";
  if (status === 403) return "This key may not do that";
  if (status === 404) return "There is nothing here";
  if (status === 429) return "Too many requests";
  if (status >= 500) return "The lake cannot be read now";
  return "That did not work";
}
