// An explainer process that says what it has run of a text, and dies over it.
process.on('message', ({ id }) => {
  process.send?.({ type: 'spent', id, tokens: 5 });
  process.send?.({ type: 'spent', id, tokens: 4 }, () => process.exit(9));
});
