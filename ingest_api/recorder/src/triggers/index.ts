/** What `errors_only` and `smart` mode need: the buffer that waits for a trigger, and the rules. */

export { Checkpoints, chunksOf } from "./checkpoints.ts";
export { Triggers } from "./rules.ts";
