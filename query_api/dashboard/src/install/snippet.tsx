/** The tag for the pages, to be copied. */

import { me } from "../shell/account.ts";
import { Copy } from "../shell/copy.tsx";
import { isKnown, tagOf } from "./tag.ts";

export function Snippet({ websiteId }: { websiteId: string }) {
  const ingestUrl = me.value?.ingestUrl ?? null;
  return (
    <>
      <Copy label="Tag for the pages" text={tagOf(ingestUrl, websiteId)} />
      {!isKnown(ingestUrl) && (
        <p class="dim">
          Put the address of your ingest API in place of YOUR-INGEST-HOST. Where{" "}
          <code>REPLAY_INGEST_URL</code> is set, it stands here by itself.
        </p>
      )}
    </>
  );
}
