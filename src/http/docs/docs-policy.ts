/**
 * What the reference at `/docs` may do that no other page may: run the script that starts
 * it, which stands in the page, and make styles as it goes.
 *
 * The script is admitted by its hash, so that no other would run. It asks no other host.
 *
 * Source: Content Security Policy Level 3 §2.3.1 (hash sources).
 *
 * @module
 */

/** The policy for `html`, by the scripts that stand in it. */
export async function docsPolicy(html: string): Promise<string> {
  const scripts = html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g);
  const hashes = await Promise.all([...scripts].map(([, text = ""]) => hashOf(text)));
  return [
    "default-src 'none'",
    ["script-src 'self'", ...hashes].join(" "),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

async function hashOf(script: string): Promise<string> {
  const bytes = new TextEncoder().encode(script);
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(hash)))}'`;
}
