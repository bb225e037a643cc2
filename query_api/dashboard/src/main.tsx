/** Starts the dashboard: signs in by what a link brought, or looks who is signed in. */

import { render } from "preact";
import { isSignedOut, Problem } from "./api/client.ts";
import { pages as loadPlayer } from "./player/routes.tsx";
import { recognise, remember, signIn, takeKey } from "./shell/account.ts";
import { App } from "./shell/app.tsx";
import { address, routeOf, start } from "./shell/route.ts";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/lists.css";
import "./styles/figures.css";

const key = takeKey();
start();
const enter = () => (key ? signIn(key) : recognise());
// While it is asked who is there, what the page needs is on its way.
const page = routeOf(address.value.pathname)?.page;
if (page === "session" || page === "shared") void loadPlayer();
let problem: Problem | null = null;
const known = enter();
const isKnown = !key && remember();
try {
  if (!isKnown) await known;
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  // Without a cookie there is nothing to say but the question for a key.
  if (key || !isSignedOut.value) problem = error;
}
// What the page asks for goes wrong in the same way, and it says so.
if (isKnown) known.catch(() => {});
const root = document.getElementById("app");
if (root) render(<App problem={problem} onRetry={enter} />, root);
