// The same rules as for the tests of the page in a browser.
export { default } from "../e2e/eslint.config.js";
