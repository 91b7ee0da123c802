// A real mail server (smtp-server) on a free port of this machine, for the tests of mail to offices. With a key it wants
// TLS, a user and a password; without one it is one of those that serve their own machine. Each mail that it takes
// becomes a file.
import { readFile, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";

import { SMTPServer } from "smtp-server";

const { values } = parseArgs({
  options: {
    into: { type: "string" },
    key: { type: "string" },
    certificate: { type: "string" },
    user: { type: "string" },
    password: { type: "string" },
    port: { type: "string", default: "0" },
    "without-tls": { type: "boolean", default: false },
  },
});

/** What it answers to whom it does not take mail for. */
const refusals = { refused: 550, later: 451 };
let taken = (await readdir(values.into)).filter((name) => name.endsWith(".json")).length;

function refusal(code, text) {
  return Object.assign(new Error(text), { responseCode: code });
}

const local = (address) => address.address.split("@")[0];

const server = new SMTPServer({
  ...(values.key
    ? {
        key: await readFile(values.key),
        cert: await readFile(values.certificate),
        hideSTARTTLS: values["without-tls"],
      }
    : { authOptional: true, hideSTARTTLS: true }),
  authMethods: ["PLAIN", "LOGIN"],
  onAuth({ username, password }, session, done) {
    if (username === values.user && password === values.password) done(null, { user: username });
    else done(refusal(535, "not with this password"));
  },
  onRcptTo(address, session, done) {
    const code = refusals[local(address)];
    done(code ? refusal(code, `${address.address} takes no mail`) : undefined);
  },
  async onData(stream, session, done) {
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    const { mailFrom, rcptTo } = session.envelope;
    const mail = {
      secure: session.secure,
      user: session.user,
      from: mailFrom.address,
      to: rcptTo.map(({ address }) => address),
      text: Buffer.concat(pieces).toString("latin1"),
    };
    taken += 1;
    const name = path.join(values.into, `${taken}.json`);
    await writeFile(`${name}.new`, JSON.stringify(mail));
    await rename(`${name}.new`, name);
    // Whoever is held never hears that the mail was taken.
    if (!rcptTo.some((address) => local(address) === "held")) done();
  },
});

server.on("error", (error) => process.stderr.write(`${error.message}\n`));
server.listen(Number(values.port), "127.0.0.1", () =>
  process.stdout.write(`ready ${server.server.address().port}\n`),
);
