// Where every npm script begins: `node scripts/run.cjs <command> [arguments]`.
// Old syntax only, and no import() in this file: a Node of any age must get as far as the sentence below.
'use strict';

var major = parseInt(process.versions.node, 10);
var minor = Number(process.versions.node.split('.')[1]);

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    'marquee: expected Node.js 20.19 or newer, got ' + process.version + ' (' + process.execPath + ')\n',
  );
  process.exit(1);
}

require('./import-run.cjs');
