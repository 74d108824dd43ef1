// Entry of the explainer process. Signals first: Ctrl-C reaches the whole process group, and the server decides when its
// children stop. Everything else is imported after that.
const ignoreSignal = (): void => {};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ignoreSignal);

const { serveExplanations } = await import('./serve-explanations.js');
serveExplanations(process);

export {};
