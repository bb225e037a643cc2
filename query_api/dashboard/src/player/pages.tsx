/** The pages at `/sessions/ID` and `/shared/TOKEN`. */

import { useMemo } from "preact/hooks";
import { Player } from "./player.tsx";
import { sessionSource, sharedSource } from "./source.ts";

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
  return <Player source={source} {...(onErased ? { onErased } : {})} />;
}

export function SharedPage({ token }: { token: string }) {
  const source = useMemo(() => sharedSource(token), [token]);
  return <Player source={source} />;
}
