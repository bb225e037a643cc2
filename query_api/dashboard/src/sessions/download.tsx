/** The button that saves a view as CSV. */

import { useState } from "preact/hooks";
import { Problem } from "../api/client.ts";
import type { Website } from "../api/types.ts";
import { count } from "../shell/format.ts";
import { csvOf, ROWS_MAX, save, wholeView } from "./csv.ts";

interface Props {
  website: Website;
  view: URLSearchParams;
  isEmpty: boolean;
}

export function Download({ website, view, isEmpty }: Props) {
  const [said, setSaid] = useState("");
  const [isBusy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      const tell = (so: number) => setSaid(`${count(so)} rows …`);
      const sessions = await wholeView(website.website_id, new URLSearchParams(view), tell);
      save(csvOf(sessions), `sessions-${website.website_id}.csv`);
      setSaid(sessions.length >= ROWS_MAX ? `The first ${count(sessions.length)} were saved.` : "");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setSaid(problem.message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <output class="dim download-said">{said}</output>
      <button type="button" disabled={isBusy || isEmpty} onClick={download}>
        CSV
      </button>
    </>
  );
}
