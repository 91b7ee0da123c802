// A publisher of installers, whose signatures are minisign's: Ed25519 over BLAKE2b, and over the comment too.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

export class Publisher {
  #id = randomBytes(8);
  #pair = generateKeyPairSync("ed25519");

  /** Its public key, as a build of the client is given it. */
  get key() {
    const raw = this.#pair.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    return Buffer.concat([Buffer.from("Ed"), this.#id, raw]).toString("base64");
  }

  /** The signature of an installer, which says of which version for which computer it is. */
  sign(installer, version, target) {
    const said = `careplan-exchange ${version} ${target}`;
    const ofBytes = sign(null, createHash("blake2b512").update(installer).digest(), this.#pair.privateKey);
    const ofAll = sign(null, Buffer.concat([ofBytes, Buffer.from(said)]), this.#pair.privateKey);
    const first = Buffer.concat([Buffer.from("ED"), this.#id, ofBytes]).toString("base64");
    return `untrusted comment: a test\n${first}\ntrusted comment: ${said}\n${ofAll.toString("base64")}\n`;
  }
}
