import { isIP, isIPv6 } from 'node:net';
import { resolve } from 'node:path';

/** How the text of a setting is read. */
export interface SettingType<Value> {
  /** What a value must be, in words that follow "must be". */
  readonly expectation: string;
  /** Undefined for a text that is no such value. `cwd`: where relative paths start. */
  parse(text: string, cwd: string): Value | undefined;
}

export function integer(min: number, max: number): SettingType<number> {
  return {
    expectation: `an integer from ${min} to ${max}`,
    parse: (text) => {
      const number = /^\d{1,12}$/.test(text) ? Number(text) : NaN;
      return number >= min && number <= max ? number : undefined;
    },
  };
}

export function choice<const Choices extends readonly string[]>(choices: Choices): SettingType<Choices[number]> {
  return {
    expectation: `one of ${choices.join(', ')}`,
    parse: (text) => choices.find((candidate) => candidate === text),
  };
}

/** An absolute path. */
export function path(what: string): SettingType<string> {
  return { expectation: what, parse: (text, cwd) => (text === '' ? undefined : resolve(cwd, text)) };
}

export const BOOLEAN: SettingType<boolean> = {
  expectation: 'true or false',
  parse: (text) => ({ true: true, false: false })[text],
};

export const HOST: SettingType<string> = {
  expectation: 'an address or a host name',
  parse: (text) => (/^[\w.:%-]+$/.test(text) ? text : undefined),
};

function list<Item>(expectation: string, parseItem: (text: string) => Item | undefined): SettingType<readonly Item[]> {
  return {
    expectation: `${expectation}, with commas between`,
    parse: (text) => {
      const items = text.split(',').map((item) => parseItem(item.trim()));
      return items.some((item) => item === undefined) ? undefined : (items as Item[]);
    },
  };
}

/** Host names as in a `Host` header, lower case, without a port. */
export const HOSTS = list('host names or addresses without a port', (text) =>
  /^(?:[\w-]+(?:\.[\w-]+)*)$/.test(text) || isIPv6(text) ? text.toLowerCase() : undefined,
);

/** Origins as browsers send them: a wildcard is none. */
export const ORIGINS = list('exact origins such as https://app.example.com', (text) =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text ? text : undefined,
);

/** Addresses, and networks such as 10.0.0.0/8. Express takes no /0. */
export const NETWORKS = list('addresses or networks such as 10.0.0.0/8 (but not /0)', (text) => {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const isPrefix = prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= bits);
  return bits > 0 && isPrefix && rest.length === 0 ? text : undefined;
});

export const REDIS_URL: SettingType<string> = {
  expectation: 'an address such as redis://redis:6379 or rediss://user:password@redis:6379/0',
  parse: (text) => (/^rediss?:\/\//.test(text) && URL.canParse(text) ? text : undefined),
};
