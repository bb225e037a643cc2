/** gzip, off the main path where there is time for it, and at once where there is none. */

import { gzipSync } from "./sync_gzip.ts";

/** Compress beside the page's own work. */
export async function gzip(text: string): Promise<Blob> {
  if (typeof CompressionStream !== "function") return gzipNow(text);
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return asText(await new Response(stream).arrayBuffer());
}

/** Compress before the next line: a page that is being left has no later. */
export function gzipNow(text: string): Blob {
  return asText(gzipSync(new TextEncoder().encode(text)));
}

// As plain text it may cross origins without a question beforehand; that it is gzip, its first
// bytes tell.
function asText(bytes: BlobPart): Blob {
  return new Blob([bytes], { type: "text/plain" });
}
