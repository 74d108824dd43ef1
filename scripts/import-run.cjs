'use strict';

import('./run.mjs').then((run) => run.main(process.argv.slice(2)));
