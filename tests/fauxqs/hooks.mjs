// Node 20 has no SQLite, which is only for what outlives the server: nothing here does.
export async function resolve(specifier, context, next) {
  return specifier === 'node:sqlite'
    ? { url: 'data:text/javascript,export class DatabaseSync {}', shortCircuit: true }
    : next(specifier, context);
}
