/** Which page is shown, and to whom. */

import { useState } from "preact/hooks";
import { isSignedOut, type Problem } from "../api/client.ts";
import { ErrorPage } from "../errors/error_page.tsx";
import { ErrorsPage } from "../errors/errors_page.tsx";
import { FrustrationPage } from "../frustration/frustration_page.tsx";
import { HeatmapPage } from "../heatmap/routes.tsx";
import { OverviewPage } from "../overview/routes.tsx";
import { SessionPage, SharedPage } from "../player/routes.tsx";
import { ListPage } from "../sessions/list_page.tsx";
import { SettingsPage } from "../settings/routes.tsx";
import { linkTo, me, website } from "./account.ts";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { useKeys } from "./keys.ts";
import { address, go, type Route, routeOf } from "./route.ts";
import { SignIn } from "./sign_in.tsx";

interface Props {
  problem: Problem | null;
  onRetry: () => Promise<void>;
}

export function App({ problem, onRetry }: Props) {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const route = routeOf(address.value.pathname);
  // The player has keys and a help of its own.
  const onHelp = route?.page === "session" ? null : () => setHelpOpen(true);
  useKeys({ "?": () => onHelp?.() });
  if (route?.page === "shared") return <SharedPage token={route.id} key={route.id} />;
  if (!me.value || isSignedOut.value) return <SignIn {...{ problem, onRetry }} />;
  return (
    <>
      {route && <Header route={route} onHelp={onHelp} />}
      {route && <Page route={route} />}
      {isHelpOpen && <Help onClose={() => setHelpOpen(false)} />}
    </>
  );
}

function Page({ route }: { route: Route }) {
  const shown = website.value;
  if (!shown) {
    return (
      <main class="page" id="main">
        <div class="notice">
          <h1>There is no website yet</h1>
          <pre>replaylake website create NAME --plan pro --origin https://shop.example</pre>
        </div>
      </main>
    );
  }
  switch (route.page) {
    case "sessions":
      return <ListPage website={shown} />;
    case "errors":
      return <ErrorsPage website={shown} />;
    case "overview":
      return <OverviewPage website={shown} />;
    case "frustration":
      return <FrustrationPage website={shown} />;
    case "settings":
      return <SettingsPage website={shown} part={route.id} />;
    case "heatmap":
      return <HeatmapPage website={shown} />;
    case "error":
      return <ErrorPage website={shown} fingerprint={route.id} key={route.id} />;
    case "session":
      return (
        <SessionPage
          websiteId={shown.website_id}
          sessionId={route.id}
          isAdmin={me.value?.role === "admin"}
          onErased={() => go(linkTo("/sessions"))}
          key={route.id}
        />
      );
    default:
      return <main class="page" id="main" />;
  }
}
