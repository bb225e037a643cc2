/** The pages at `/sessions/ID` and `/shared/TOKEN`. */

import { useMemo } from "preact/hooks";
import { sessionSource, sharedSource } from "./playback/source.ts";
import { Player } from "./ui/player.tsx";

interface SessionPageProps {
  websiteId: string;
  sessionId: string;
  /** Whether the viewer's key may share and erase. */
  isAdmin: boolean;
  onErased?: () => void;
}

export function SessionPage({ websiteId, sessionId, isAdmin, onErased }: SessionPageProps) {
  const source = useMemo(
    () => sessionSource(websiteId, sessionId, isAdmin),
    [websiteId, sessionId, isAdmin],
  );
  return (
    <main id="main">
      <Player source={source} {...(onErased ? { onErased } : {})} />
    </main>
  );
}

export function SharedPage({ token }: { token: string }) {
  const source = useMemo(() => sharedSource(token), [token]);
  return (
    <main id="main" class="player-alone">
      <Player source={source} />
    </main>
  );
}
