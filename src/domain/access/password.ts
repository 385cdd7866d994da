/**
 * What a password must be.
 *
 * Length is all that is asked for besides being another than the name: rules about kinds of
 * characters make passwords no harder to guess.
 *
 * Source: NIST SP 800-63B §3.1.1.2 (verifiers of passwords).
 *
 * @module
 */

export const LEAST_PASSWORD_CHARACTERS = 12;
/** In UTF-8: hashing takes as long as the text is. */
export const MOST_PASSWORD_BYTES = 1_024;

/** What is wrong with `password` for the user `username`; `undefined`: nothing. */
export function passwordFault(password: string, username: string): string | undefined {
  if (!isHashable(password)) {
    return `Must be well-formed text of at most ${MOST_PASSWORD_BYTES} bytes`;
  }
  if ([...password.normalize("NFC")].length < LEAST_PASSWORD_CHARACTERS) {
    return `Must have at least ${LEAST_PASSWORD_CHARACTERS} characters`;
  }
  return samePassword(password, username) ? "Must not be the username" : undefined;
}

function isHashable(password: string): boolean {
  return (
    password.isWellFormed() &&
    Buffer.byteLength(password.normalize("NFC")) <= MOST_PASSWORD_BYTES
  );
}

/** Both spellings of an accented letter are one. */
export function samePassword(a: string, b: string): boolean {
  return a.normalize("NFC") === b.normalize("NFC");
}
