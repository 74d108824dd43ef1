import { downloadFile } from '@huggingface/hub';

const ANSWER_TIMEOUT_MS = 30_000;

/**
 * `fetch` that gives up on a server that does not begin to answer, and sends the token to the hub alone: its files may lie on another host. A body that stalls
 * ends by undici's own time limit between two pieces.
 */
export function createHubFetch(endpoint: string, token: string | undefined): typeof fetch {
  const hub = originOf(endpoint);
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    const url = input instanceof Request ? input.url : input.toString();
    if (token !== undefined && originOf(url) === hub) headers.set('authorization', `Bearer ${token}`);
    const patience = new AbortController();
    const reason = new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`);
    const timer = setTimeout(() => patience.abort(reason), ANSWER_TIMEOUT_MS);
    try {
      // Across a redirection to another origin, fetch itself drops the header.
      return await fetch(input, { ...init, headers, signal: patience.signal });
    } finally {
      clearTimeout(timer);
    }
  };
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : '');

/** Opens a file of the hub at an offset, as often as asked. */
export function readRemote(
  file: Parameters<typeof downloadFile>[0],
  sizeBytes: number,
): (offset: number) => AsyncIterable<Uint8Array> {
  return async function* read(offset) {
    // The plain protocol: Xet's pieces could not be taken up again where they broke off.
    const blob = await downloadFile({ ...file, xet: false });
    if (blob) yield* blob.slice(offset, sizeBytes).stream();
  };
}
