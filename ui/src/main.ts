import { mount } from "svelte";

import App from "./app/App.svelte";
import { m } from "./messages/catalogue";
import { openPlatform } from "./platform/registry";
import "./theme/tokens.css";
import "./theme/base.css";

const target = document.getElementById("app");
document.title = m.app.name();

if (target) {
  const platform = openPlatform(window);
  if (platform) {
    mount(App, { target, props: { platform } });
  } else {
    // Opened without a desk behind it: say so instead of showing an empty page.
    target.textContent = m.app.bridge_missing();
  }
}
