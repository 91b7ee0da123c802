import { countCharacters } from "./sizes";

/** Characters of a password (care_model::limits::PASSWORD_CHARS_MIN and …_MAX). */
export const passwordCharacters = { min: 12, max: 64 } as const;

/** What stands against a new password, as far as the page can tell; the exchange judges the rest. */
export type PasswordFault = "short" | "long" | null;

/** Only its length is judged: rules about kinds of characters make passwords worse. */
export function passwordFault(password: string): PasswordFault {
  const count = countCharacters(password);
  if (count < passwordCharacters.min) return "short";
  return count > passwordCharacters.max ? "long" : null;
}
