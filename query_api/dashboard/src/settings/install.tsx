/** How a page is recorded: the tag, what its policy must allow, and whether anything arrives. */

import { useState } from "preact/hooks";
import type { Website } from "../api/types.ts";
import { Snippet } from "../install/snippet.tsx";
import { policyOf } from "../install/tag.ts";
import { WhyNothing } from "../install/why_nothing.tsx";
import { me } from "../shell/account.ts";
import { Copy } from "../shell/copy.tsx";
import { Arrival } from "./arrival.tsx";
import { saved } from "./draft.ts";

export function Install({ website }: { website: Website }) {
  const [isAnything, setAnything] = useState<boolean | null>(null);
  return (
    <>
      <section class="card">
        <h2>1. Put the tag into every page</h2>
        <p>Anywhere in the head. It waits for the page, and the page does not wait for it.</p>
        <Snippet websiteId={website.website_id} />
        <p>Pages with a Content-Security-Policy must allow it there:</p>
        <Copy label="Content-Security-Policy" text={policyOf(me.value?.ingestUrl ?? null)} />
      </section>
      <section class="card">
        <h2>2. See it arrive</h2>
        <Arrival website={website} onSeen={setAnything} />
        {saved.value && isAnything !== null && (
          <details open={!isAnything} key={String(isAnything)}>
            <summary>{isAnything ? "A page is not recorded?" : "Nothing comes?"}</summary>
            <WhyNothing settings={saved.value} />
          </details>
        )}
      </section>
    </>
  );
}
