// Entry of an inference process. Signals first: Ctrl-C reaches the whole process group, and the server decides when its
// children stop. Everything else is imported after that.
const ignoreSignal = (): void => {};
process.on('SIGINT', ignoreSignal);
process.on('SIGTERM', ignoreSignal);
process.on('SIGHUP', ignoreSignal);

const { serveInference } = await import('./serve-inference.js');
serveInference(process);

export {};
