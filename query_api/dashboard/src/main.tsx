/** Starts the dashboard. */

import { render } from "preact";

const root = document.getElementById("app");
if (root) render(<p>replaylake</p>, root);
