// For one module of the suite, whatever it calls `fs` is fs.mjs.
export async function resolve(specifier, context, next) {
  const ours = new URL('./fs.mjs', import.meta.url).href;
  return specifier === 'fs' && context.parentURL !== ours ? { url: ours, shortCircuit: true } : next(specifier, context);
}
