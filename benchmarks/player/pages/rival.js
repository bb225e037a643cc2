// Plays a session as the documentation of rrweb and of its player say: all events first, then the
// player. `?with=player` or `?with=replayer`, `&session=ID`.
const asked = new URLSearchParams(location.search);
const target = document.getElementById("player");

async function play() {
  const answer = await fetch(`/api/replay/${asked.get("session")}`, {
    headers: { Accept: "application/json" },
  });
  const events = await answer.json();
  if (asked.get("with") === "player") {
    const Player = window.rrwebPlayer.Player ?? window.rrwebPlayer.default ?? window.rrwebPlayer;
    const player = new Player({
      target,
      props: { events, width: 1024, height: 600, autoPlay: true, skipInactive: true },
    });
    window.seekTo = (ms) => player.goto(ms, false);
    window.watchAt = (speed) => {
      player.setSpeed(speed);
      player.goto(0, true);
    };
    window.durationMs = player.getMetaData().totalTime;
  } else {
    const player = new window.rrweb.Replayer(events, { root: target, skipInactive: true });
    player.play();
    window.seekTo = (ms) => player.pause(ms);
    window.watchAt = (speed) => {
      player.setConfig({ speed });
      player.play(0);
    };
    window.durationMs = player.getMetaData().totalTime;
  }
}
play();
