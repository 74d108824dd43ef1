import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { Request } from 'express';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether an address is this machine's own; what is no address is not. IPv4 within IPv6 counts as IPv4. */
function isLoopbackAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** A name or an address, as in `Host` or in the setting HOST. Browsers take every name below `localhost` for this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host);
}

/** Whether the other end of the connection is on this machine: a program, or a proxy that speaks for others. */
export function isLoopbackConnection(request: IncomingMessage): boolean {
  return isLoopbackAddress(request.socket.remoteAddress ?? '');
}

/** The name in `Host`, lower case, without port, brackets and final dot; undefined without one. */
export function hostNameOf({ headers }: IncomingMessage): string | undefined {
  const [, bracketed, name] = /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::\d*)?$/i.exec(headers.host ?? '') ?? [];
  return (bracketed ?? name)?.toLowerCase().replace(/\.$/, '');
}

const FORWARDING_HEADER = /^(?:forwarded|via|x-forwarded-.+|x-real-ip|x-client-ip|true-client-ip|cf-connecting-ip)$/;

/** True when somebody passed the request on: who asked is then somewhere else. */
export function isForwarded({ headers }: IncomingMessage): boolean {
  return Object.keys(headers).some((name) => FORWARDING_HEADER.test(name));
}

/**
 * The client's address. Express reads it from `X-Forwarded-For` where that was added by proxies that the settings trust;
 * what is no address there is not taken for one.
 */
export function clientAddressOf(request: Request): string {
  const { ip = '' } = request;
  const address = isIP(ip) === 0 ? (request.socket.remoteAddress ?? '') : ip;
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** What limits count an address by: of IPv6 the /64, which is what one client commonly has to itself. */
export function addressBlockOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  if (address.includes('::')) {
    const last = tail === '' ? [] : tail.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
