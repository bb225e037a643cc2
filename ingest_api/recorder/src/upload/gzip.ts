/** Compress with gzip, asynchronously where there is time and synchronously where not. */

import { loadGzip } from "../parts.ts";

let gzipSync: ((bytes: Uint8Array) => Uint8Array<ArrayBuffer>) | undefined;

/** Load what compresses synchronously. Until then, what a page leaves behind is sent as it is. */
export function prepareGzip(): void {
  if (gzipSync) return;
  loadGzip().then(
    (part) => {
      gzipSync = part.gzipSync;
    },
    () => {},
  );
}

/** Compress asynchronously. */
export async function gzip(text: string): Promise<Blob> {
  if (typeof CompressionStream !== "function") return gzipNow(text);
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return asText(await new Response(stream).arrayBuffer());
}

/** Compress synchronously: a page that is being left has no time. */
export function gzipNow(text: string): Blob {
  const bytes = new TextEncoder().encode(text);
  return asText(gzipSync ? gzipSync(bytes) : bytes);
}

// Plain text needs no CORS preflight; the first bytes show that it is gzip.
function asText(bytes: BlobPart): Blob {
  return new Blob([bytes], { type: "text/plain" });
}
