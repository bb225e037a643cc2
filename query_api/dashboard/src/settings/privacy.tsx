/** What recorders hide before anything leaves a page. */

import { saved, written } from "./draft.ts";
import { Choice, Switch } from "./form.tsx";
import { MASK_MODES, type MaskMode, PREVIEW } from "./mask_preview.ts";

export function Privacy() {
  const mode = (written.value.mask_text ?? saved.value?.privacy.mask_text) as MaskMode | undefined;
  return (
    <>
      <section class="card">
        <Switch name="mask_emails">
          In fields, even where <code>data-public</code> shows their values, and in texts. Off: both
          are recorded as they are.
        </Switch>
        <Switch name="mask_patterns">
          E-mail addresses, cards, social security numbers, phone numbers and tokens, in texts,
          attributes, titles, addresses and errors. Off: only what is typed or marked is hidden.
        </Switch>
        <Choice name="mask_text" options={[...MASK_MODES]} />
        <p class="dim">
          <code>data-mask="numbers"</code> or <code>data-mask="all"</code> on an element is stricter
          for what is in it.
        </p>
        <figure class="mask-preview" aria-live="polite">
          <figcaption class="dim">A page as it is recorded:</figcaption>
          {PREVIEW.map((line) => (
            <p key={line.patterns}>{line[mode ?? "patterns"]}</p>
          ))}
        </figure>
        <Switch name="require_consent">
          Nothing is recorded or held in memory before the page calls{" "}
          <code>replaylake.consent(true)</code>; <code>replaylake.consent(false)</code> stops it and
          drops what is not sent.
        </Switch>
      </section>
      <section class="card">
        <h2>Always hidden</h2>
        <ul>
          <li>
            What is typed, also where the page repeats it. <code>data-public</code> on a field, or
            around it, shows its value.
          </li>
          <li>Passwords, card numbers and social security numbers in fields, marked or not.</li>
          <li>
            Everything in an element with <code>data-private</code>;{" "}
            <code>data-private="block"</code> leaves a blank box.
          </li>
          <li>
            Values in the query of addresses, but for <code>utm_…</code>.
          </li>
        </ul>
        <p class="dim">
          Browsers that send Global Privacy Control are not recorded. There are no cookies, and no
          visitor's IP address is stored.
        </p>
      </section>
    </>
  );
}
