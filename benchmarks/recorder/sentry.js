// Sentry's replay as its documentation sets it up, for the bundler.
import { init, replayIntegration } from "@sentry/browser";

init({
  dsn: `${new URL(document.currentScript.src).origin.replace("//", "//public@")}/1`,
  integrations: [replayIntegration()],
  replaysSessionSampleRate: 1,
});
