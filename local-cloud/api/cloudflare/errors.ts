/** An answer of the Cloudflare API that is not 2xx: `{success: false, errors: [{code, message}], ...}`. */
export class CloudflareError extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** 400 with one of the API's own codes. */
export function refuse(code: number, message: string): never {
  throw new CloudflareError(400, code, message);
}

/** The envelope of every answer. */
export function envelope(result: unknown, more: object = {}) {
  return { result, success: true, errors: [], messages: [], ...more };
}
