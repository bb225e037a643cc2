/** Starts the page of one exported session: the player, and all that it plays, in one file. */

import { render } from "preact";
import { Player } from "../player/ui/player.tsx";
import { fileSource } from "./source.ts";
import "../styles/base.css";
import "./offline.css";

const root = document.getElementById("app");
if (root) {
  render(
    <main id="main" class="player-alone">
      <Player source={fileSource(document)} />
    </main>,
    root,
  );
}
