// Entry of an inference process. Signals first: Ctrl-C reaches the whole process group, and the server decides when its
// children stop. Everything else is imported after that.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const { serveParent } = await import('../lifecycle/serve-parent.js');
const { createEngineChannel } = await import('./serve-engine.js');
serveParent(process, createEngineChannel());

export {};
