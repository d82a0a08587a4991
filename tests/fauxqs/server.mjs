// SQS on loopback until standard input closes; prints its port.
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url);
const { startFauxqs } = await import('fauxqs');
const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
console.log(server.port);
process.stdin.on('end', () => process.exit(0)).resume();
