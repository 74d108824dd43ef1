import type { IncomingMessage } from 'node:http';
import { KeyRing } from '../keys/key-ring.js';
import { StartError } from '../lifecycle/start-error.js';
import type { Log } from '../log.js';
import type { Principal, Scope } from '../routes/route.js';
import type { Settings } from '../settings.js';
import { ApiError } from './api-error.js';
import { hostNameOf, isForwarded, isLoopbackConnection, isLoopbackHost } from './client-address.js';

export type AccessSettings = Pick<Settings, 'host' | 'keysDir' | 'allowAnonymous' | 'allowedHosts' | 'corsOrigins'>;

/** Who may do what. */
export interface Access {
  /**
   * Who asks, when they may. Throws ApiError: KEY_REQUIRED and KEY_INVALID (401), SCOPE_MISSING and ANONYMOUS_REFUSED (403).
   * An open route never looks at a key, so that a probe's stale one does not make a healthy server look ill.
   */
  admit(request: IncomingMessage, scope: Scope | 'open'): Principal;
  close(): void;
}

/** Whoever has no key, or was not asked for one. */
export const ANONYMOUS: Principal = { id: 'anonymous', scopes: [] };

/**
 * Opens the key directory. Throws StartError: KEYS_UNUSABLE, or INVALID_SETTINGS when there is no key and others than this
 * machine could ask without one.
 */
export async function openAccess(settings: AccessSettings, log: Log): Promise<Access> {
  const keys = await KeyRing.open({ dir: settings.keysDir, log });
  if (!isLoopbackHost(settings.host) && !settings.allowAnonymous && !keys.everHeldKeys) {
    keys.close();
    throw new StartError(
      'INVALID_SETTINGS',
      `${settings.host} can be reached from elsewhere, and ${settings.keysDir} holds no key: create one with ` +
        '"npm run keys -- create --name NAME" (in a container: keys create --name NAME), or set ' +
        'MARQUEE_ALLOW_ANONYMOUS=true to serve anybody.',
    );
  }
  if (settings.allowAnonymous && keys.everHeldKeys) {
    log.warn({}, 'there is a key, so nobody is served without one: MARQUEE_ALLOW_ANONYMOUS has no effect');
  }
  return {
    admit(request, scope) {
      if (scope === 'open') return ANONYMOUS;
      return admitKey(keys, request, scope) ?? admitAnonymous(keys, settings, request, scope);
    },
    close: () => keys.close(),
  };
}

/** Undefined when no key was presented. */
function admitKey(keys: KeyRing, request: IncomingMessage, scope: Scope): Principal | undefined {
  const [token, ...others] = presentedKeys(request);
  if (token === undefined) return undefined;
  const key = others.length === 0 ? keys.find(token) : undefined;
  if (key === undefined) {
    throw new ApiError('KEY_INVALID', 'This key is not known, has expired or was revoked', {
      headers: { 'WWW-Authenticate': 'Bearer realm="marquee", error="invalid_token"' },
    });
  }
  if (key.scopes.includes(scope)) return { id: key.id, scopes: key.scopes };
  throw new ApiError('SCOPE_MISSING', `This key may ${key.scopes.join(', ')}, but not ${scope}`, {
    headers: { 'WWW-Authenticate': `Bearer realm="marquee", error="insufficient_scope", scope="${scope}"` },
  });
}

/** The different keys of a request. What stands in `Authorization` and is no bearer token is a key that nobody has. */
function presentedKeys({ headers }: IncomingMessage): string[] {
  const { authorization, 'x-api-key': apiKey } = headers;
  const keys = new Set<string>();
  if (authorization !== undefined) keys.add(/^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
  if (apiKey !== undefined) keys.add(String(apiKey));
  return [...keys];
}

function admitAnonymous(keys: KeyRing, settings: AccessSettings, request: IncomingMessage, scope: Scope): Principal {
  if (keys.everHeldKeys || scope === 'admin') {
    throw new ApiError(
      'KEY_REQUIRED',
      `A key with the scope ${scope} is required, in Authorization: Bearer or X-API-Key`,
      { headers: { 'WWW-Authenticate': 'Bearer realm="marquee"' } },
    );
  }
  const refusal = refusalOfAnonymous(settings, request);
  if (refusal === undefined) return ANONYMOUS;
  throw new ApiError('ANONYMOUS_REFUSED', `Without a key, ${refusal}`);
}

/**
 * Whoever can make a browser on this machine open a page can make it ask this server, under a name that leads here: that name
 * then stands in `Host` (DNS rebinding). It can also make it ask under this server's own name, and so work, though that page may
 * not read the answer. And a proxy on this machine makes everybody look as if they were here.
 */
function refusalOfAnonymous(settings: AccessSettings, request: IncomingMessage): string | undefined {
  const { allowAnonymous, allowedHosts = [], corsOrigins = [] } = settings;
  const { method = '', headers } = request;
  const { origin = '', 'sec-fetch-site': site } = headers;
  const host = hostNameOf(request);
  const isKnownHost = host !== undefined && (isLoopbackHost(host) || allowedHosts.includes(host));
  if (allowAnonymous && allowedHosts.length === 0) return undefined;
  if (!isKnownHost) return 'Host must be a loopback name or one that MARQUEE_ALLOWED_HOSTS lists';
  if (method === 'POST' && site === 'cross-site' && !corsOrigins.includes(origin)) {
    return 'a page of another site must be of an origin that MARQUEE_CORS_ORIGINS lists';
  }
  if (allowAnonymous) return undefined;
  if (!isLoopbackConnection(request)) return 'only this machine is served';
  if (isForwarded(request)) return 'a request that was forwarded is not served';
  return undefined;
}
