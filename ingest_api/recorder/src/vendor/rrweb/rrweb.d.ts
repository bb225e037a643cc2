/** The part of rrweb that is bundled (see src/vendor/rrweb/patches.mjs), as far as it is called. */

declare module "rrweb" {
  import type { RrwebEvent } from "../../types.ts";

  interface Record {
    (options: {
      emit: (event: RrwebEvent) => void;
      blockSelector: string;
      sampling: { mousemove: number; mousemoveCallback: number; scroll: number };
      errorHandler: (error: unknown) => void;
    }): (() => void) | undefined;
    takeFullSnapshot(): void;
    mirror: { getId(node: Node | null): number };
  }
  export const record: Record;
}
