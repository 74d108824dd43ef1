const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/**
 * The header `traceparent` as W3C Trace Context has it (level 1, section 3.2), without what a later version may have added;
 * undefined when it is not valid, and the trace is then not followed.
 */
export function parseTraceparent(header: string | readonly string[] | undefined): string | undefined {
  const [, version, traceId, parentId, flags, rest] = TRACEPARENT.exec(String(header)) ?? [];
  if (version === undefined || traceId === undefined || parentId === undefined) return undefined;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return `${version}-${traceId}-${parentId}-${flags}`;
}
