/** A website's settings, in parts that have addresses of their own. */

import { useEffect, useState } from "preact/hooks";
import type { Website } from "../api/types.ts";
import { linkTo, me } from "../shell/account.ts";
import { useCentred } from "../shell/centred.ts";
import { repeated } from "../shell/fetched.ts";
import { Trouble } from "../shell/trouble.tsx";
import { Audit } from "./audit.tsx";
import { changes, look, problem, refused, saved } from "./draft.ts";
import { Erasures } from "./erasure.tsx";
import { FIELDS, type Name, pathOf } from "./fields.ts";
import { Install } from "./install.tsx";
import { Keys } from "./keys.tsx";
import { Privacy } from "./privacy.tsx";
import { Recording } from "./recording.tsx";
import { SaveBar, saveAndShow } from "./save_bar.tsx";
import "./settings.css";
import { WebsiteSettings } from "./website.tsx";

const EVERY_MS = 15_000; // somebody else may change them
const PARTS = {
  recording: "Recording",
  privacy: "Privacy",
  website: "Website and plan",
  install: "Install",
  keys: "Keys",
  erasure: "Erasure",
  audit: "Audit log",
};
type Part = keyof typeof PARTS;
const SAVED = { recording: Recording, privacy: Privacy, website: WebsiteSettings };

export function SettingsPage({ website, part }: { website: Website; part: string }) {
  const shown: Part = Object.hasOwn(PARTS, part) ? (part as Part) : "recording";
  const [round, setRound] = useState(0);
  const parts = useCentred(shown);
  const isAdmin = me.value?.role === "admin";
  useEffect(
    () => repeated(EVERY_MS, (stop) => look(website.website_id, stop)),
    [website.website_id, round],
  );
  return (
    <main class="page settings" id="main">
      <header class="page-head">
        <h1>Settings</h1>
      </header>
      <nav aria-label="Settings" ref={parts}>
        {Object.entries(PARTS).map(([name, label]) => (
          <a
            href={linkTo(pathOf(name))}
            key={name}
            aria-current={name === shown ? "page" : undefined}
          >
            {label}
            {isAdmin && isChanged(name) && (
              <span class="unsaved" role="img" aria-label="unsaved changes" />
            )}
          </a>
        ))}
      </nav>
      <div class="settings-part">
        {!isAdmin && <Viewer />}
        {problem.value && <Trouble problem={problem.value} onRetry={() => setRound(round + 1)} />}
        <Form part={shown} />
        <Others part={shown} website={website} isAdmin={isAdmin} />
        {isAdmin && <SaveBar />}
      </div>
    </main>
  );
}

const isChanged = (part: string) =>
  Object.keys(changes.value).some((name) => FIELDS[name as Name].part === part);

function Viewer() {
  return (
    <p class="notice-line">
      Your key may look (viewer), so nothing can be changed here. Sign in with an admin key to
      change settings; <code>replaylake key create --website ID --role admin</code> makes one.
    </p>
  );
}

/** The parts that are saved together: their bar submits this form from wherever it stands. */
function Form({ part }: { part: Part }) {
  const name = refused.value?.name;
  // What was refused may stand in another part: who gets there is led to it.
  useEffect(() => {
    if (name && FIELDS[name].part === part) document.getElementById(`set-${name}`)?.focus();
  }, [refused.value, part]);
  const Fields = Object.hasOwn(SAVED, part) ? SAVED[part as keyof typeof SAVED] : null;
  return (
    <form
      id="settings"
      onSubmit={(event) => {
        event.preventDefault();
        void saveAndShow();
      }}
    >
      {Fields && saved.value && <Fields />}
      {Fields && !saved.value && !problem.value && <p class="dim loading">Reading settings …</p>}
    </form>
  );
}

function Others(props: { part: Part; website: Website; isAdmin: boolean }) {
  const { part, website, isAdmin } = props;
  switch (part) {
    case "install":
      return <Install website={website} key={website.website_id} />;
    case "keys":
      return isAdmin ? <Keys website={website} key={website.website_id} /> : <AdminsOnly />;
    case "erasure":
      return <Erasures website={website} isAdmin={isAdmin} key={website.website_id} />;
    case "audit":
      return isAdmin ? <Audit website={website} key={website.website_id} /> : <AdminsOnly />;
    default:
      return null;
  }
}

function AdminsOnly() {
  return <p>Who has which key, and who did what, is shown to admins only.</p>;
}
